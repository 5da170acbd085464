import { useRef, useState } from 'preact/hooks'
import type { ComponentType } from 'preact'

/** Panels of which one is shown; the arrow keys go from tab to tab. */
export function Tabs({ panels }: { panels: Record<string, ComponentType> }) {
  const names = Object.keys(panels)
  const [open, setOpen] = useState(names[0] as string)
  const list = useRef<HTMLDivElement>(null)
  const Panel = panels[open] as ComponentType

  function press(event: KeyboardEvent) {
    const at = names.indexOf(open)
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key]
    if (next === undefined) return
    event.preventDefault()
    const name = names.at(next % names.length) as string
    setOpen(name)
    list.current?.querySelector<HTMLElement>(`#tab-${name}`)?.focus()
  }

  return (
    <section class="panels">
      <div class="tabs" role="tablist" aria-label="What is shown" ref={list} onKeyDown={press}>
        {names.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            role="tab"
            aria-selected={name === open}
            aria-controls={name === open ? 'panel' : undefined}
            tabIndex={name === open ? 0 : -1}
            onClick={() => setOpen(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div id="panel" role="tabpanel" aria-labelledby={`tab-${open}`}>
        <Panel />
      </div>
    </section>
  )
}
