/** The one line that tells, also to a screen reader, what has just happened. */

import { signal } from '@preact/signals'

/** Milliseconds that it stays. */
const STAYS = 8000

export const status = signal({ text: '', seen: true })

let timer: ReturnType<typeof setTimeout>

/** Say `text`; with `seen: false` only to a screen reader, as the page shows it elsewhere. */
export function say(text: string, { seen } = { seen: true }): void {
  clearTimeout(timer)
  status.value = { text, seen }
  timer = setTimeout(() => (status.value = { text: '', seen }), STAYS)
}
