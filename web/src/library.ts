/** The media: with a token all media of its user, from the server; without a token those made in this browser. */

import { computed, effect, signal } from '@preact/signals'
import { ApiError, call, type Media } from './api'
import { isWithin, since, until } from './days'
import { List, page, type Piece } from './list'
import { deleteTokenOf, drop, keep, madeHere } from './made'
import { token } from './token'

const LIMIT = 100

/** The number of media to request in parallel, if each needs its own request. */
const SINGLY = 24

export type Kind = '' | 'image' | 'document' | 'link'

export const search = signal('')
export const kind = signal<Kind>('')
/** Only media with this tag; works only with a token, because the server filters. */
export const tag = signal<number | undefined>(undefined)

export const library = new List<Media>((from, signal) => (token.value ? listed(from, signal) : remembered(Number(from ?? 0), signal)))

/** The media that match the search and the filter. */
export const shown = computed(() => library.items.value.filter((media) => isOfKind(media) && isWithin(media.added_at) && matches(media)))

effect(() => {
  if (token.value) [search.value, tag.value, since.value, until.value] // with a token the server searches; otherwise this page does
  void library.load()
})

/** Show a new media, and remember it if the server will not list it. */
export function add(media: Media, md5?: string): void {
  if (!token.value) keep(media, md5)
  library.put(media)
}

/** Whether all media are shown, of every day, without search words and tag. */
export const isUnfiltered = computed(() => !search.value && !tag.value && !since.value && !until.value)

/** The number of media, including those that are not loaded. */
export const count = computed(() =>
  kind.value || !(token.value || isUnfiltered.value) ? shown.value.length : library.count.value,
)

/** Whether the user may delete a media, or can only remove it from this browser's list. */
export function isDeletable({ id }: Media): boolean {
  return Boolean(token.value || deleteTokenOf(id))
}

/** Delete a media and its files. */
export async function destroy({ id }: Media): Promise<void> {
  const deleteToken = deleteTokenOf(id)
  const headers = deleteToken && !token.value ? { 'Scapi-Delete-Token': deleteToken } : undefined
  try {
    await call('DELETE', `media/${id}/`, { headers })
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error // it was deleted already
  }
  forget({ id })
}

/** Remove a media from this browser's list. Its files stay on the server. */
export function forget({ id }: { id: number }): void {
  drop(id)
  library.drop(id)
}

function isOfKind({ type }: Media): boolean {
  const isDocument = type === 'document' || type === 'doc'
  const isLink = type === 'url' || type === 'vimeo' || type === 'embed'
  return !kind.value || kind.value === (isDocument ? 'document' : isLink ? 'link' : 'image')
}

function matches({ title, url, description }: Media): boolean {
  if (!search.value || token.value) return true
  const text = fold([title, description, url].filter(Boolean).join(' '))
  return fold(search.value)
    .split(/\s+/)
    .every((word) => text.includes(word))
}

/** Return the text without case and accents. */
function fold(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

function listed(from: string | undefined, signal: AbortSignal): Promise<Piece<Media>> {
  const chosen = {
    ...(search.value && { search: search.value }),
    ...(tag.value && { tag: String(tag.value) }),
    ...(since.value && { since: since.value.toISOString() }),
    ...(until.value && { until: until.value.toISOString() }),
  }
  return page('media/', { user: 'me', limit: String(LIMIT), ...chosen }, from, signal)
}

async function remembered(start: number, signal: AbortSignal): Promise<Piece<Media>> {
  const known = madeHere()
  const end = start + SINGLY
  const found = await Promise.all(known.slice(start, end).map(({ id }) => fetched(id, signal)))
  const next = end < known.length ? String(end) : undefined
  return { results: found.filter((media) => media !== undefined), next, count: known.length }
}

async function fetched(id: number, signal: AbortSignal): Promise<Media | undefined> {
  try {
    return await call<Media>('GET', `media/${id}/`, { signal })
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
    return undefined
  }
}
