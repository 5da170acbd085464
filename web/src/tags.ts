/** The tags, and the search over them. */

import { effect, signal } from '@preact/signals'
import { call, type Page, type Tag } from './api'
import { List, page } from './list'

const LIMIT = 30

export const search = signal('')

export const tags = new List<Tag>((from, aborted) =>
  page('tag/', { limit: String(LIMIT), search: search.value }, from, aborted),
)

effect(() => {
  search.value
  void tags.load()
})

/** Create a tag, or change the one with `id`. */
export async function save(fields: FormData, id?: number): Promise<void> {
  const body = Object.fromEntries(fields)
  tags.put(id === undefined ? await call<Tag>('POST', 'tag/', { body }) : await call<Tag>('PATCH', `tag/${id}/`, { body }))
}

export async function destroy(id: number): Promise<void> {
  await call('DELETE', `tag/${id}/`)
  tags.drop(id)
}

/** Return the tags of a media. */
export async function tagsOf(media: number, signal: AbortSignal): Promise<Tag[]> {
  return (await call<Page<Tag>>('GET', `tag/?limit=100&ordering=name&media=${media}`, { signal })).results
}

/** Return a few tags that match `words`. */
export async function tagsWith(words: string): Promise<Tag[]> {
  const query = new URLSearchParams({ limit: '20', ordering: 'name', active: 'true', search: words })
  return (await call<Page<Tag>>('GET', `tag/?${query}`)).results
}

export async function create(name: string): Promise<Tag> {
  const tag = await call<Tag>('POST', 'tag/', { body: { name, type: 'contribution' } })
  tags.put(tag)
  return tag
}

export async function assign(tag: number, media: number): Promise<void> {
  await call('POST', `tag/${tag}/assign/`, { body: { media } })
}

export async function unassign(tag: number, media: number): Promise<void> {
  await call('POST', `tag/${tag}/unassign/`, { body: { media } })
}
