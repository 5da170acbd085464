import { createApp, h, reactive } from 'vue'
import Upload from './snippets/Upload.vue'

const query = new URLSearchParams(location.search)
const media = reactive([])
const props = { endpoint: query.get('api'), getToken: () => query.get('token'), onMedia: (one) => media.push(one) }

createApp(() => [h(Upload, props), h('ul', media.map(({ title, url }) => h('li', `${title}: ${url}`)))]).mount('main')
