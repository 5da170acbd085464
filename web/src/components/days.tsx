import { useSignal } from '@preact/signals'
import { day, firstDay, lastDay } from '../days'

/** The first day of a span, as days before today, by name. */
const SPANS = { 'Any day': undefined, Today: 0, 'Last 7 days': 6, 'Last 30 days': 29, 'Last 365 days': 364 }

const CHOSEN = 'Choose days'

/** Chooses the shown days: a usual span, or two dates. */
export function Days() {
  const span = useSignal(firstDay.value || lastDay.value ? CHOSEN : 'Any day')

  function choose(name: string) {
    span.value = name
    if (name === CHOSEN) return
    const ago = SPANS[name as keyof typeof SPANS]
    firstDay.value = ago === undefined ? '' : day(ago)
    lastDay.value = ''
  }

  return (
    <>
      <select aria-label="Days" value={span.value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {[...Object.keys(SPANS), CHOSEN].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      {span.value === CHOSEN && (
        <div class="days">
          <label>
            From <DateField value={firstDay} max={lastDay.value} />
          </label>
          <label>
            to <DateField value={lastDay} min={firstDay.value} />
          </label>
        </div>
      )}
    </>
  )
}

function DateField({ value, min, max }: { value: typeof firstDay; min?: string; max?: string }) {
  return (
    <input
      type="date"
      value={value.value}
      min={min || undefined}
      max={max || undefined}
      onChange={({ currentTarget }) => (value.value = currentTarget.value)}
    />
  )
}
