/** The MD5 of files, computed in a worker if possible. */

import PQueue from 'p-queue'
import { hash } from './hash.js'

export const UNREADABLE = 'The file can no longer be read. Choose it again.'

/** One file after another, so that a hundred chosen files are not read at once. */
const hashing = new PQueue({ concurrency: 1 })

const known = new WeakMap<Blob, Promise<string>>()

/** Return the MD5 of `file` in hexadecimal digits. Rejects if it can no longer be read, or with the reason of `signal`. */
export function md5(file: Blob, signal?: AbortSignal): Promise<string> {
  const before = known.get(file)
  if (before) return before
  const digest = hashing.add(() => inWorker(file, signal), { signal })
  known.set(file, digest)
  digest.catch(() => known.delete(file))
  return digest
}

function inWorker(file: Blob, signal?: AbortSignal): Promise<string> {
  const worker = new Worker(new URL('./md5.worker.js', import.meta.url), { type: 'module' })
  const hashed = new Promise<string | undefined>((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.digest ? resolve(data.digest) : reject(new Error(UNREADABLE)))
    worker.onerror = (event) => {
      event.preventDefault()
      resolve(undefined) // a policy or a bundler prevents the worker
    }
    signal?.addEventListener('abort', () => reject(signal.reason))
    worker.postMessage(file)
  })
  return hashed.finally(() => worker.terminate()).then((digest) => digest ?? here(file, signal))
}

async function here(file: Blob, signal?: AbortSignal): Promise<string> {
  try {
    return await hash(file, signal)
  } catch {
    signal?.throwIfAborted()
    throw new Error(UNREADABLE)
  }
}
