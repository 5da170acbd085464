// A page of another origin that uploads by tus: Uppy with its plug-in for tus, and tus-js-client by itself.
import Uppy from '@uppy/core'
import Tus from '@uppy/tus'
import { Upload } from 'tus-js-client'

const { api, token } = Object.fromEntries(new URLSearchParams(location.search))
const endpoint = `${api}/api/v2/tus/`
const headers = { Authorization: `Bearer ${token}` }

function element(name, properties, parent = document.body) {
  return parent.appendChild(Object.assign(document.createElement(name), properties))
}

const fetched = async (url) => (await fetch(url, { headers })).json()

/** The controls of one client: a field for files, two buttons, and what is said of each file. */
function controls(name, { onFile, onPause, onResume }) {
  const section = element('section', { ariaLabel: name, role: 'group' })
  const input = element('input', { type: 'file', multiple: true, ariaLabel: 'Files' }, section)
  input.addEventListener('change', () => [...input.files].forEach(onFile))
  element('button', { textContent: 'Pause', onclick: onPause }, section)
  element('button', { textContent: 'Resume', onclick: onResume }, section)
  const sent = element('output', {}, section)
  const list = element('ul', {}, section)
  return {
    progress: (bytes) => (sent.value = bytes),
    done: (file, { url }) => element('li', { textContent: `${file} ${url}` }, list),
    failed: (file, error) => element('li', { role: 'alert', textContent: `${file} ${error.message}` }, list),
  }
}

const uppy = new Uppy({ autoProceed: true }).use(Tus, { endpoint, headers })
const byUppy = controls('Uppy', {
  onFile: (data) => uppy.addFile({ name: data.name, type: data.type, data }),
  onPause: () => uppy.pauseAll(),
  onResume: () => uppy.resumeAll(),
})
uppy.on('upload-progress', (file, { bytesUploaded }) => byUppy.progress(bytesUploaded))
uppy.on('upload-error', (file, error) => byUppy.failed(file.name, error))
uppy.on('upload-success', async (file, { uploadURL }) => byUppy.done(file.name, (await fetched(uploadURL)).media))

let upload
const byClient = controls('tus-js-client', {
  onFile: async (file) => {
    upload = new Upload(file, {
      endpoint,
      headers,
      metadata: { filename: file.name, filetype: file.type },
      onProgress: byClient.progress,
      onError: (error) => byClient.failed(file.name, error),
      onSuccess: async ({ lastResponse }) => byClient.done(file.name, await fetched(lastResponse.getHeader('Scapi-Media'))),
    })
    const [previous] = await upload.findPreviousUploads()
    if (previous) upload.resumeFromPreviousUpload(previous)
    upload.start()
  },
  onPause: () => upload.abort(),
  onResume: () => upload.start(),
})
