/** The unfinished uploads that this browser remembers, so that the same file, chosen again, goes on. */

export interface Unfinished {
  uploadId: string
  /** Whether it was begun with a token; only the same user can go on. */
  owned: boolean
  /** When it expires, in ISO 8601. */
  expires: string
}

/** The unfinished uploads at one server, by Uppy's file id, which is made from the file's name, type, size and time of change. */
export class Memory {
  readonly #key: string

  constructor(endpoint: string) {
    this.#key = `scapi.uploads ${endpoint}`
  }

  get(fileId: string): Unfinished | undefined {
    return this.#load()[fileId]
  }

  set(fileId: string, upload: Unfinished): void {
    this.#save({ ...this.#load(), [fileId]: upload })
  }

  delete(fileId: string): void {
    const { [fileId]: _, ...others } = this.#load()
    this.#save(others)
  }

  #load(): Record<string, Unfinished> {
    return JSON.parse(localStorage.getItem(this.#key) ?? '{}')
  }

  #save(uploads: Record<string, Unfinished>): void {
    const now = Date.now()
    const alive = Object.entries(uploads).filter(([, { expires }]) => Date.parse(expires) > now)
    localStorage.setItem(this.#key, JSON.stringify(Object.fromEntries(alive)))
  }
}
