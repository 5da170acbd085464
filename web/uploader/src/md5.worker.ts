import { hash } from './hash.js'

addEventListener('message', ({ data }: MessageEvent<Blob>) => {
  hash(data).then(
    (digest) => postMessage({ digest }),
    () => postMessage({}), // the file can no longer be read
  )
})
