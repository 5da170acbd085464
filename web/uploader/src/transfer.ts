/** Sends one file to the server: piece by piece, with retries, from the end of an earlier try. */

import PQueue from 'p-queue'
import { type Api, ApiError } from './api.js'
import { UNREADABLE } from './md5.js'
import type { Media } from './media.js'
import type { Memory } from './memory.js'
import { untilNextTry } from './patience.js'
import { MIN_PIECE, nextPiece } from './pieces.js'

/** Limits the parallel requests, each with a piece in memory. The file that was chosen first goes first. */
const requests = new PQueue({ concurrency: 3 })

export interface Source {
  id: string
  name: string
  data: Blob
  md5: Promise<string>
  /** Stops sending. A file that is being finished cannot be stopped. */
  signal: AbortSignal
  /** Higher values go first. */
  priority: number
  onProgress: (bytes: number) => void
  /** All bytes are sent; the server inspects the file and makes a media. */
  onFinishing: () => void
  /** A message about the upload, or undefined to clear it. */
  onNotice: (text?: string) => void
}

export interface Place {
  api: Api
  memory: Memory
  isOwner: () => Promise<boolean>
}

/** The API's answer about an upload. */
interface Progress {
  upload_id: string
  offset: string
  expires: string
}

/** Where to go on. No id: the server has nothing yet. */
interface Position {
  uploadId?: string
  offset: number
}

/** Upload a file and return its media. Throws an Error with a message for a person, or the reason of `signal`. */
export async function transfer(place: Place, file: Source): Promise<Media> {
  let at: Position | undefined
  let furthest = 0
  let failures = 0
  let piece = MIN_PIECE
  for (;;) {
    try {
      at ??= await whereItEnded(place, file)
      if (at.offset > furthest) failures = 0
      furthest = Math.max(furthest, at.offset)
      file.onProgress(at.offset)
      if (at.uploadId !== undefined && at.offset >= file.data.size) break
      const begun = performance.now()
      at = await sendPiece(place, file, at, piece)
      piece = nextPiece(piece, performance.now() - begun)
    } catch (error) {
      if (!file.signal.aborted) file.onProgress(furthest) // bytes that the browser had only buffered do not count
      await untilNextTry(error, ++failures, file)
      at = undefined // the server may have kept a part of a broken piece: ask
      piece = MIN_PIECE
    }
  }
  return finish(place, file, at.uploadId)
}

/** Abort an upload that is no longer needed. */
export async function abort({ api, memory }: Place, fileId: string): Promise<void> {
  const uploadId = memory.get(fileId)?.uploadId
  memory.delete(fileId)
  if (!uploadId) return
  try {
    await api.call('DELETE', `media/upload/${uploadId}/`)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error // it expires by itself
  }
}

/** Return whether there is a token. Throws if the upload was begun with a token and there is none now. */
async function checkOwner({ memory, isOwner }: Place, fileId: string): Promise<boolean> {
  const owner = await isOwner()
  if (memory.get(fileId)?.owned && !owner) throw new Error('This upload was begun with a token. Set it, then try again.')
  return owner
}

async function whereItEnded(place: Place, file: Source): Promise<Position> {
  const { api, memory } = place
  const owner = await checkOwner(place, file.id)
  const known = memory.get(file.id)
  if (!known || known.owned !== owner) return { offset: 0 }
  try {
    const { offset } = await api.call<Progress>('GET', `media/upload/${known.uploadId}/`, { signal: file.signal })
    return { uploadId: known.uploadId, offset: Number(offset) }
  } catch (error) {
    if (!(error instanceof ApiError && [404, 410].includes(error.status))) throw error
    memory.delete(file.id)
    return { offset: 0 }
  }
}

async function sendPiece(place: Place, file: Source, at: Position, length: number): Promise<Position> {
  const { api, memory } = place
  const { uploadId, offset } = at
  const { size } = file.data
  const owned = await checkOwner(place, file.id)
  const end = Math.min(offset + length, size)
  const body = new FormData()
  if (uploadId) body.set('upload_id', uploadId)
  body.set('file', await read(file.data.slice(offset, end)), file.name)
  const headers = size ? { 'Content-Range': `bytes ${offset}-${end - 1}/${size}` } : undefined
  const onUploadProgress = ({ loaded }: ProgressEvent) => file.onProgress(Math.min(offset + loaded, end))
  const { signal, priority } = file
  try {
    const stored = await requests.add(
      () => api.call<Progress>('POST', 'media/upload/chunk/', { body, headers, signal, onUploadProgress }),
      { signal, priority },
    )
    memory.set(file.id, { uploadId: stored.upload_id, owned, expires: stored.expires })
    return { uploadId: stored.upload_id, offset: Number(stored.offset) }
  } catch (error) {
    if (!(error instanceof ApiError) || !uploadId) throw error
    if (error.code === 'offset_mismatch' && error.offset !== undefined && error.offset !== offset) return { uploadId, offset: error.offset }
    if (isFinal(error)) await abort(place, file.id)
    throw error
  }
}

async function finish(place: Place, file: Source, uploadId: string): Promise<Media> {
  const { api, memory } = place
  const body = { upload_id: uploadId, md5: await file.md5 }
  file.signal.throwIfAborted()
  file.onFinishing()
  for (let failures = 1; ; failures++) {
    try {
      const complete = () => api.call<Media>('POST', 'media/upload/complete/', { body })
      const media = await requests.add(complete, { priority: file.priority })
      memory.delete(file.id)
      return media
    } catch (error) {
      if (error instanceof ApiError && isFinal(error)) await abort(place, file.id)
      await untilNextTry(error, failures, { onNotice: file.onNotice })
    }
  }
}

/** Whether another try must start from the beginning. */
function isFinal(error: ApiError): boolean {
  return !error.transient && error.status !== 401 && error.code !== 'superseded'
}

async function read(piece: Blob): Promise<Blob> {
  try {
    return new Blob([await piece.arrayBuffer()])
  } catch {
    throw new Error(UNREADABLE)
  }
}
