import { prettyETA } from '@uppy/core/utils'
import { OFFLINE, online } from '../network'
import { sent, sum, useSpeed } from '../speed'
import { canPause, files, isUnderWay, resume, start, type UploadFile, uppy } from '../uploader'
import { bytes, counted } from '../words'
import { focusOn } from './dialog'


/** The progress of all files, and the actions for all of them. */
export function Total() {
  const counting = files.value.filter(({ error, isGhost }) => !error && !isGhost)
  const failed = files.value.filter(({ error }) => error)
  const again = failed.filter(({ meta, scapi }) => !meta.inVain && !meta.isKnown && !scapi?.refused)
  const underWay = counting.filter(isUnderWay)
  const running = underWay.filter((file) => !file.isPaused)
  const pausable = running.filter(canPause)
  const paused = underWay.filter((file) => file.isPaused)
  const total = sum(counting.map(({ size }) => size ?? 0))
  const soFar = sum(counting.map(sent))
  const speed = useSpeed(running.length > 0 && online.value)
  if (!underWay.length && failed.length < 2) return null

  const words: string[] = []
  if (underWay.length) {
    const done = counting.length - underWay.length
    words.push(`${done} of ${counted(counting.length, 'file')}`, `${bytes(soFar)} of ${bytes(total)}`)
    const left = sum(running.map((file) => (file.size ?? 0) - sent(file)))
    if (running.length && !online.value) words.push(OFFLINE)
    else if (left > 0 && speed > 0) words.push(`${bytes(speed)}/s`, `${prettyETA(Math.ceil(left / speed))} left`)
  }
  if (failed.length) words.push(`${failed.length} could not be uploaded`)
  return (
    <div class="total">
      {underWay.length > 0 && <progress value={soFar} max={total || 1} aria-label="All uploads" />}
      <p>{words.join(' · ')}</p>
      <div class="buttons">
        {pausable.length > 0 && <button onClick={() => pausable.forEach(({ id }) => uppy.pauseResume(id))}>Pause all</button>}
        {paused.length > 0 && <button onClick={() => paused.forEach(({ id }) => resume(id))}>Resume all</button>}
        {again.length > 1 && <button onClick={() => again.forEach(({ id }) => void start(id))}>Retry failed</button>}
        {failed.length > 1 && <button onClick={() => dismiss(failed)}>Dismiss all</button>}
        {underWay.length > 0 && <button onClick={() => dismiss(underWay)}>Cancel all</button>}
      </div>
    </div>
  )
}

function dismiss(those: UploadFile[]) {
  uppy.removeFiles(those.map(({ id }) => id))
  focusOn('upload')
}
