/** One file's way to the server: chunk by chunk, with retries, from wherever an earlier try ended. */

import { delay } from '@uppy/core/utils'
import PQueue from 'p-queue'
import pRetry from 'p-retry'
import { ApiError, call, type Media } from './api'
import { UNREADABLE } from './md5'
import { forget, recall, remember, type Resumable } from './resumable'
import { token } from './token'

const CHUNK = 512 * 1024

const RETRIES = { retries: 8, factor: 2, minTimeout: 1000, maxTimeout: 30_000, randomize: true }

/** At most so many requests are under way, each with a chunk in memory. Those of the file that was chosen first go first. */
const requests = new PQueue({ concurrency: 3 })

export interface Source {
  id: string
  name: string
  data: Blob
  md5: Promise<string>
  signal: AbortSignal
  /** The higher, the sooner. */
  priority: number
  onProgress: (bytes: number) => void
  /** Something to say about the upload, or nothing any more. */
  onNotice: (text?: string) => void
}

/** The API's answer about an upload. */
interface Progress {
  upload_id: string
  offset: string
  expires: string
}

/** Where to go on: no id, nothing is there yet. */
interface Position {
  uploadId?: string
  offset: number
}

/** Upload a file and return its media. Throws an Error whose message is for a person, or what `signal` was aborted with. */
export async function transfer(file: Source): Promise<Media> {
  let at = await whereItEnded(file)
  while (at.uploadId === undefined || at.offset < file.data.size) {
    file.onProgress(at.offset)
    at = await sendChunk(file, at)
  }
  file.onProgress(file.data.size)
  return complete(file, at.uploadId, await file.md5)
}

/** End an upload that is not wanted any more. */
export async function abort(fileId: string): Promise<void> {
  const uploadId = recall(fileId)?.uploadId
  forget(fileId)
  if (!uploadId) return
  try {
    await call('DELETE', `media/upload/${uploadId}/`)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error // it ends by itself when its time is over
  }
}

async function whereItEnded(file: Source): Promise<Position> {
  const known = recall(file.id)
  checkOwner(known)
  if (!known || known.owned !== Boolean(token.value)) return { offset: 0 }
  try {
    const { offset } = await persistently(file, () => call<Progress>('GET', `media/upload/${known.uploadId}/`))
    return { uploadId: known.uploadId, offset: Number(offset) }
  } catch (error) {
    if (!(error instanceof ApiError && [404, 410].includes(error.status))) throw error
    forget(file.id)
    return { offset: 0 }
  }
}

function checkOwner(upload?: Resumable): void {
  if (upload?.owned && !token.value) {
    throw new Error('This upload was begun with a token. Set it at the top of the page, then try again.')
  }
}

async function sendChunk(file: Source, { uploadId, offset }: Position): Promise<Position> {
  if (uploadId) checkOwner(recall(file.id))
  const { size } = file.data
  const end = Math.min(offset + CHUNK, size)
  const headers = size ? { 'Content-Range': `bytes ${offset}-${end - 1}/${size}` } : undefined
  const onUploadProgress = ({ loaded }: ProgressEvent) => file.onProgress(Math.min(offset + loaded, end))
  try {
    const stored = await persistently(file, async (signal) => {
      const body = new FormData()
      if (uploadId) body.set('upload_id', uploadId)
      body.set('file', await read(file.data.slice(offset, end)), file.name)
      return call<Progress>('POST', 'media/upload/chunk/', { body, headers, signal, onUploadProgress })
    })
    remember(file.id, { uploadId: stored.upload_id, owned: Boolean(token.value), expires: stored.expires })
    return { uploadId: stored.upload_id, offset: Number(stored.offset) }
  } catch (error) {
    if (!(error instanceof ApiError) || !uploadId) throw error
    // an earlier try was stored after all, or the server has less than was thought
    if (error.offset !== undefined && error.offset !== offset) return { uploadId, offset: error.offset }
    if (isFinal(error)) await abort(file.id)
    throw error
  }
}

async function complete(file: Source, uploadId: string, digest: string): Promise<Media> {
  try {
    const body = { upload_id: uploadId, md5: digest }
    const media = await persistently(file, (signal) => call<Media>('POST', 'media/upload/complete/', { body, signal }))
    forget(file.id)
    return media
  } catch (error) {
    if (error instanceof ApiError && isFinal(error)) await abort(file.id)
    throw error
  }
}

/** Whether another try has to begin anew. */
function isFinal(error: ApiError): boolean {
  return !error.transient && error.status !== 401
}

async function read(piece: Blob): Promise<Blob> {
  try {
    return new Blob([await piece.arrayBuffer()])
  } catch {
    throw new Error(UNREADABLE)
  }
}

/** Make a request again while there is hope, with growing pauses, or as soon as the network is back. */
function persistently<T>(file: Source, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, priority } = file
  return pRetry(() => requests.add(() => request(signal), { signal, priority }), {
    ...RETRIES,
    signal,
    shouldConsumeRetry: () => navigator.onLine,
    shouldRetry: ({ error }) => error instanceof ApiError && error.transient,
    onFailedAttempt: async ({ error, retryDelay, retriesLeft }) => {
      if (!(error instanceof ApiError && error.transient && retriesLeft > 0)) return
      if (navigator.onLine) {
        const pause = Math.max(retryDelay, error.retryAfter * 1000)
        file.onNotice(`${error.message} Next try in ${Math.ceil(pause / 1000)} s.`)
        await delay(pause - retryDelay, { signal })
      } else {
        file.onNotice('No network. This goes on when it is back.')
        await networkIsBack(signal)
      }
    },
  }).finally(() => file.onNotice())
}

function networkIsBack(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    addEventListener('online', () => resolve(), { once: true, signal })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
