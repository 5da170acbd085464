/** Requests to the API, and its errors as sentences for people. */

import { fetcher } from '@uppy/core/utils'

export interface ApiRequest {
  body?: Record<string, unknown> | FormData
  headers?: Record<string, string>
  signal?: AbortSignal
  onUploadProgress?: (event: ProgressEvent) => void
}

interface ErrorBody {
  message: string
  errors: ({ code: string } | { field: string; messages: { code: string }[] })[]
  offset?: string
}

/** A request without progress is given up after this many milliseconds. */
const STALLED = 60_000

/** Messages for people that replace the server's, by code. */
const WORDS: Record<string, string> = {
  anonymous: 'This needs a token.',
  empty_chunk: 'This file is empty.',
  media_deleted: 'The file was uploaded before and has been deleted since. Try again to upload it again.',
  md5_mismatch: 'The file has changed while it was being uploaded. Choose it again.',
  not_creator: 'It belongs to another user.',
  superseded: 'Another tab or device goes on with this upload.',
}

/** The server's refusal, or no answer (`status` 0). `message` is a sentence for a person. */
export class ApiError extends Error {
  readonly status: number
  readonly code?: string
  /** In a 409: the offset at which the next piece must begin. */
  readonly offset?: number
  /** Seconds that the server asks to wait before trying again. */
  readonly retryAfter: number = 0

  constructor(xhr?: XMLHttpRequest) {
    const body = xhr && errorBody(xhr)
    const first = body?.errors?.[0]
    const code = first && ('field' in first ? first.messages[0]?.code : first.code)
    const said = (code && WORDS[code]) || sentence(body?.message)
    super(said || (xhr?.status ? `The server answered ${xhr.status}.` : 'The server cannot be reached.'))
    this.status = xhr?.status ?? 0
    this.code = code
    if (body?.offset !== undefined) this.offset = Number(body.offset)
    if (xhr?.status) this.retryAfter = Number(xhr.getResponseHeader('Retry-After')) || 0
  }

  /** Whether the server refuses the file itself. */
  get refused(): boolean {
    return [400, 413, 415].includes(this.status)
  }

  /** Whether the same request may succeed a little later. */
  get transient(): boolean {
    return [0, 408, 429, 500, 502, 503, 504].includes(this.status)
  }
}

/** The API below `endpoint`, such as https://media.example.org/api/v2/, with the user's token. */
export class Api {
  readonly #endpoint: string
  readonly #token: () => string | undefined | Promise<string | undefined>

  constructor(endpoint: string, token: () => string | undefined | Promise<string | undefined> = () => undefined) {
    this.#endpoint = endpoint.replace(/\/?$/, '/')
    this.#token = token
  }

  /** Send a request to `path` and return the answer's JSON. Throws ApiError, or what `signal` was aborted with. */
  async call<T>(method: string, path: string, request: ApiRequest = {}): Promise<T> {
    const { body, headers, signal, onUploadProgress } = request
    const stalled = new AbortController()
    const token = await this.#token()
    signal?.throwIfAborted()
    try {
      const { status, responseText } = await fetcher(this.#endpoint + path, {
        method,
        body: body instanceof FormData || body === undefined ? body : JSON.stringify(body),
        headers: {
          ...(body && !(body instanceof FormData) && { 'Content-Type': 'application/json' }),
          ...(token && { Authorization: `Bearer ${token}` }),
          ...headers,
        },
        retries: 0,
        timeout: STALLED,
        onTimeout: () => stalled.abort(),
        onUploadProgress,
        signal: AbortSignal.any([stalled.signal, ...(signal ? [signal] : [])]),
      })
      return status === 204 ? (undefined as T) : JSON.parse(responseText)
    } catch (error) {
      signal?.throwIfAborted()
      if (stalled.signal.aborted) throw new ApiError()
      if (error instanceof Error && 'request' in error) throw new ApiError(error.request as XMLHttpRequest)
      throw error
    }
  }
}

function errorBody(xhr: XMLHttpRequest): ErrorBody | undefined {
  try {
    return JSON.parse(xhr.responseText)
  } catch {
    return undefined // a proxy's page, or no answer
  }
}

/** Return the server's message as a sentence, with sizes in units for people. */
function sentence(text = ''): string {
  const tellsBytes = / bytes\b/.test(text) // in other messages the numbers are ports or pixels
  const readable = tellsBytes ? text.replaceAll(/\b\d{4,}\b( bytes)?/g, (number) => size(Number.parseInt(number))) : text
  return readable && `${readable[0]?.toUpperCase()}${readable.slice(1)}${/[.!?]$/.test(readable) ? '' : '.'}`
}

/** Format a number of bytes for people: 5 MB are 5 * 1024 * 1024, as in the server's settings. */
export function size(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log(bytes) / Math.log(1024)), units.length - 1)
  const amount = bytes / 1024 ** power
  return `${amount >= 10 || power === 0 ? Math.round(amount) : Number(amount.toFixed(1))} ${units[power]}`
}
