/** Uppy, set up for this service: it keeps the files and their state, and a plugin of ours sends them. */

import { signal } from '@preact/signals'
import Uppy, { BasePlugin, EventManager } from '@uppy/core'
import type { UppyFile } from '@uppy/core/utils'
import DropTarget from '@uppy/drop-target'
import GoldenRetriever from '@uppy/golden-retriever'
import ThumbnailGenerator from '@uppy/thumbnail-generator'
import { ApiError } from './api'
import { add } from './library'
import { md5 } from './md5'
import { say } from './status'
import { abort, transfer } from './transfer'
import { counted } from './words'

type Meta = { notice?: string; refused?: boolean }
type Body = Record<string, unknown>
export type UploadFile = UppyFile<Meta, Body>

const PAUSED = new Error('paused')
const REMOVED = new Error('removed')

/** Sends files to scapi. One that was interrupted goes on from where the server has it. */
class ScapiUploader extends BasePlugin<object, Meta, Body> {
  #begun = 0

  constructor(uppy: Uppy<Meta, Body>) {
    super(uppy)
    this.id = 'ScapiUploader'
    this.type = 'uploader'
  }

  override install(): void {
    const { capabilities } = this.uppy.getState()
    this.uppy.setState({ capabilities: { ...capabilities, resumableUploads: true, individualCancellation: true } })
    this.uppy.addUploader(async (ids) => {
      await Promise.all(ids.map((id) => this.#send(id)))
    })
  }

  async #send(id: string): Promise<void> {
    const file = this.uppy.getFile(id)
    const removal = new AbortController()
    const events = new EventManager(this.uppy)
    events.onFileRemove(id, () => removal.abort(REMOVED))
    const { data, name } = file as { data: Blob; name: string }
    const digest = md5(data, removal.signal)
    digest.catch(() => {}) // whoever needs it awaits it later
    const source = {
      id,
      name,
      data,
      md5: digest,
      priority: -this.#begun++,
      onProgress: (bytesUploaded: number) =>
        this.uppy.emit('upload-progress', this.uppy.getFile(id), { uploadStarted: 0, bytesUploaded, bytesTotal: data.size }),
      onNotice: (notice?: string) => {
        if (!this.uppy.getFile(id)) return
        this.uppy.setFileMeta(id, { notice })
        if (notice) say(`${name}: ${notice}`, { seen: false })
      },
    }
    this.uppy.emit('upload-start', [file])
    try {
      for (;;) {
        const pause = new AbortController()
        events.onPause(id, (paused) => paused && pause.abort(PAUSED))
        try {
          add(await transfer({ ...source, signal: AbortSignal.any([removal.signal, pause.signal]) }))
          break
        } catch (error) {
          if (error !== PAUSED) throw error
          await this.#resumed(id, events, removal.signal)
        }
      }
      this.uppy.emit('upload-success', this.uppy.getFile(id), { status: 201 })
    } catch (error) {
      if (error === REMOVED) return
      this.uppy.setFileMeta(id, { refused: error instanceof ApiError && error.refused })
      this.uppy.emit('upload-error', this.uppy.getFile(id), error as Error)
    } finally {
      events.remove()
    }
  }

  #resumed(id: string, events: EventManager<Meta, Body>, removed: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      events.onPause(id, (paused) => !paused && resolve())
      removed.addEventListener('abort', () => reject(removed.reason))
    })
  }
}

export const uppy = new Uppy<Meta, Body>({ id: 'scapi' })
  .use(ScapiUploader)
  .use(ThumbnailGenerator, { thumbnailWidth: 112, lazy: true })

/** Uppy's state, for the components that show it. */
export const files = signal<UploadFile[]>([])

/** Upload a file, or try again. (`uppy.upload()` would first try all failed files again, and wait for them.) */
export function start(id: string): void {
  void uppy.retryUpload(id)
}

export function resume(id: string): void {
  const running = Object.values(uppy.getState().currentUploads).some(({ fileIDs }) => fileIDs.includes(id))
  if (running) uppy.pauseResume(id)
  else start(id)
}

export function isUnderWay({ progress, error, isGhost }: UploadFile): boolean {
  return !progress.uploadComplete && !error && !isGhost
}

/** Take the files that are uploaded off the list, once none is under way. */
function tidy(): void {
  const all = uppy.getFiles()
  const done = all.filter(({ progress }) => progress.uploadComplete)
  if (done.length === 0 || all.some(isUnderWay)) return
  say(`${counted(done.length, 'file')} uploaded.`)
  uppy.removeFiles(done.map(({ id }) => id))
}

uppy.on('state-update', () => {
  files.value = uppy.getFiles()
})
uppy.on('file-added', ({ id }) => start(id))
uppy.on('file-removed', ({ id, progress }) => {
  if (!progress.uploadComplete) void abort(id)
})
uppy.on('restriction-failed', (_, error) => say(error.message))
uppy.on('upload-error', (file, error) => say(`${file?.name}: ${error.message}`, { seen: false }))
for (const event of ['upload-success', 'upload-error', 'file-removed'] as const) uppy.on(event, tidy)

uppy.on('restored', () => {
  uppy.setState({ recoveredState: null, currentUploads: {} })
  tidy()
  const interrupted = uppy.getFiles().filter((file) => isUnderWay(file) && !file.isPaused)
  if (interrupted.length) say(`${counted(interrupted.length, 'interrupted upload')} resumed.`)
  for (const { id } of interrupted) start(id)
})

// it keeps files of up to 10 MiB for a reload; larger ones have to be chosen again
uppy.use(DropTarget, { target: document.body }).use(GoldenRetriever)
