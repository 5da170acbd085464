/** How large a piece may be: large ones need fewer answers to wait for, small ones lose less when the line is cut. */

const MiB = 1024 * 1024

export const MIN_PIECE = MiB
export const MAX_PIECE = 5 * MiB

/** Milliseconds within which a piece should be on its way. */
const QUICK = 1500
const SLOW = 6000

/** Return the size of the next piece, in bytes, when one of `size` bytes took `milliseconds`. */
export function nextPiece(size: number, milliseconds: number): number {
  if (milliseconds < QUICK) return Math.min(size * 2, MAX_PIECE)
  return milliseconds > SLOW ? Math.max(size / 2, MIN_PIECE) : size
}
