/** Numbers and dates for people. */

import { prettierBytes } from '@transloadit/prettier-bytes'
import type { Media } from './api'

export { prettierBytes as bytes } from '@transloadit/prettier-bytes'

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 || noun === 'media' ? '' : 's'}`
}

/** Return the name of the day on which something was added: Today, Yesterday, or its date. */
export function dayOf(moment: string): string {
  const date = new Date(moment)
  const today = new Date()
  const days = Math.round((midnight(today) - midnight(date)) / 86_400_000)
  if (days === 0) return 'Today'
  if (days === 1) return 'Yesterday'
  const year = date.getFullYear() === today.getFullYear() ? undefined : 'numeric'
  return date.toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year })
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}

export function titleOf({ title, url, embed_type: kind, embed_id: id }: Media): string {
  return title || url || (kind && id ? `${kind} ${id}` : 'Untitled')
}

/** Return the type of a media in a word: JPEG, PDF, Link. */
export function kindOf({ mimetype, type }: Media): string {
  if (mimetype === 'image/webp') return 'WebP'
  return mimetype ? (mimetype.split('/')[1] ?? mimetype).toUpperCase() : type === 'vimeo' ? 'Vimeo' : type === 'embed' ? 'Embed' : 'Link'
}

/** Return short facts about a media. */
export function factsOf(media: Media): string[] {
  const { size, mimetype, pages, image_width: width, image_height: height, url } = media
  const facts = [kindOf(media)]
  if (size !== null) facts.push(prettierBytes(size))
  if (pages !== null) facts.push(counted(pages, 'page'))
  else if (mimetype && width && height) facts.push(`${width} × ${height}`)
  if (!mimetype && url && URL.canParse(url)) facts.push(new URL(url).hostname)
  return facts
}
