/** The bearer token: kept for this tab only (sessionStorage), so that a reload can go on, and never part of a URL. */

import { computed, effect, signal } from '@preact/signals'

const KEY = 'scapi.token'

/** The most characters of a name to show: a login provider's may have 255. */
const SHOWN = 30

export const token = signal(sessionStorage.getItem(KEY) ?? '')

effect(() => {
  if (token.value) sessionStorage.setItem(KEY, token.value)
  else sessionStorage.removeItem(KEY)
})

/** The user in the token, ours or a login provider's. It is only for display here; the server checks the token. */
export const userName = computed<string | undefined>(() => {
  const claims = token.value.split('.')[1]
  if (!claims) return undefined
  try {
    const bytes = Uint8Array.from(atob(claims.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
    const said = JSON.parse(new TextDecoder().decode(bytes))
    const name = [said.user_id, said.preferred_username, said.name, said.email, said.sub].find((one) => one != null)
    return name == null ? undefined : String(name).slice(0, SHOWN)
  } catch {
    return undefined // not a JWT: the server refuses it
  }
})
