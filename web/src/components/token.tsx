import { useState } from 'preact/hooks'
import { checkToken } from '../api'
import { say } from '../status'
import { token, userName } from '../token'
import { Dialog } from './dialog'

/** The button that shows whether a token is set, and the dialog that sets it. */
export function Token() {
  const [open, setOpen] = useState(false)

  async function save(fields: FormData) {
    const candidate = String(fields.get('token')).trim().replace(/^Bearer\s+/i, '')
    if (candidate) await checkToken(candidate)
    token.value = candidate
    say(candidate ? 'The token is set.' : 'The token is removed.')
  }

  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {!token.value ? 'Set token' : userName.value === undefined ? 'Token is set' : `User ${userName.value}`}
      </button>
      {open && (
        <Dialog title="Token" action="Save" onSubmit={save} onClose={() => setOpen(false)}>
          <p>
            With a token, what you upload is yours: only you can delete it. It stays in this tab until you close it or
            save this field empty.
          </p>
          <label for="token">Bearer token</label>
          <input id="token" name="token" type="password" autocomplete="off" spellcheck={false} value={token.value} />
        </Dialog>
      )}
    </>
  )
}
