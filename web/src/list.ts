/** A list that is loaded page by page, and changed here when the user changes it on the server. */

import { computed, signal } from '@preact/signals'
import { call, type Page } from './api'

export interface Piece<T> {
  results: T[]
  /** Where the next piece begins; the format depends on the source. */
  next?: string
  /** The total number of items. */
  count: number
}

export type Source<T> = (from: string | undefined, signal: AbortSignal) => Promise<Piece<T>>

export class List<T extends { id: number }> {
  readonly items = signal<T[]>([])
  readonly loading = signal(false)
  readonly problem = signal('')
  readonly hasMore = computed(() => this.#next.value !== undefined)
  readonly #next = signal<string>()
  readonly #count = signal(0)
  /** The number of items, including those that are not loaded. */
  readonly count = computed(() => (this.hasMore.value ? Math.max(this.#count.value, this.items.value.length) : this.items.value.length))
  #current = new AbortController()

  constructor(private readonly source: Source<T>) {}

  /** Load the list from its beginning. */
  async load(): Promise<void> {
    await this.#fetch(undefined)
  }

  /** Load the next piece. */
  async more(): Promise<void> {
    await this.#fetch(this.#next.value)
  }

  /** Put an item first, or replace the one with its id. */
  put(item: T): void {
    const known = this.items.value.some(({ id }) => id === item.id)
    this.items.value = known ? this.items.value.map((other) => (other.id === item.id ? item : other)) : [item, ...this.items.value]
  }

  drop(id: number): void {
    this.items.value = this.items.value.filter((item) => item.id !== id)
  }

  async #fetch(from: string | undefined): Promise<void> {
    this.#current.abort()
    this.#current = new AbortController()
    const { signal } = this.#current
    this.loading.value = true
    this.problem.value = ''
    try {
      const { results, next, count } = await this.source(from, signal)
      signal.throwIfAborted()
      const shown = from === undefined ? [] : this.items.value
      const fresh = results.filter(({ id }) => !shown.some((item) => item.id === id))
      this.items.value = [...shown, ...fresh]
      this.#next.value = next
      this.#count.value = count
    } catch (error) {
      if (signal.aborted) return
      if (from === undefined) this.items.value = []
      this.problem.value = (error as Error).message
    }
    this.loading.value = false
  }
}

/** Fetch a page of one of the API's lists: the first with the query `first`, the others with the query in `next`. */
export async function page<T>(
  path: string,
  first: Record<string, string>,
  from: string | undefined,
  signal: AbortSignal,
): Promise<Piece<T>> {
  const { results, next, count } = await call<Page<T>>('GET', `${path}?${from ?? new URLSearchParams(first)}`, { signal })
  return { results, count, next: next ? new URL(next).search.slice(1) : undefined }
}
