/** The MD5 of files, reckoned in a worker. */

import PQueue from 'p-queue'

export const UNREADABLE = 'The file cannot be read any more. Choose it again.'

/** One file after another: a hundred that are chosen at once are not read at once. */
const hashing = new PQueue({ concurrency: 1 })

/** Return the MD5 of `file` in hexadecimal digits. Rejects when it can no longer be read, or with what `signal` was aborted with. */
export function md5(file: Blob, signal: AbortSignal): Promise<string> {
  return hashing.add(() => inWorker(file, signal), { signal })
}

function inWorker(file: Blob, signal: AbortSignal): Promise<string> {
  const worker = new Worker(new URL('./md5.worker.ts', import.meta.url), { type: 'module' })
  const hashed = new Promise<string>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = (event) => {
      event.preventDefault() // it is said at the file
      reject(new Error(UNREADABLE))
    }
    signal.addEventListener('abort', () => reject(signal.reason))
    worker.postMessage(file)
  })
  return hashed.finally(() => worker.terminate())
}
