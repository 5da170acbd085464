import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import { Status, useModal } from './status'

interface Props {
  title: string
  /** The label of the button that ends the dialog, such as Delete. */
  action: string
  danger?: boolean
  /** The action of the button. If it rejects, the message is shown and the dialog stays. */
  onSubmit: (fields: FormData) => Promise<void> | void
  onClose: () => void
  /** Id of the heading that gets the focus if the element that had it before is gone. */
  heading?: string
  children: ComponentChildren
}

/** A question to the user in the browser's own dialog, which keeps the focus and closes with Escape. */
export function Dialog({ title, action, danger, onSubmit, onClose, heading = '', children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const label = useId()
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const depth = useModal(dialog)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      await onSubmit(new FormData(event.target as HTMLFormElement))
      dialog.current?.close()
    } catch (error) {
      setProblem((error as Error).message)
    }
    setBusy(false)
  }

  function close() {
    onClose()
    if (document.activeElement === document.body) focusOn(heading)
  }

  return (
    <dialog ref={dialog} aria-labelledby={label} onClose={close}>
      <form onSubmit={submit}>
        <h2 id={label}>{title}</h2>
        {children}
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={danger ? 'danger' : 'primary'} disabled={busy}>
            {action}
          </button>
        </div>
      </form>
      <Status depth={depth} isQuiet />
    </dialog>
  )
}

/** The element that gets the focus if the one that had it is gone. */
export function focusOn(id: string): void {
  document.getElementById(id)?.focus()
}
