/** The one line that tells, also to a screen reader, what has just happened. */

import { signal } from '@preact/signals'

export const status = signal('')

export function say(text: string): void {
  status.value = text
}
