/** The bearer token: kept for this tab only (sessionStorage), so that a reload can go on, and never part of a URL. */

import { computed, effect, signal } from '@preact/signals'

const KEY = 'scapi.token'

export const token = signal(sessionStorage.getItem(KEY) ?? '')

effect(() => {
  if (token.value) sessionStorage.setItem(KEY, token.value)
  else sessionStorage.removeItem(KEY)
})

/** Whom the token names. It is only read here to be shown; the server is who checks it. */
export const userId = computed<number | undefined>(() => {
  const claims = token.value.split('.')[1]
  if (!claims) return undefined
  try {
    return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))).user_id
  } catch {
    return undefined // no JWT: the server says so
  }
})
