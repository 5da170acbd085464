import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import type { Media, Tag } from '../api'
import { say } from '../status'
import { assign, create, tagsOf, tagsWith, unassign } from '../tags'
import { focusOn } from './dialog'

/** The tags of a media, each with a button to remove it, and a field to add one. */
export function MediaTags({ media: { id } }: { media: Media }) {
  const shown = useSignal<Tag[]>([])
  const offered = useSignal<Tag[]>([])
  const field = useId()
  useEffect(() => {
    const leaving = new AbortController()
    tagsOf(id, leaving.signal).then(
      (tags) => (shown.value = tags),
      () => {}, // the media is shown without them
    )
    return () => leaving.abort()
  }, [id])

  async function offer(words: string) {
    offered.value = await tagsWith(words).catch(() => [])
  }

  async function put(event: SubmitEvent) {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const name = String(new FormData(form).get('tag')).trim()
    if (!name) return
    await tried(async () => {
      const same = (tag: Tag) => tag.name.toLowerCase() === name.toLowerCase()
      const tag = (await tagsWith(name)).find(same) ?? (await create(name))
      await assign(tag.id, id)
      if (!shown.value.some((other) => other.id === tag.id)) shown.value = [...shown.value, tag]
      form.reset()
    })
  }

  async function take(tag: Tag) {
    await tried(async () => {
      await unassign(tag.id, id)
      shown.value = shown.value.filter((other) => other.id !== tag.id)
      focusOn(field)
    })
  }

  return (
    <div class="media-tags">
      <ul aria-label="Tags of this media">
        {shown.value.map((tag) => (
          <li key={tag.id}>
            <span class="swatch" style={{ backgroundColor: tag.color }} />
            {tag.name}
            <button aria-label={`Take ${tag.name} off`} onClick={() => void take(tag)}>
              ×
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={put}>
        <input
          id={field}
          name="tag"
          aria-label="Add a tag"
          placeholder="Add a tag"
          maxLength={64}
          autocomplete="off"
          list={`${field}-offered`}
          onInput={({ currentTarget }) => void offer(currentTarget.value)}
        />
        <datalist id={`${field}-offered`}>
          {offered.value.map(({ id, name }) => (
            <option key={id} value={name} />
          ))}
        </datalist>
      </form>
    </div>
  )
}

async function tried(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    say((error as Error).message)
  }
}
