import { useState } from 'preact/hooks'
import type { Tag } from '../api'
import { say } from '../status'
import { destroy, save, search, tags } from '../tags'
import { Dialog } from './dialog'
import { More } from './more'
import { SearchField } from './search-field'

const TYPES = { user: 'Users', category: 'Categories', contribution: 'Contributions' }

/** The tags: list, search, create, change, delete. */
export function Tags() {
  const [edited, setEdited] = useState<Partial<Tag>>()
  const [leaving, setLeaving] = useState<Tag>()
  return (
    <>
      <h2 id="tags" class="unseen" tabIndex={-1}>
        Tags
      </h2>
      <div class="field">
        <SearchField label="Search tags" onSearch={(words) => (search.value = words)} />
        <button onClick={() => setEdited({})}>New tag</button>
      </div>
      <ul class="tags" aria-label="Tags">
        {tags.items.value.map((tag) => (
          <li key={tag.id}>
            <span class="swatch" style={{ backgroundColor: tag.color }} />
            <div class="what">
              <p class="name">{tag.name}</p>
              <p class="detail">{[TYPES[tag.type as keyof typeof TYPES], tag.description].filter(Boolean).join(' · ')}</p>
            </div>
            <div class="buttons">
              <button onClick={() => setEdited(tag)}>
                Edit<span class="unseen"> {tag.name}</span>
              </button>
              <button onClick={() => setLeaving(tag)}>
                Delete<span class="unseen"> {tag.name}</span>
              </button>
            </div>
          </li>
        ))}
      </ul>
      <More list={tags} shown={tags.items.value.length} empty={search.value ? 'No tag matches.' : 'No tags yet.'} />
      {edited && <Edit tag={edited} onClose={() => setEdited(undefined)} />}
      {leaving && <Leaving tag={leaving} onClose={() => setLeaving(undefined)} />}
    </>
  )
}

function Edit({ tag, onClose }: { tag: Partial<Tag>; onClose: () => void }) {
  async function submit(fields: FormData) {
    await save(fields, tag.id)
    say(`${fields.get('name')} is saved.`)
  }

  return (
    <Dialog title={tag.id === undefined ? 'New tag' : 'Edit tag'} action="Save" onSubmit={submit} onClose={onClose}>
      <label for="tag-name">Name</label>
      <input id="tag-name" name="name" required maxLength={64} autocomplete="off" value={tag.name ?? ''} />
      <label for="tag-description">Description</label>
      <textarea id="tag-description" name="description" maxLength={500} rows={3} value={tag.description ?? ''} />
      <div class="pair">
        <div>
          <label for="tag-color">Colour</label>
          <input id="tag-color" name="color" type="color" value={tag.color ?? '#808080'} />
        </div>
        <div>
          <label for="tag-type">For</label>
          <select id="tag-type" name="type" value={tag.type ?? 'user'}>
            {Object.entries(TYPES).map(([type, label]) => (
              <option value={type}>{label}</option>
            ))}
          </select>
        </div>
      </div>
    </Dialog>
  )
}

function Leaving({ tag, onClose }: { tag: Tag; onClose: () => void }) {
  async function submit() {
    await destroy(tag.id)
    say(`${tag.name} is deleted.`)
  }

  return (
    <Dialog
      title="Delete this tag?"
      action="Delete"
      danger
      onSubmit={submit}
      onClose={onClose}
      heading="tags"
    >
      <p class="name">{tag.name}</p>
      <p>It is removed from everything it is assigned to. This cannot be undone.</p>
    </Dialog>
  )
}
