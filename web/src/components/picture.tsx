import type { Media } from '../api'
import { kindOf } from '../words'

/** The width of a tile of the grid in CSS pixels, for `sizes`. */
const TILE = '(max-width: 40rem) 33vw, 11rem'

/** The small picture of a media, sharp on every screen, or the name of its type. */
export function Picture({ media }: { media: Media }) {
  const { image_thumbnail: thumbnail, mimetype } = media
  if (!thumbnail) return <span class="kind">{kindOf(media)}</span>
  return (
    <>
      <img
        src={thumbnail.url}
        srcset={srcsetOf(media)}
        sizes={TILE}
        alt=""
        loading="lazy"
        draggable={false}
        decoding="async"
        style={{ backgroundColor: thumbnail.color ?? undefined }}
      />
      {!mimetype?.startsWith('image/') && <span class="badge">{kindOf(media)}</span>}
    </>
  )
}

/** Return the renditions of a media as a `srcset`; undefined while there are none. */
export function srcsetOf({ srcset, renditions }: Media): string | undefined {
  if (srcset) return srcset
  const webp = renditions?.filter(({ mimetype }) => mimetype === 'image/webp') ?? []
  return webp.map(({ url, width }) => `${url} ${width}w`).join(', ') || undefined
}
