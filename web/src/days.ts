/** The days whose media are shown. */

import { computed, signal } from '@preact/signals'

/** The first and the last day, in the format of date fields (2026-11-26); empty: no limit. */
export const firstDay = signal('')
export const lastDay = signal('')

/** The moments at which these days begin and end, in the user's time zone. */
export const since = computed(() => midnight(firstDay.value))
export const until = computed(() => midnight(lastDay.value, 1))

/** Return the day that was `ago` days before today. */
export function day(ago: number): string {
  const date = new Date()
  date.setDate(date.getDate() - ago)
  return date.toLocaleDateString('sv') // Sweden's date format is that of date fields
}

export function isWithin(moment: string): boolean {
  const added = new Date(moment)
  return (!since.value || added >= since.value) && (!until.value || added < until.value)
}

function midnight(of: string, later = 0): Date | undefined {
  const date = new Date(`${of}T00:00`)
  if (Number.isNaN(date.getTime())) return undefined
  date.setDate(date.getDate() + later)
  return date
}
