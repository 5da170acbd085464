export { Api, ApiError, type ApiRequest } from './api.js'
export { md5, UNREADABLE } from './md5.js'
export type { Media, Rendition } from './media.js'
export { default, type ScapiOptions, type UploadState } from './plugin.js'
