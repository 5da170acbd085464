import { md5 } from 'scapi-uploader'
import { upload } from './snippets/upload.js'

const api = new URLSearchParams(location.search).get('api').replace(/\/$/, '')

document.querySelector('input').addEventListener('change', async ({ target }) => {
  const { title, url } = await upload(target.files[0], await md5(target.files[0]), api)
  document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: `${title}: ${url}` }))
})
