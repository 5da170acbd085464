import { signal } from '@preact/signals'
import { type RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { status } from '../status'

/** The number of open dialogs, one over another. Text behind a dialog is not seen and not read aloud. */
const dialogs = signal(0)

/** Open a dialog over the page, and return its number among the open dialogs. */
export function useModal(dialog: RefObject<HTMLDialogElement>): number {
  const [depth] = useState(() => dialogs.peek() + 1)
  useEffect(() => {
    dialog.current?.showModal()
    dialogs.value++
    return () => void dialogs.value--
  }, [])
  return depth
}

/** The status line with the latest event: on the page, or in the dialog with that number if it is on top. `isQuiet`: only read aloud. */
export function Status({ depth = 0, isQuiet = false }: { depth?: number; isQuiet?: boolean }) {
  const { text, seen } = status.value
  return (
    <p class={seen && !isQuiet ? 'status' : 'unseen'} role="status" hidden={depth !== dialogs.value}>
      {text}
    </p>
  )
}
