/** The days whose media are shown. */

import { computed, signal } from '@preact/signals'

/** The first and the last day, as date fields say them (2026-11-26); empty: since ever, until now. */
export const firstDay = signal('')
export const lastDay = signal('')

/** The moments at which those days begin and end, here where the person is. */
export const since = computed(() => midnight(firstDay.value))
export const until = computed(() => midnight(lastDay.value, 1))

/** Return the day that was `ago` days before today. */
export function day(ago: number): string {
  const date = new Date()
  date.setDate(date.getDate() - ago)
  return date.toLocaleDateString('sv') // Sweden writes dates as date fields do
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
