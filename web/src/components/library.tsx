import { useState } from 'preact/hooks'
import type { Media } from '../api'
import { destroy, forget, library } from '../library'
import { say } from '../status'
import { token } from '../token'
import { bytes, counted } from '../words'
import { Dialog } from './dialog'
import { More } from './more'

/** The media, the newest first. */
export function Library() {
  const [leaving, setLeaving] = useState<Media>()
  return (
    <section aria-labelledby="library">
      <h2 id="library" tabIndex={-1}>
        Library
      </h2>
      <ul class="library" aria-label="Media">
        {library.items.value.map((media) => (
          <Item key={media.id} media={media} onLeave={() => setLeaving(media)} />
        ))}
      </ul>
      <More
        list={library}
        empty={token.value ? 'Nothing here yet.' : 'Nothing here yet. Without a token, this lists what this browser uploads.'}
      />
      {leaving && <Leaving media={leaving} onClose={() => setLeaving(undefined)} />}
    </section>
  )
}

function Item({ media, onLeave }: { media: Media; onLeave: () => void }) {
  const { url, image_thumbnail: thumbnail } = media
  const name = nameOf(media)
  return (
    <li>
      <div class="thumbnail" style={{ backgroundColor: thumbnail?.color ?? undefined }}>
        {thumbnail ? <img src={thumbnail.url} alt="" loading="lazy" /> : <span aria-hidden="true">{kindOf(media)}</span>}
      </div>
      <p class="name">{name}</p>
      <p class="detail">{factsOf(media).join(' · ')}</p>
      <div class="buttons">
        {url && (
          <>
            <a class="button" href={url} target="_blank" rel="noopener noreferrer">
              Open<span class="unseen"> {name}</span>
            </a>
            <button onClick={() => copy(url)}>
              Copy link<span class="unseen"> to {name}</span>
            </button>
          </>
        )}
        <button onClick={onLeave}>
          {token.value ? 'Delete' : 'Forget'}
          <span class="unseen"> {name}</span>
        </button>
      </div>
    </li>
  )
}

function Leaving({ media, onClose }: { media: Media; onClose: () => void }) {
  const name = nameOf(media)
  const deletes = Boolean(token.value)

  async function leave() {
    if (deletes) await destroy(media)
    else forget(media)
    say(`${name} ${deletes ? 'is deleted' : 'is off this list'}.`)
  }

  return (
    <Dialog
      title={deletes ? 'Delete this media?' : 'Forget this media?'}
      action={deletes ? 'Delete' : 'Forget'}
      danger
      onSubmit={leave}
      onClose={onClose}
      heading="library"
    >
      <p class="name">{name}</p>
      <p>
        {deletes
          ? 'Its files go too, for everyone who has the link. This cannot be undone.'
          : 'It goes from this list only, and its link keeps working. What is made without a token belongs to nobody, so ' +
            'nobody can delete it here.'}
      </p>
    </Dialog>
  )
}

async function copy(address: string) {
  if (!navigator.clipboard) return say('Over plain http, browsers copy nothing for a page: copy the link of Open instead.')
  try {
    await navigator.clipboard.writeText(address)
    say('The link is copied.')
  } catch {
    say('The browser does not let this page copy: copy the link of Open instead.')
  }
}

function nameOf({ title, url }: Media): string {
  return title || url || 'Untitled'
}

function kindOf({ mimetype, type }: Media): string {
  return mimetype ? (mimetype.split('/')[1] ?? mimetype).toUpperCase() : type === 'vimeo' ? 'Vimeo' : type === 'embed' ? 'Embed' : 'Link'
}

function factsOf(media: Media): string[] {
  const { size, mimetype, pages, image_width: width, image_height: height, url } = media
  const facts = [kindOf(media)]
  if (size !== null) facts.push(bytes(size))
  if (pages !== null) facts.push(counted(pages, 'page'))
  else if (mimetype && width && height) facts.push(`${width} × ${height}`)
  if (!mimetype && url && URL.canParse(url)) facts.push(new URL(url).hostname)
  return facts
}
