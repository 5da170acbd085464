import Uppy from '@uppy/core'
import Scapi, { type Media } from 'scapi-uploader'

const query = new URLSearchParams(location.search)
const list = document.querySelector('ul') as HTMLUListElement
const input = document.querySelector('input') as HTMLInputElement

const uppy = new Uppy<Record<string, never>, Media & Record<string, unknown>>({ autoProceed: true }).use(Scapi, {
  endpoint: query.get('api') as string,
  token: async () => query.get('token') ?? undefined,
})

uppy.on('upload-success', (file, { body: media }) => {
  const notice: string | undefined = file?.scapi?.notice
  list.append(Object.assign(document.createElement('li'), { textContent: `${media?.title}: ${media?.url} ${notice ?? ''}` }))
})
uppy.on('upload-error', (_, error) => {
  list.append(Object.assign(document.createElement('li'), { textContent: error.message }))
})

input.addEventListener('change', () => {
  for (const data of input.files ?? []) uppy.addFile({ name: data.name, type: data.type, data })
})
