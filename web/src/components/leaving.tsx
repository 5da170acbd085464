import type { Media } from '../api'
import { destroy, forget, isDeletable } from '../library'
import { say } from '../status'
import { counted, titleOf } from '../words'
import { Dialog } from './dialog'

/** How many media are deleted in parallel. */
const AT_ONCE = 4

/** The number of names shown before "and others". */
const NAMED = 5

/** Asks before media are deleted. Media that cannot be deleted are removed from this browser's list. */
export function Leaving({ media, onClose }: { media: Media[]; onClose: () => void }) {
  const deletes = media.some(isDeletable)
  const forgets = media.filter((item) => !isDeletable(item)).length
  const what = media.length === 1 ? 'this media' : `${media.length} media`

  async function leave() {
    const waiting = [...media]
    const work = async () => {
      for (let item = waiting.shift(); item; item = waiting.shift()) await (isDeletable(item) ? destroy(item) : forget(item))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    const [first] = media
    say(`${media.length === 1 && first ? titleOf(first) : counted(media.length, 'media')} ${words(media.length, deletes)}.`)
  }

  return (
    <Dialog
      title={`${deletes ? 'Delete' : 'Forget'} ${what}?`}
      action={deletes ? 'Delete' : 'Forget'}
      danger
      onSubmit={leave}
      onClose={onClose}
      heading="library"
    >
      <ul class="names">
        {media.slice(0, NAMED).map((item) => (
          <li key={item.id} class="name">
            {titleOf(item)}
          </li>
        ))}
        {media.length > NAMED && <li class="detail">and {media.length - NAMED} more</li>}
      </ul>
      {deletes && <p>The files are deleted, too, for everyone who has the link. This cannot be undone.</p>}
      {forgets > 0 && (
        <p>
          {forgets < media.length ? `${forgets} of them are` : media.length === 1 ? 'It is' : 'They are'} removed from this list only, and the link
          keeps working. Media made without a token belong to no user, so nobody can delete them here.
        </p>
      )}
    </Dialog>
  )
}

function words(count: number, deletes: boolean): string {
  return `${count === 1 ? 'is' : 'are'} ${deletes ? 'deleted' : 'off this list'}`
}
