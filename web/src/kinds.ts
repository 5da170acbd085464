/** The type of a file by its first bytes, and the name of the type. */

/** The types that a scapi server can accept, or that browsers can convert to one of these. */
const NAMES: Record<string, string> = {
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'image/gif': 'GIF',
  'image/webp': 'WebP',
  'image/avif': 'AVIF',
  'image/heic': 'HEIC',
  'image/bmp': 'BMP',
  'image/tiff': 'TIFF',
  'application/pdf': 'PDF',
}

/** The names of other types in a sentence. */
const OTHERS: Record<string, string> = {
  'image/jxl': 'a JPEG XL picture',
  'image/svg+xml': 'an SVG drawing',
  'image/vnd.adobe.photoshop': 'a Photoshop file',
  'video/mp4': 'a video',
  'video/webm': 'a video',
  'audio/mpeg': 'a sound recording',
  'application/zip': 'a ZIP or Office file',
  'text/html': 'a web page',
  'text/plain': 'a text file',
}

/** The number of first bytes to read. */
const HEAD = 1024 + 5

/** Signatures at the beginning of a file, as in the WHATWG MIME Sniffing Standard, and of files sent by mistake. */
const SIGNATURES: [string, string][] = [
  ['\xff\xd8\xff', 'image/jpeg'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['GIF8', 'image/gif'],
  ['BM', 'image/bmp'],
  ['II*\0', 'image/tiff'],
  ['MM\0*', 'image/tiff'],
  ['\xff\x0a', 'image/jxl'],
  ['\0\0\0\x0cJXL ', 'image/jxl'],
  ['8BPS', 'image/vnd.adobe.photoshop'],
  ['\x1aE\xdf\xa3', 'video/webm'],
  ['ID3', 'audio/mpeg'],
  ['PK\x03\x04', 'application/zip'],
]

/** Return the MIME type that the first bytes of a file show; undefined if they show none. Rejects if it cannot be read. */
export async function sniff(file: Blob): Promise<string | undefined> {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer())
  const head = String.fromCharCode(...bytes)
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'image/webp'
  if (head.slice(4, 8) === 'ftyp') return brand(head)
  if (head.includes('%PDF-')) return 'application/pdf' // readers skip bytes before it, such as a printer's banner
  const found = SIGNATURES.find(([signature]) => head.startsWith(signature))
  return found ? found[1] : text(bytes)
}

/** The type of an ISO base media file, by the brands in its first box. */
function brand(head: string): string {
  const length = Math.min(head.charCodeAt(2) * 256 + head.charCodeAt(3), HEAD)
  const brands = [head.slice(8, 12), ...(head.slice(16, length).match(/.{4}/gs) ?? [])]
  if (brands.some((name) => /^avi[fs]$/.test(name))) return 'image/avif'
  return brands.some((name) => /^(hei[cxms]|hev[cx]|mif1|msf1)$/.test(name)) ? 'image/heic' : 'video/mp4'
}

function text(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined
  let words: string
  try {
    words = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
  } catch {
    return undefined // not a text
  }
  if (/[\0-\x08\x0e-\x1a]/.test(words)) return undefined
  if (/<svg[\s>]/i.test(words)) return 'image/svg+xml'
  return /^\s*<(!doctype html|html|head|body)\b/i.test(words) ? 'text/html' : 'text/plain'
}

/** Return the name of a type: JPEG, PDF. */
export function nameOf(mimetype: string): string {
  return NAMES[mimetype] ?? mimetype.split('/')[1]?.replace(/^x-/, '').toUpperCase() ?? mimetype
}

/** Return the type of a file, as in "This is a text file". */
export function describeKind(mimetype: string | undefined): string {
  if (mimetype === undefined) return 'a file of an unknown kind'
  const article = /^[AEFHILMNORSX]/.test(nameOf(mimetype)) && mimetype !== 'image/heic' ? 'an' : 'a'
  return OTHERS[mimetype] ?? `${article} ${nameOf(mimetype)} file`
}

/** Return names as in a sentence: JPEG, PNG and PDF. */
export function listed(names: string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '')
}
