/** Converts pictures in the browser that are too large, or of a type that the server does not accept. */

import type { Limits } from './limits'

/** The most pixels that browsers decode safely. Larger pictures are left to the server, which refuses them. */
const MOST_PIXELS = 120_000_000

const QUALITY = 0.88

/** The most attempts to make a picture small enough. */
const TRIES = 4

/** The replacement of each type; it keeps transparency if the original may have some. */
const BECOMES: Record<string, string> = {
  'image/jpeg': 'image/jpeg',
  'image/heic': 'image/jpeg',
  'image/bmp': 'image/jpeg',
  'image/tiff': 'image/jpeg',
  'image/png': 'image/webp',
  'image/webp': 'image/webp',
  'image/avif': 'image/webp',
}

/** Return a version of the picture that the server accepts; undefined if this browser cannot make one. */
export async function fitted(file: Blob, mimetype: string, limits: Limits): Promise<Blob | undefined> {
  const becomes = BECOMES[mimetype]
  const most = becomes && limits.types[becomes]
  if (!becomes || !most || (await isAnimated(file, mimetype))) return undefined
  const size = await dimensions(file, mimetype)
  if (size && size.width * size.height > MOST_PIXELS) return undefined
  let picture: ImageBitmap
  try {
    picture = await createImageBitmap(file)
  } catch {
    return undefined // broken, or of a type that this browser does not know
  }
  try {
    let scale = Math.min(1, Math.sqrt(limits.max_pixels / (picture.width * picture.height)))
    for (let count = 0; count < TRIES; count++) {
      const made = await encoded(picture, scale, becomes)
      if (made.size <= most) return made.type === becomes || limits.types[made.type] ? made : undefined
      scale *= 0.95 * Math.sqrt(most / made.size)
    }
    return undefined
  } finally {
    picture.close()
  }
}

async function encoded(picture: ImageBitmap, scale: number, type: string): Promise<Blob> {
  const canvas = new OffscreenCanvas(Math.max(1, Math.floor(picture.width * scale)), Math.max(1, Math.floor(picture.height * scale)))
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return canvas.convertToBlob({ type, quality: QUALITY })
}

/** Whether the picture is animated and would lose its other frames. */
async function isAnimated(file: Blob, mimetype: string): Promise<boolean> {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 4096).arrayBuffer()))
  return mimetype === 'image/png' ? head.includes('acTL') : head.slice(12, 16) === 'VP8X' && (head.charCodeAt(20) & 2) > 0
}

/** Return width and height from the header of a picture; undefined if they are not there. */
export async function dimensions(file: Blob, mimetype: string): Promise<{ width: number; height: number } | undefined> {
  const head = new DataView(await file.slice(0, 512 * 1024).arrayBuffer())
  try {
    if (mimetype === 'image/png') return { width: head.getUint32(16), height: head.getUint32(20) }
    if (mimetype === 'image/jpeg') return ofJpeg(head)
    if (mimetype === 'image/webp') return ofWebp(head)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error // the file ends before its header does
  }
  return undefined
}

function ofJpeg(head: DataView): { width: number; height: number } | undefined {
  for (let at = 2; head.getUint8(at) === 0xff; at += 2 + head.getUint16(at + 2)) {
    const marker = head.getUint8(at + 1)
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { width: head.getUint16(at + 7), height: head.getUint16(at + 5) }
  }
  return undefined
}

function ofWebp(head: DataView): { width: number; height: number } | undefined {
  const kind = head.getUint8(15)
  if (kind === 0x58) return { width: 1 + (head.getUint32(23, true) >>> 8), height: 1 + (head.getUint32(26, true) >>> 8) } // VP8X
  if (kind === 0x20) return { width: head.getUint16(26, true) & 0x3fff, height: head.getUint16(28, true) & 0x3fff } // VP8
  return undefined
}
