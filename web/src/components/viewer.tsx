import { useEffect, useRef } from 'preact/hooks'
import type { Media } from '../api'
import { isDeletable } from '../library'
import { say } from '../status'
import { factsOf, kindOf, titleOf } from '../words'
import { focusOn } from './dialog'
import { MediaTags } from './media-tags'
import { srcsetOf } from './picture'
import { Status, useModal } from './status'

interface Props {
  media: Media[]
  /** The number of media, including those that are not loaded. */
  count: number
  id: number
  onMove: (id: number) => void
  onLeave: (media: Media) => void
  onClose: () => void
}

/** The large view of a media; the arrow keys go to the next, Escape goes back. */
export function Viewer({ media, count, id, onMove, onLeave, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const at = media.findIndex((item) => item.id === id)
  const item = media[at]
  const depth = useModal(dialog)
  const last = useRef(at)
  if (item) last.current = at
  useEffect(() => {
    if (item) return
    const neighbour = media[last.current] ?? media.at(-1) // it was deleted
    if (neighbour) onMove(neighbour.id)
    else dialog.current?.close()
  }, [item])
  if (!item) return <dialog ref={dialog} class="viewer" onClose={onClose} />

  const before = media[at - 1]
  const after = media[at + 1]
  const name = titleOf(item)

  function press(event: KeyboardEvent) {
    const next = { ArrowLeft: before, ArrowRight: after, Home: media[0], End: media.at(-1) }[event.key]
    if (!next || event.altKey || event.metaKey || event.ctrlKey || event.target instanceof HTMLInputElement) return
    event.preventDefault()
    onMove(next.id)
  }

  function close() {
    onClose()
    if (document.activeElement === document.body) focusOn('library')
  }

  return (
    <dialog ref={dialog} class="viewer" aria-label={name} onKeyDown={press} onClose={close}>
      <div class="top">
        <p class="detail">
          {at + 1} of {count}
        </p>
        <div class="buttons">
          <button aria-disabled={!before} onClick={() => before && onMove(before.id)} aria-label="Previous">
            ‹
          </button>
          <button aria-disabled={!after} onClick={() => after && onMove(after.id)} aria-label="Next">
            ›
          </button>
          <button onClick={() => dialog.current?.close()}>Close</button>
        </div>
      </div>
      <div class="large">
        <Large key={id} media={item} />
      </div>
      <div class="about">
        <p class="name">{name}</p>
        <p class="detail">{factsOf(item).join(' · ')}</p>
        <MediaTags key={id} media={item} />
        <div class="buttons">
          <Sharing media={item} />
          <button onClick={() => onLeave(item)}>{isDeletable(item) ? 'Delete' : 'Forget'}</button>
        </div>
      </div>
      <Status depth={depth} />
    </dialog>
  )
}

function Large({ media }: { media: Media }) {
  const { image, image_thumbnail: thumbnail, image_width: width, image_height: height } = media
  const source = image && media.mimetype ? image : thumbnail?.url
  if (!source) return <span class="kind">{kindOf(media)}</span>
  return (
    <img
      src={source}
      srcset={srcsetOf(media)}
      sizes="100vw"
      width={width ?? undefined}
      height={height ?? undefined}
      alt={titleOf(media)}
      style={{ backgroundColor: thumbnail?.color ?? undefined }}
    />
  )
}

function Sharing({ media }: { media: Media }) {
  const { url, mimetype } = media
  if (!url) return null
  const name = titleOf(media)
  const isPicture = mimetype?.startsWith('image/')
  const markdown = `${isPicture ? '!' : ''}[${name.replaceAll(/[[\]\\]/g, '\\$&')}](${url})`
  return (
    <>
      {mimetype && (
        <a class="button" href={url} download={name}>
          Download
        </a>
      )}
      <a class="button" href={url} target="_blank" rel="noopener noreferrer">
        Open
      </a>
      <button onClick={() => void copy(url, 'The link is copied.')}>Copy link</button>
      <button onClick={() => void copy(markdown, 'The Markdown is copied.')}>Copy Markdown</button>
      <button onClick={() => void copy(isPicture ? pictureHtml(media) : linkHtml(url, name), 'The HTML is copied.')}>Copy HTML</button>
    </>
  )
}

function pictureHtml(media: Media): string {
  const element = document.createElement('img')
  element.src = media.url as string
  if (media.image_width) element.width = media.image_width
  if (media.image_height) element.height = media.image_height
  const srcset = srcsetOf(media)
  if (srcset) element.srcset = srcset
  element.alt = titleOf(media)
  return element.outerHTML
}

function linkHtml(url: string, name: string): string {
  const element = document.createElement('a')
  element.href = url
  element.textContent = name
  return element.outerHTML
}

async function copy(text: string, done: string) {
  if (!navigator.clipboard) return say('Over plain http, browsers copy nothing for a page: copy the link of Open instead.')
  try {
    await navigator.clipboard.writeText(text)
    say(done)
  } catch {
    say('The browser does not let this page copy: copy the link of Open instead.')
  }
}
