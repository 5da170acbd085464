/** Chooses the size of pieces: large ones wait for fewer answers, small ones lose less when the connection breaks. */

const MiB = 1024 * 1024

export const MIN_PIECE = MiB
export const MAX_PIECE = 5 * MiB

/** The target time for sending a piece, in milliseconds. */
const QUICK = 1500
const SLOW = 6000

/** Return the size of the next piece in bytes, after a piece of `size` bytes took `milliseconds`. */
export function nextPiece(size: number, milliseconds: number): number {
  if (milliseconds < QUICK) return Math.min(size * 2, MAX_PIECE)
  return milliseconds > SLOW ? Math.max(size / 2, MIN_PIECE) : size
}
