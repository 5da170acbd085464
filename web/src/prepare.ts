/** Prepares a file before its first byte is sent: checks it, and converts it if needed. */

import { md5, UNREADABLE } from 'scapi-uploader'
import { ApiError, call, type Media, type Page } from './api'
import { describeKind, listed, nameOf, sniff } from './kinds'
import { type Limits, limits, limitsKnown } from './limits'
import { madeOf } from './made'
import { dimensions, fitted } from './pictures'
import { token } from './token'
import { bytes } from './words'

/** Why a file is not sent, as a sentence for a person. */
export class NotSent extends Error {
  /** Whether it is in the library already; the user may still send it. */
  readonly isKnown: boolean

  constructor(message: string, { isKnown } = { isKnown: false }) {
    super(message)
    this.isKnown = isKnown
  }
}

/** Return the file to send, and its MD5. Throws NotSent. */
export async function prepare(file: Blob): Promise<{ data: Blob; digest: string }> {
  await limitsKnown
  const data = limits.value ? await taken(file, limits.value) : file
  return { data, digest: await md5(data) }
}

async function taken(file: Blob, known: Limits): Promise<Blob> {
  if (file.size === 0) throw new NotSent('This file is empty.')
  const mimetype = await sniff(file).catch(() => {
    throw new Error(UNREADABLE)
  })
  const most = mimetype && known.types[mimetype]
  if (!mimetype || !most) {
    const made = mimetype && (await fitted(file, mimetype, known))
    if (made) return made
    throw new NotSent(`This is ${describeKind(mimetype)}; only ${listed(Object.keys(known.types).map(nameOf))} are accepted.`)
  }
  const size = await dimensions(file, mimetype)
  const pixels = size ? size.width * size.height : 0
  if (file.size <= most && pixels <= known.max_pixels) return file
  const made = await fitted(file, mimetype, known)
  if (made) return made
  if (file.size > most) throw new NotSent(`This file has ${bytes(file.size)}; the limit for ${nameOf(mimetype)} is ${bytes(most)}.`)
  throw new NotSent(`This picture has ${size?.width} × ${size?.height} pixels; the limit is ${Math.floor(known.max_pixels / 1e6)} megapixels.`)
}

/** Whether a file with this MD5 was sent before and its media still exists. */
export async function isSent(digest: string): Promise<boolean> {
  const id = token.value ? undefined : madeOf(digest)
  if (!token.value && id === undefined) return false
  try {
    if (id === undefined) return (await call<Page<Media>>('GET', `media/?user=me&limit=1&md5=${digest}`)).count > 0
    await call('GET', `media/${id}/`)
    return true
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return false // the upload itself will report why the server does not answer
  }
}
