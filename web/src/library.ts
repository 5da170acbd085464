/** The media: with a token all of its user's, as the server lists them; without one those made in this browser. */

import { effect } from '@preact/signals'
import { ApiError, call, type Media } from './api'
import { List, page, type Piece } from './list'
import { token } from './token'

const KEY = 'scapi.media'
const LIMIT = 24

export const library = new List<Media>((from, signal) =>
  token.value ? page('media/', { user: 'me', limit: String(LIMIT) }, from, signal) : remembered(Number(from ?? 0), signal),
)

effect(() => {
  token.value // another token, another library
  void library.load()
})

/** Show a media that was just made, and remember it where the server will not list it. */
export function add(media: Media): void {
  if (!token.value) saveIds([media.id, ...ids().filter((id) => id !== media.id)])
  library.put(media)
}

/** Delete a media and its files. */
export async function destroy({ id }: Media): Promise<void> {
  await call('DELETE', `media/${id}/`)
  library.drop(id)
}

/** Take a media off this browser's list. Its files stay where they are. */
export function forget({ id }: Media): void {
  saveIds(ids().filter((other) => other !== id))
  library.drop(id)
}

function ids(): number[] {
  return JSON.parse(localStorage.getItem(KEY) ?? '[]')
}

function saveIds(kept: number[]): void {
  localStorage.setItem(KEY, JSON.stringify(kept))
}

async function remembered(start: number, signal: AbortSignal): Promise<Piece<Media>> {
  const known = ids()
  const end = start + LIMIT
  const found = await Promise.all(known.slice(start, end).map((id) => fetched(id, signal)))
  return { results: found.filter((media) => media !== undefined), next: end < known.length ? String(end) : undefined }
}

async function fetched(id: number, signal: AbortSignal): Promise<Media | undefined> {
  try {
    return await call<Media>('GET', `media/${id}/`, { signal })
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
    return undefined
  }
}
