import { emaFilter, prettyETA } from '@uppy/core/utils'
import { useEffect, useState } from 'preact/hooks'
import { files, isUnderWay, resume, start, type UploadFile, uppy } from '../uploader'
import { bytes, counted } from '../words'
import { focusOn } from './dialog'
import { LinkForm } from './link-form'

const TYPES = 'image/jpeg,image/png,image/gif,image/webp,application/pdf'

/** Milliseconds between two looks at the speed, and in which half of an older one is forgotten. */
const TICK = 500
const HALF_LIFE = 2000

/** Where files are chosen, and how far they have come. */
export function Uploads() {
  return (
    <section aria-labelledby="upload">
      <h2 id="upload" tabIndex={-1}>
        Upload
      </h2>
      <div class="drop">
        <input type="file" id="files" class="unseen" multiple accept={TYPES} onChange={choose} />
        <label for="files" class="button primary">
          Choose files
        </label>
        <p>
          or drop them anywhere on this page
          <br />
          <small>JPEG, PNG, GIF, WebP and PDF</small>
        </p>
      </div>
      <LinkForm />
      {files.value.some(isUnderWay) && <Total />}
      <ul class="uploads" aria-label="Uploads">
        {files.value.map((file) => (
          <Upload key={file.id} file={file} />
        ))}
      </ul>
    </section>
  )
}

function choose({ currentTarget: input }: { currentTarget: HTMLInputElement }) {
  uppy.addFiles(Array.from(input.files ?? [], (data) => ({ source: 'page', name: data.name, type: data.type, data })))
  input.value = '' // so that the same file can be chosen again
}

function sent({ progress, size }: UploadFile): number {
  return progress.uploadComplete ? (size ?? 0) : progress.bytesUploaded || 0
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function Total() {
  const counting = files.value.filter(({ error }) => !error)
  const running = counting.filter((file) => isUnderWay(file) && !file.isPaused)
  const paused = counting.filter((file) => isUnderWay(file) && file.isPaused)
  const done = counting.filter(({ progress }) => progress.uploadComplete).length
  const total = sum(counting.map(({ size }) => size ?? 0))
  const soFar = sum(counting.map(sent))
  const speed = useSpeed(running.length > 0)
  const left = sum(running.map((file) => (file.size ?? 0) - sent(file)))
  const words = [`${done} of ${counted(counting.length, 'file')}`, `${bytes(soFar)} of ${bytes(total)}`]
  if (running.length && speed > 0) words.push(`${bytes(speed)}/s`, `${prettyETA(Math.ceil(left / speed))} left`)
  return (
    <div class="total">
      <progress value={soFar} max={total || 1} aria-label="All uploads" />
      <p>{words.join(' · ')}</p>
      <div class="buttons">
        {running.length > 0 && <button onClick={() => running.forEach(({ id }) => uppy.pauseResume(id))}>Pause all</button>}
        {paused.length > 0 && <button onClick={() => paused.forEach(({ id }) => resume(id))}>Resume all</button>}
        <button onClick={cancelAll}>Cancel all</button>
      </div>
    </div>
  )
}

function cancelAll() {
  uppy.cancelAll()
  focusOn('upload')
}

/** Return the bytes per second that the files have been sent with lately. */
function useSpeed(isRunning: boolean): number {
  const [speed, setSpeed] = useState(0)
  useEffect(() => {
    let before = counts()
    let smoothed: number | undefined
    const timer = setInterval(() => {
      const now = counts()
      const gained = sum([...now].map(([id, count]) => Math.max(0, count - (before.get(id) ?? count))))
      before = now
      const latest = (gained * 1000) / TICK
      smoothed = smoothed === undefined ? latest : emaFilter(latest, smoothed, HALF_LIFE, TICK)
      setSpeed(smoothed)
    }, TICK)
    return () => {
      clearInterval(timer)
      setSpeed(0)
    }
  }, [isRunning])
  return speed
}

function counts(): Map<string, number> {
  return new Map(files.value.map((file) => [file.id, sent(file)]))
}

function Upload({ file }: { file: UploadFile }) {
  const { id, name, extension, size, preview, error, isPaused, progress, meta } = file
  useEffect(() => {
    if (file.data) uppy.emit('thumbnail:request', file)
  }, [file.data])
  return (
    <li class={error ? 'failed' : undefined}>
      <div class="thumbnail">
        {preview ? <img src={preview} alt="" /> : <span aria-hidden="true">{extension.slice(0, 4).toUpperCase()}</span>}
      </div>
      <div class="what">
        <p class="name">{name}</p>
        {isUnderWay(file) && <progress value={sent(file)} max={size || 1} aria-label={name} />}
        <p class={error ? 'problem' : 'detail'}>{describe(file)}</p>
      </div>
      <div class="buttons">
        {error && !meta.refused && (
          <button onClick={() => start(id)}>
            Try again<span class="unseen"> to upload {name}</span>
          </button>
        )}
        {isUnderWay(file) && (
          <button onClick={() => (isPaused ? resume(id) : uppy.pauseResume(id))}>
            {isPaused ? 'Resume' : 'Pause'}
            <span class="unseen"> {name}</span>
          </button>
        )}
        {!progress.uploadComplete && (
          <button onClick={() => cancel(id)}>
            {error ? 'Dismiss' : 'Cancel'}
            <span class="unseen"> {name}</span>
          </button>
        )}
      </div>
    </li>
  )
}

function cancel(id: string) {
  uppy.removeFile(id)
  focusOn('upload')
}

function describe(file: UploadFile): string {
  const { error, isGhost, isPaused, progress, size, meta } = file
  const amount = `${bytes(sent(file))} of ${bytes(size ?? 0)}`
  if (error) return error
  if (progress.uploadComplete) return `Done · ${bytes(size ?? 0)}`
  if (isGhost) return 'Choose this file again to go on.'
  if (isPaused) return `Paused · ${amount}`
  if (meta.notice) return meta.notice
  return sent(file) === size ? 'Finishing' : amount
}
