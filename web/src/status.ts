/** The one line that tells, also to a screen reader, what has just happened. */

import { signal } from '@preact/signals'

/** Milliseconds that it stays. */
const STAYS = 8000

export const status = signal('')

let timer: ReturnType<typeof setTimeout>

export function say(text: string): void {
  clearTimeout(timer)
  status.value = text
  timer = setTimeout(() => (status.value = ''), STAYS)
}
