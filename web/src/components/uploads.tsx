import { useEffect } from 'preact/hooks'
import { OFFLINE, online } from '../network'
import { sent } from '../speed'
import { canPause, files, isUnderWay, resume, start, type UploadFile, uppy } from '../uploader'
import { bytes } from '../words'
import { focusOn } from './dialog'
import { Drop } from './drop'
import { LinkForm } from './link-form'
import { Total } from './total'

/** The area to choose files, and their progress. */
export function Uploads() {
  return (
    <section aria-labelledby="upload">
      <h2 id="upload" class="unseen" tabIndex={-1}>
        Upload
      </h2>
      <Drop />
      <LinkForm />
      {files.value.length > 0 && (
        <div class="sheet">
          <Total />
          <ul class="uploads" aria-label="Uploads">
            {files.value.map((file) => (
              <Upload key={file.id} file={file} />
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}

function Upload({ file }: { file: UploadFile }) {
  const { id, name, extension, size, preview, error, isPaused, meta, progress } = file
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
        {error && !meta.inVain && !file.scapi?.refused && (
          <button onClick={() => void start(id, { again: Boolean(meta.isKnown) })}>
            {meta.isKnown ? 'Upload again' : 'Try again'}
            <span class="unseen"> {meta.isKnown ? name : `to upload ${name}`}</span>
          </button>
        )}
        {canPause(file) && (
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
  const { error, isGhost, isPaused, progress, size, meta, scapi } = file
  const amount = `${bytes(sent(file))} of ${bytes(size ?? 0)}`
  if (error) return error
  if (progress.uploadComplete) return `Done · ${bytes(size ?? 0)}`
  if (isGhost) return 'Choose this file again to go on.'
  if (isPaused) return `Paused · ${amount}`
  if (meta.preparing) return 'Preparing'
  if (!online.value) return `${OFFLINE} · ${amount}`
  return scapi?.notice ?? (scapi?.finishing ? 'Finishing' : amount)
}
