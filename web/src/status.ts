/** The status line: tells the user, also by screen reader, about the latest event. */

import { signal } from '@preact/signals'

/** Milliseconds that a message stays. */
const STAYS = 8000

export const status = signal({ text: '', seen: true })

let timer: ReturnType<typeof setTimeout>

/** Show `text`; with `seen: false` only to screen readers, because the page shows it elsewhere. */
export function say(text: string, { seen } = { seen: true }): void {
  clearTimeout(timer)
  status.value = { text, seen }
  timer = setTimeout(() => (status.value = { text: '', seen }), STAYS)
}
