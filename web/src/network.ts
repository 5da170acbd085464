/** Whether the browser has a network, as far as it knows. */

import { signal } from '@preact/signals'

/** The message about uploads without a network, the same as in scapi-uploader. */
export const OFFLINE = 'Waiting for the network'

export const online = signal(navigator.onLine)

for (const event of ['online', 'offline']) addEventListener(event, () => (online.value = navigator.onLine))
