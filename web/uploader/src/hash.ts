import { md5 } from '@noble/hashes/legacy.js'
import { bytesToHex } from '@noble/hashes/utils.js'

const READ_SIZE = 1024 * 1024

/** Hash a file of any size block by block. */
export async function hash(file: Blob, signal?: AbortSignal): Promise<string> {
  const md = md5.create()
  for (let start = 0; start < file.size; start += READ_SIZE) {
    signal?.throwIfAborted()
    md.update(new Uint8Array(await file.slice(start, start + READ_SIZE).arrayBuffer()))
  }
  return bytesToHex(md.digest())
}
