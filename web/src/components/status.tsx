import { signal } from '@preact/signals'
import { type RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { status } from '../status'

/** How many dialogs are open, one over the other. What is behind one is seen and heard by nobody. */
const dialogs = signal(0)

/** Open a dialog over the page, and return its number among those that are open. */
export function useModal(dialog: RefObject<HTMLDialogElement>): number {
  const [depth] = useState(() => dialogs.peek() + 1)
  useEffect(() => {
    dialog.current?.showModal()
    dialogs.value++
    return () => void dialogs.value--
  }, [])
  return depth
}

/** The line that says what has just happened: on the page, or in the dialog with that number, whichever is on top. `isQuiet`: only to be heard. */
export function Status({ depth = 0, isQuiet = false }: { depth?: number; isQuiet?: boolean }) {
  const { text, seen } = status.value
  return (
    <p class={seen && !isQuiet ? 'status' : 'unseen'} role="status" hidden={depth !== dialogs.value}>
      {text}
    </p>
  )
}
