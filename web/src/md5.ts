/** Return the MD5 of `file` in hexadecimal digits, reckoned in a worker. Rejects when the file can no longer be read. */
export function md5(file: Blob, signal: AbortSignal): Promise<string> {
  const worker = new Worker(new URL('./md5.worker.ts', import.meta.url), { type: 'module' })
  const hashed = new Promise<string>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = () => reject(new Error(UNREADABLE))
    signal.addEventListener('abort', () => reject(signal.reason))
    worker.postMessage(file)
  })
  return hashed.finally(() => worker.terminate())
}

export const UNREADABLE = 'The file cannot be read any more. Choose it again.'
