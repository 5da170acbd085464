/** Uppy, set up for this page: it keeps the files and their state, and scapi-uploader sends them. */

import { signal } from '@preact/signals'
import Uppy from '@uppy/core'
import type { UppyFile } from '@uppy/core/utils'
import DropTarget from '@uppy/drop-target'
import GoldenRetriever from '@uppy/golden-retriever'
import ThumbnailGenerator from '@uppy/thumbnail-generator'
import ScapiUploader from 'scapi-uploader'
import { ENDPOINT, type Media } from './api'
import { add } from './library'
import { isSent, NotSent, prepare } from './prepare'
import { say } from './status'
import { token } from './token'
import { counted } from './words'

type Meta = {
  /** The file is being checked and converted. */
  preparing?: boolean
  /** The stored data is the prepared file. */
  prepared?: boolean
  /** The MD5 of the prepared file. */
  digest?: string
  /** It is in the library already; the user may send it again. */
  isKnown?: boolean
  /** Another try would fail in the same way. */
  inVain?: boolean
}
type Body = Media & Record<string, unknown>
export type UploadFile = UppyFile<Meta, Body>

export const uppy = new Uppy<Meta, Body>({ id: 'scapi' })
  .use(ScapiUploader<Meta, Body>, {
    endpoint: ENDPOINT,
    token: () => token.value,
    onTooLate: (media, name) => {
      add(media)
      say(`It was too late to cancel ${name}: it is in your library.`)
    },
  })
  .use(ThumbnailGenerator, { thumbnailWidth: 112, lazy: true })

const sender = uppy.getPlugin<ScapiUploader<Meta, Body>>('ScapiUploader')

/** Uppy's state, for the components that show it. */
export const files = signal<UploadFile[]>([])

/** Add files that were chosen, dropped, pasted or photographed. */
export function take(chosen: Iterable<File>): void {
  uppy.addFiles(Array.from(chosen, (data) => ({ source: 'page', name: data.name, type: data.type, data })))
}

/** Upload a file, or try again. (`uppy.upload()` would first try all failed files again, and wait for them.) */
export async function start(id: string, { again } = { again: false }): Promise<void> {
  if (await isReady(id, again)) void uppy.retryUpload(id)
}

export function resume(id: string): void {
  const running = Object.values(uppy.getState().currentUploads).some(({ fileIDs }) => fileIDs.includes(id))
  if (running) uppy.pauseResume(id)
  else void start(id)
}

export function isUnderWay({ progress, error, isGhost }: UploadFile): boolean {
  return !progress.uploadComplete && !error && !isGhost
}

/** Whether a file can be paused or resumed. */
export function canPause(file: UploadFile): boolean {
  return isUnderWay(file) && !file.scapi?.finishing && !file.meta.preparing
}

/** Files are prepared one after another, so that a hundred pictures are not decoded at once. */
let preparing = Promise.resolve()

async function isReady(id: string, again: boolean): Promise<boolean> {
  if (uppy.getFile(id)?.meta.prepared && !again) return true
  change(id, { error: null }, { preparing: true, isKnown: false, inVain: false })
  const turn = preparing.then(() => prepareOne(id, again))
  preparing = turn.then(() => {})
  return turn
}

async function prepareOne(id: string, again: boolean): Promise<boolean> {
  const file = uppy.getFile(id)
  if (!file?.data) return false // it was removed in the meantime
  try {
    const { data, digest } = await prepare(file.data as Blob)
    if (!again) await refuseTwins(id, digest)
    change(id, data === file.data ? {} : renamed(file, data), { preparing: false, prepared: true, digest })
    return Boolean(uppy.getFile(id))
  } catch (error) {
    const { isKnown = false, message } = error as NotSent
    change(id, {}, { preparing: false, isKnown, inVain: error instanceof NotSent && !isKnown })
    const known = uppy.getFile(id)
    if (known) uppy.emit('upload-error', known, { name: 'Error', message })
    return false
  }
}

