import { useEffect, useRef } from 'preact/hooks'
import type { List } from '../list'

interface Props<T extends { id: number }> {
  list: List<T>
  /** How many of its items are shown. */
  shown: number
  empty: string
}

/** How far below the window the next piece of a list is fetched. */
const AHEAD = '1200px'

/** What stands below a list: its problem, or what loads more of it as soon as it comes near the window. */
export function More<T extends { id: number }>({ list, shown, empty }: Props<T>) {
  const end = useRef<HTMLDivElement>(null)
  const loading = list.loading.value
  const problem = list.problem.value
  const hasMore = list.hasMore.value && !loading && !problem
  useEffect(() => {
    if (!hasMore || !end.current) return
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && void list.more(), { rootMargin: AHEAD })
    watch.observe(end.current)
    return () => watch.disconnect()
  }, [hasMore, list, shown])
  if (problem) {
    return (
      <p class="problem" role="alert">
        {problem} <button onClick={() => void list.load()}>Try again</button>
      </p>
    )
  }
  const isEmpty = shown === 0 && !hasMore
  return (
    <div ref={end} class={isEmpty || loading ? 'empty' : undefined}>
      {loading ? 'Loading' : isEmpty && empty}
    </div>
  )
}
