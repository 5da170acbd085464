/** Hashes a file chunk by chunk beside the page, whatever its size. */

import { md5 } from '@noble/hashes/legacy.js'
import { bytesToHex } from '@noble/hashes/utils.js'

const READ_SIZE = 1024 * 1024

addEventListener('message', ({ data }: MessageEvent<Blob>) => {
  hash(data).then(postMessage, reportError)
})

async function hash(file: Blob): Promise<string> {
  const md = md5.create()
  for (let start = 0; start < file.size; start += READ_SIZE) {
    md.update(new Uint8Array(await file.slice(start, start + READ_SIZE).arrayBuffer()))
  }
  return bytesToHex(md.digest())
}
