/** Whether the browser has a network, as far as it knows. */

import { signal } from '@preact/signals'

/** What is said of uploads meanwhile, as scapi-uploader says it. */
export const OFFLINE = 'Waiting for the network'

export const online = signal(navigator.onLine)

for (const event of ['online', 'offline']) addEventListener(event, () => (online.value = navigator.onLine))
