/** The media made in this browser without a token: the server does not list them. */

import type { Media } from './api'

interface Made {
  id: number
  /** The delete token, if the server sent one. */
  deleteToken?: string | null
  /** The MD5 of the sent file. */
  md5?: string
}

const LIST = 'scapi.media'

/** Return these media, the newest first. */
export function madeHere(): Made[] {
  const kept: (Made | number)[] = JSON.parse(localStorage.getItem(LIST) ?? '[]')
  return kept.map((entry) => (typeof entry === 'number' ? { id: entry } : entry)) // version 0.1.0 stored numbers
}

/** Store a media that was made without a token. */
export function keep({ id, delete_token: deleteToken }: Media, md5?: string): void {
  write([{ id, deleteToken, md5 }, ...madeHere().filter((entry) => entry.id !== id)])
}

export function drop(id: number): void {
  write(madeHere().filter((entry) => entry.id !== id))
}

export function deleteTokenOf(id: number): string | null | undefined {
  return madeHere().find((entry) => entry.id === id)?.deleteToken
}

/** Return the id of the media made here, without a token, from a file with this MD5. */
export function madeOf(md5: string): number | undefined {
  return madeHere().find((entry) => entry.md5 === md5)?.id
}

function write(made: Made[]): void {
  localStorage.setItem(LIST, JSON.stringify(made))
}
