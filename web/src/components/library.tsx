import { useSignal } from '@preact/signals'
import type { Media } from '../api'
import { count, isUnfiltered, type Kind, kind, library, search, shown, tag } from '../library'
import { tags } from '../tags'
import { token } from '../token'
import { dayOf, titleOf } from '../words'
import { Days } from './days'
import { focusOn } from './dialog'
import { Leaving } from './leaving'
import { More } from './more'
import { Picture } from './picture'
import { SearchField } from './search-field'
import { Viewer } from './viewer'

const KINDS: Record<Kind, string> = { '': 'Everything', image: 'Pictures', document: 'Documents', link: 'Links' }

/** The large view fetches the next media when this many loaded ones are left. */
const AHEAD = 10

/** The media, the newest first, day by day. */
export function Library() {
  const seen = useSignal<number | undefined>(undefined)
  const selected = useSignal<ReadonlySet<number>>(new Set())
  const leaving = useSignal<Media[]>([])
  const selecting = useSignal(false)
  const isEmpty = library.items.value.length === 0 && isUnfiltered.value
  const chosen = shown.value.filter(({ id }) => selected.value.has(id))

  function see(id: number) {
    seen.value = id
    const left = shown.value.length - shown.value.findIndex((item) => item.id === id)
    if (left < AHEAD && library.hasMore.value && !library.loading.value) void library.more()
  }

  function clear() {
    selected.value = new Set()
    selecting.value = false
    focusOn('library')
  }

  function select(id: number, isSelected: boolean) {
    const next = new Set(selected.value)
    if (isSelected) next.add(id)
    else next.delete(id)
    selected.value = next
  }

  return (
    <>
      <h2 id="library" class="unseen" tabIndex={-1}>
        Library
      </h2>
      <div class="field toolbar" hidden={isEmpty}>
        <SearchField label="Search media" onSearch={(words) => (search.value = words)} />
        <select aria-label="Kind of media" value={kind.value} onChange={({ currentTarget }) => (kind.value = currentTarget.value as Kind)}>
          {Object.entries(KINDS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <Days />
        {token.value && tags.items.value.length > 0 && (
          <select
            aria-label="Tag"
            value={tag.value ?? ''}
            onChange={({ currentTarget }) => (tag.value = Number(currentTarget.value) || undefined)}
          >
            <option value="">Any tag</option>
            {tags.items.value.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
        <button aria-pressed={selecting.value} onClick={() => (selecting.value = !selecting.value)}>
          Select
        </button>
      </div>
      {byDay(shown.value).map(([day, media]) => (
        <section key={day} class="day" aria-label={day}>
          <h3>{day}</h3>
          <ul class={selecting.value ? 'grid selecting' : 'grid'} aria-label={`Media of ${day}`}>
            {media.map((item) => (
              <Tile
                key={item.id}
                media={item}
                isSelected={selected.value.has(item.id)}
                onOpen={() => (selecting.value ? select(item.id, !selected.value.has(item.id)) : see(item.id))}
                onSelect={(isSelected) => select(item.id, isSelected)}
              />
            ))}
          </ul>
        </section>
      ))}
      <More list={library} shown={shown.value.length} empty={emptyWords()} />
      {chosen.length > 0 && (
        <div class="selection" role="group" aria-label="Selection">
          <p>{chosen.length} selected</p>
          <button onClick={clear}>Clear</button>
          <button class="danger" onClick={() => (leaving.value = chosen)}>
            Delete
          </button>
        </div>
      )}
      {seen.value !== undefined && (
        <Viewer
          media={shown.value}
          count={count.value}
          id={seen.value}
          onMove={see}
          onLeave={(media) => (leaving.value = [media])}
          onClose={() => (seen.value = undefined)}
        />
      )}
      {leaving.value.length > 0 && <Leaving media={leaving.value} onClose={() => (leaving.value = [])} />}
    </>
  )
}

interface TileProps {
  media: Media
  isSelected: boolean
  onOpen: () => void
  onSelect: (isSelected: boolean) => void
}

function Tile({ media, isSelected, onOpen, onSelect }: TileProps) {
  const name = titleOf(media)
  return (
    <li class={isSelected ? 'selected' : undefined}>
      <button class="tile" onClick={onOpen} title={name}>
        <Picture media={media} />
        <span class="caption">{name}</span>
      </button>
      <input
        type="checkbox"
        aria-label={`Select ${name}`}
        checked={isSelected}
        onChange={({ currentTarget }) => onSelect(currentTarget.checked)}
      />
    </li>
  )
}

function byDay(media: Media[]): [string, Media[]][] {
  const days = new Map<string, Media[]>()
  for (const item of media) {
    const day = dayOf(item.added_at)
    days.set(day, [...(days.get(day) ?? []), item])
  }
  return [...days]
}

function emptyWords(): string {
  if (kind.value || !isUnfiltered.value) return 'Nothing matches.'
  return token.value ? 'Nothing here yet.' : 'Nothing here yet. Without a token, this lists what this browser uploads.'
}
