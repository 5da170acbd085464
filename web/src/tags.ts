/** The tags, and the search over them. */

import { effect, signal } from '@preact/signals'
import { call, type Tag } from './api'
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
