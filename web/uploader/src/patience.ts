/** Decides when to try again and when to give up. */

import { delay } from '@uppy/core/utils'
import { ApiError } from './api.js'

/** Tries in a row without a byte of progress after which an upload fails. */
const MAX_FAILURES = 8

/** Seconds before the second try; the pause doubles after each try. */
const FIRST_PAUSE = 1
const LONGEST_PAUSE = 30

export const OFFLINE = 'Waiting for the network'

export interface Waiting {
  /** Ends the pause. */
  signal?: AbortSignal
  onNotice: (text?: string) => void
}

/** Return when a request that failed with `error` may be repeated. Throws `error` if it cannot succeed. */
export async function untilNextTry(error: unknown, failures: number, { signal, onNotice }: Waiting): Promise<void> {
  if (!(error instanceof ApiError && error.transient)) throw error
  try {
    if (!navigator.onLine) {
      onNotice(OFFLINE)
      await networkIsBack(signal)
      return
    }
    if (failures > MAX_FAILURES) throw error
    const pause = Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE) * (1 + Math.random())
    const seconds = Math.ceil(Math.max(pause, error.retryAfter))
    onNotice(`${error.message} Next try in ${seconds} s.`)
    await delay(seconds * 1000, signal && { signal })
  } finally {
    onNotice()
  }
}

function networkIsBack(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    addEventListener('online', () => resolve(), { once: true, ...(signal && { signal }) })
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
