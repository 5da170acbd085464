/** How fast the files are being sent. */

import { emaFilter } from '@uppy/core/utils'
import { useEffect, useState } from 'preact/hooks'
import { files, type UploadFile } from './uploader'

/** Milliseconds between two measurements, and the half-life of older ones. */
const TICK = 500
const HALF_LIFE = 2000

/** Return the bytes of a file that were sent, acknowledged or not. */
export function sent({ progress, size }: UploadFile): number {
  return progress.uploadComplete ? (size ?? 0) : progress.bytesUploaded || 0
}

export function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Return the recent speed of all files in bytes per second. */
export function useSpeed(isRunning: boolean): number {
  const [speed, setSpeed] = useState(0)
  useEffect(() => {
    let before = counts()
    let smoothed: number | undefined
    const timer = setInterval(() => {
      const now = counts()
      const gained = sum([...now].map(([id, count]) => Math.max(0, count - (before.get(id) ?? count))))
      before = now
      const latest = (gained * 1000) / TICK
      smoothed = smoothed === undefined ? latest : emaFilter(latest, smoothed, HALF_LIFE, TICK)
      setSpeed(smoothed)
    }, TICK)
    return () => {
      clearInterval(timer)
      setSpeed(0)
    }
  }, [isRunning])
  return speed
}

function counts(): Map<string, number> {
  return new Map(files.value.map((file) => [file.id, sent(file)]))
}
