/** Requests to the API, and what their errors mean to the person at the page. */

import { fetcher } from '@uppy/core/utils'
import { token } from './token'
import { bytes } from './words'

export interface Media {
  id: number
  type: string
  title: string | null
  description: string | null
  url: string | null
  image: string | null
  image_width: number | null
  image_height: number | null
  image_thumbnail: { url: string; color: string | null } | null
  size: number | null
  mimetype: string | null
  pages: number | null
}

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

interface ErrorBody {
  message: string
  errors: ({ code: string } | { field: string; messages: { code: string }[] })[]
  offset?: string
}

interface Request {
  body?: Record<string, unknown> | FormData
  headers?: Record<string, string>
  signal?: AbortSignal
  onUploadProgress?: (event: ProgressEvent) => void
}

/** Milliseconds without any progress after which a request is given up. */
const STALLED = 60_000

const NO_ANSWER = 'The server cannot be reached.'

/** What this page says better than the server, which speaks to programs. */
const WORDS: Record<string, string> = {
  anonymous: 'This needs a token: set one at the top of the page.',
  empty_chunk: 'This file is empty.',
  media_deleted: 'The file was uploaded before and has been deleted since. Try again to upload it anew.',
  md5_mismatch: 'The file has changed while it was being uploaded. Choose it again.',
  not_creator: 'It belongs to someone else.',
}

export class ApiError extends Error {
  readonly status: number
  readonly code?: string
  readonly offset?: number
  /** Seconds that the server asks to wait before trying again. */
  readonly retryAfter: number = 0

  constructor(xhr?: XMLHttpRequest) {
    const body = xhr && errorBody(xhr)
    const first = body?.errors[0]
    const code = first && ('field' in first ? first.messages[0]?.code : first.code)
    super((code && WORDS[code]) || sentence(body?.message) || (xhr?.status ? `The server answered ${xhr.status}.` : NO_ANSWER))
    this.status = xhr?.status ?? 0
    this.code = code
    if (body?.offset !== undefined) this.offset = Number(body.offset)
    if (xhr?.status) this.retryAfter = Number(xhr.getResponseHeader('Retry-After')) || 0
  }

  /** Whether the file itself is what the server does not take. */
  get refused(): boolean {
    return [400, 413, 415].includes(this.status)
  }

  /** Whether the same request may succeed a little later. */
  get transient(): boolean {
    return [0, 408, 429, 500, 502, 503, 504].includes(this.status)
  }
}

/** Send a request to `path` below /api/v2/ and return the answer's JSON. Throws ApiError, or what `signal` was aborted with. */
export async function call<T>(method: string, path: string, request: Request = {}): Promise<T> {
  const { body, headers, signal, onUploadProgress } = request
  const stalled = new AbortController()
  try {
    const { status, responseText } = await fetcher(new URL(`api/v2/${path}`, document.baseURI).href, {
      method,
      body: body instanceof FormData || body === undefined ? body : JSON.stringify(body),
      headers: {
        ...(body && !(body instanceof FormData) && { 'Content-Type': 'application/json' }),
        ...(token.value && { Authorization: `Bearer ${token.value}` }),
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

function errorBody(xhr: XMLHttpRequest): ErrorBody | undefined {
  try {
    return JSON.parse(xhr.responseText)
  } catch {
    return undefined // a proxy's page, or no answer at all
  }
}

/** Return what the server says, which speaks to programs, as a sentence for people. */
function sentence(text = ''): string {
  const tellsBytes = / bytes\b/.test(text) // of other messages the numbers are ports, or pixels
  const readable = tellsBytes ? text.replaceAll(/\b\d{4,}\b( bytes)?/g, (number) => bytes(Number.parseInt(number))) : text
  return readable && `${readable[0]?.toUpperCase()}${readable.slice(1)}${/[.!?]$/.test(readable) ? '' : '.'}`
}
