import { useState } from 'preact/hooks'
import { call, type Media } from '../api'
import { add } from '../library'
import { say } from '../status'

/** Makes a media from a pasted link. */
export function LinkForm() {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const url = String(new FormData(form).get('url'))
    setBusy(true)
    setProblem('')
    try {
      const type = /(^|\.)vimeo\.com$/.test(new URL(url).hostname) ? 'vimeo' : 'url'
      const media = await call<Media>('POST', 'media/', { body: { type, url } })
      add(media)
      say(`${media.title || url} is in your library.`)
      form.reset()
    } catch (error) {
      setProblem((error as Error).message)
    }
    setBusy(false)
  }

  return (
    <form class="link" onSubmit={submit}>
      <label for="url">Or paste a link</label>
      <div class="field">
        <input id="url" name="url" type="url" required placeholder="https://" autocomplete="off" aria-describedby="url-problem" />
        <button disabled={busy}>{busy ? 'Looking at it' : 'Add link'}</button>
      </div>
      <p id="url-problem" class="problem" role="alert">
        {problem}
      </p>
    </form>
  )
}
