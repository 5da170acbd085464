import { useRef } from 'preact/hooks'

/** Milliseconds after the last key until the search begins. */
const TYPED = 250

/** A field that searches while the user types. */
export function SearchField({ label, onSearch }: { label: string; onSearch: (words: string) => void }) {
  const timer = useRef(0)

  function type({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => onSearch(value.trim()), TYPED)
  }

  return <input type="search" aria-label={label} placeholder={label} onInput={type} />
}