/** Throw NotSent for a file that is being uploaded already, or is in the library. */
async function refuseTwins(id: string, digest: string): Promise<void> {
  const twin = uppy.getFiles().find((other) => other.id !== id && other.meta.digest === digest && !other.error)
  if (twin) throw new NotSent(`This is the same file as ${twin.name}.`, { isKnown: true })
  if (await isSent(digest)) throw new NotSent('This file is in your library already.', { isKnown: true })
}

function change(id: string, state: Partial<UploadFile>, meta: Meta): void {
  const file = uppy.getFile(id)
  if (file) uppy.setFileState(id, { ...state, meta: { ...file.meta, ...meta } } as Partial<UploadFile>)
}

/** The changes of a file when a converted one is sent instead. */
function renamed({ name, progress }: UploadFile, data: Blob): Partial<UploadFile> {
  const extension = data.type.split('/')[1]?.replace('jpeg', 'jpg') ?? ''
  const newName = `${name.replace(/\.[^.]*$/, '')}.${extension}`
  return { data, size: data.size, type: data.type, extension, name: newName, progress: { ...progress, bytesTotal: data.size } }
}

/** When no upload is running, remove the uploaded files from the list and report the result. */
function tidy(): void {
  const all = uppy.getFiles()
  const done = all.filter(({ progress }) => progress.uploadComplete)
  if (all.some(isUnderWay)) return
  const failed = all.filter(({ error }) => error).length
  if (done.length) say(`${counted(done.length, 'file')} uploaded${failed ? `, ${failed} could not be` : ''}.`)
  uppy.removeFiles(done.map(({ id }) => id))
}

uppy.on('state-update', () => {
  files.value = uppy.getFiles()
})
uppy.on('file-added', ({ id }) => {
  uppy.setFileMeta(id, { prepared: false })
  void start(id)
})
uppy.on('restriction-failed', (file) => say(`${file?.name} is on its way already.`))
uppy.on('upload-success', (file, { body }) => {
  if (!file || !body) return
  add(body, file.meta.digest)
})
uppy.on('upload-error', (file, error) => say(`${file?.name}: ${error.message}`, { seen: false }))
for (const event of ['upload-success', 'upload-error', 'file-removed'] as const) uppy.on(event, tidy)

uppy.on('restored', () => {
  uppy.setState({ recoveredState: null, currentUploads: {} })
  // the stored state may be older than the end of an upload: then there is nothing to resume
  const ended = uppy.getFiles().filter(({ id, progress }) => progress.uploadStarted !== null && !sender?.hasBegun(id))
  uppy.removeFiles(ended.filter(({ isGhost }) => isGhost).map(({ id }) => id))
  for (const { id } of ended) if (uppy.getFile(id)) uppy.setFileMeta(id, { prepared: false })
  tidy()
  const interrupted = uppy.getFiles().filter((file) => isUnderWay(file) && !file.isPaused)
  if (interrupted.length) say(`${counted(interrupted.length, 'interrupted upload')} resumed.`)
  for (const { id } of interrupted) void start(id)
})

addEventListener('beforeunload', (event) => {
  if (files.value.some((file) => isUnderWay(file) && !file.isPaused)) event.preventDefault()
})

addEventListener('paste', ({ clipboardData }) => {
  const pasted = Array.from(clipboardData?.files ?? [], (file) => new File([file], pastedName(file), file))
  if (pasted.length) take(pasted)
})

/** Browsers call every picture that is pasted image.png. */
function pastedName({ name, type }: File): string {
  if (!/^image\.\w+$/.test(name)) return name
  return `pasted ${new Date().toLocaleString('sv').replaceAll(':', '.')}.${type.split('/')[1] ?? 'png'}`
}

// it stores files of up to 10 MiB for a reload; larger ones must be chosen again
uppy.use(DropTarget, { target: document.documentElement }).use(GoldenRetriever)
