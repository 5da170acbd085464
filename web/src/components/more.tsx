import type { List } from '../list'

/** What stands below a list: its problem, or the button that shows more of it. */
export function More<T extends { id: number }>({ list, empty }: { list: List<T>; empty: string }) {
  const loading = list.loading.value
  if (list.problem.value) {
    return (
      <p class="problem" role="alert">
        {list.problem.value} <button onClick={() => void list.load()}>Try again</button>
      </p>
    )
  }
  if (list.items.value.length === 0) return <p class="empty">{loading ? 'Loading' : empty}</p>
  return list.hasMore.value ? (
    <button disabled={loading} onClick={() => void list.more()}>
      Show more
    </button>
  ) : null
}
