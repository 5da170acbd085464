/** One of the smaller copies of a picture. */
export interface Rendition {
  url: string
  width: number
  height: number
  mimetype: string
}

/** The media that the server makes from an upload or a link. */
export interface Media {
  id: number
  hash_code: string
  added_at: string
  type: string
  title: string | null
  description: string | null
  url: string | null
  image: string | null
  image_width: number | null
  image_height: number | null
  image_thumbnail: { url: string; width: number; height: number; color: string | null; blurhash?: string | null } | null
  size: number | null
  mimetype: string | null
  pages: number | null
  embed_type: string | null
  embed_id: string | null
  renditions?: Rendition[] | null
  /** Renditions for the `srcset` of an `<img>`. */
  srcset?: string | null
  /** Deletes a media that was made without a token; sent once, in the answer that made the media. */
  delete_token?: string | null
}
