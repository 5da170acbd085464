import { accept, limits, summary } from '../limits'
import { take } from '../uploader'

/** Where files are chosen, dropped, pasted or photographed. */
export function Drop() {
  return (
    <div class="drop">
      <div class="choose">
        <input type="file" id="files" class="unseen" multiple accept={accept.value || undefined} onChange={chosen} />
        <label for="files" class="button primary">
          Choose files
        </label>
        <input type="file" id="camera" class="unseen camera" accept="image/*" capture="environment" onChange={chosen} />
        <label for="camera" class="button camera">
          Take a photo
        </label>
      </div>
      <p>
        <span class="for-mouse">or drop them anywhere on this page, or paste a picture</span>
        {limits.value && <small>{summary.value}. Larger photos are made to fit.</small>}
      </p>
    </div>
  )
}

function chosen({ currentTarget: input }: { currentTarget: HTMLInputElement }) {
  take(input.files ?? [])
  input.value = '' // so that the same file can be chosen again
}
