/** What this browser remembers of unfinished uploads, so that the same file, chosen again, goes on. */

export interface Resumable {
  uploadId: string
  /** Whether it was begun with a token; only who holds it can go on. */
  owned: boolean
  /** When the server drops it, ISO 8601. */
  expires: string
}

const KEY = 'scapi.uploads'

function load(): Record<string, Resumable> {
  return JSON.parse(localStorage.getItem(KEY) ?? '{}')
}

function save(uploads: Record<string, Resumable>): void {
  const now = Date.now()
  const alive = Object.entries(uploads).filter(([, { expires }]) => Date.parse(expires) > now)
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(alive)))
}

/** `fileId` is Uppy's: it is made of the file's name, type, size and time of last change. */
export function recall(fileId: string): Resumable | undefined {
  return load()[fileId]
}

export function remember(fileId: string, upload: Resumable): void {
  save({ ...load(), [fileId]: upload })
}

export function forget(fileId: string): void {
  const { [fileId]: _, ...others } = load()
  save(others)
}
