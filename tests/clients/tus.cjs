// Uploads a file by tus-js-client and prints the address of its media: node tus.cjs ENDPOINT FILE OPTIONS
const fs = require('node:fs')
const { PassThrough } = require('node:stream')
const tus = require('tus-js-client')

const [endpoint, path, options] = process.argv.slice(2)
const chosen = JSON.parse(options)
const whole = chosen.parallelUploads ? fs.readFileSync(path) : fs.createReadStream(path)
// of a stream whose size it knows, the client announces more bytes than the last piece has
const source = chosen.uploadLengthDeferred ? whole.pipe(new PassThrough()) : whole
const upload = new tus.Upload(source, {
  endpoint,
  metadata: { filename: 'photo.jpg' },
  retryDelays: null,
  ...chosen,
  onError(error) {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess({ lastResponse }) {
    console.log(lastResponse.getHeader('Scapi-Media'))
  },
})
upload.start()
