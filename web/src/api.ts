/** The API of the service that this page came from. */

import { Api, ApiError, type ApiRequest } from 'scapi-uploader'
import { token } from './token'

export { ApiError, type Media } from 'scapi-uploader'

export const ENDPOINT = new URL('api/v2/', document.baseURI).href

const api = new Api(ENDPOINT, () => token.value)

export interface Tag {
  id: number
  name: string
  description: string | null
  color: string
  type: string
}

export interface Page<T> {
  count: number
  next: string | null
  results: T[]
}

/** Send a request to `path` below /api/v2/ and return the answer's JSON. Throws ApiError, or what `signal` was aborted with. */
export function call<T>(method: string, path: string, request?: ApiRequest): Promise<T> {
  return api.call<T>(method, path, request)
}

/** Check a token before it is used. Throws an Error that says what is wrong with it. */
export async function checkToken(candidate: string): Promise<void> {
  try {
    await new Api(ENDPOINT, () => candidate).call('GET', 'media/?limit=1')
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error
    const expired = /expired/i.test(error.message)
    throw new Error(expired ? 'This token has expired. Ask for a new one.' : 'The server does not accept this token. Check that all of it was copied.')
  }
}
