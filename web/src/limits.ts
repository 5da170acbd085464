/** The accepted types and limits of the server, so that the page can show them before an upload. */

import { computed, signal } from '@preact/signals'
import { listed, nameOf } from './kinds'
import { bytes } from './words'

export interface Limits {
  /** The most bytes of a file, by MIME type. */
  types: Record<string, number>
  max_pixels: number
}

export const limits = signal<Limits>()

/** Resolves when the limits are known, or cannot be loaded: then the server checks alone. */
export const limitsKnown = fetch(new URL('limits.json', document.baseURI)).then(
  async (answer) => {
    if (answer.ok) limits.value = await answer.json()
  },
  () => {}, // no network: the files wait for it, too
)

/** The `accept` of the file inputs. */
export const accept = computed(() => Object.keys(limits.value?.types ?? {}).join(','))

/** One line: JPEG, PNG, GIF and WebP up to 5 MB · PDF up to 50 MB. */
export const summary = computed(() => {
  const bySize = Map.groupBy(Object.entries(limits.value?.types ?? {}), ([, size]) => size)
  return [...bySize].map(([size, types]) => `${listed(types.map(([type]) => nameOf(type)))} up to ${bytes(size)}`).join(' · ')
})
