import { useEffect, useRef } from 'preact/hooks'
import type { List } from '../list'

interface Props<T extends { id: number }> {
  list: List<T>
  /** The number of shown items. */
  shown: number
  empty: string
}

/** The next piece of a list is fetched when its end is this far below the window. */
const AHEAD = '1200px'

/** The end of a list: an error message, or an element that loads more as soon as it is near the window. */
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
