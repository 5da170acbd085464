import type { Body, Meta, Uppy } from '@uppy/core'
import { BasePlugin, EventManager } from '@uppy/core'
import { Api, ApiError } from './api.js'
import { md5 } from './md5.js'
import type { Media } from './media.js'
import { Memory } from './memory.js'
import { abort, type Place, transfer } from './transfer.js'

export interface ScapiOptions {
  id?: string
  /** The API's URL, such as https://media.example.org/api/v2/. */
  endpoint: string
  /** Returns the user's bearer token. Uploads without a token belong to no user. */
  token?: () => string | undefined | Promise<string | undefined>
  /** Called if a file was removed while the server finished it, and the server does not allow deleting it. */
  onTooLate?: (media: Media, name: string) => void
}

/** The plug-in's data of a file, in `file.scapi`. */
export interface UploadState {
  /** Why it waits, as a sentence for a person. */
  notice?: string
  /** All bytes are sent: it can no longer be paused. */
  finishing?: boolean
  /** The server refuses this file; another try would fail, too. */
  refused?: boolean
}

declare module '@uppy/core/utils' {
  export interface LocalUppyFile<M extends Meta, B extends Body> {
    scapi?: UploadState
  }
  export interface RemoteUppyFile<M extends Meta, B extends Body> {
    scapi?: UploadState
  }
}

const PAUSED = new Error('paused')
const REMOVED = new Error('removed')

/** Sends Uppy's files to scapi. `upload-success` has the media as `response.body`. */
export default class ScapiUploader<M extends Meta, B extends Body> extends BasePlugin<ScapiOptions, M, B> {
  readonly #place: Place
  #begun = 0

  constructor(uppy: Uppy<M, B>, options: ScapiOptions) {
    super(uppy, options)
    this.id = options.id ?? 'ScapiUploader'
    this.type = 'uploader'
    const token = options.token ?? (() => undefined)
    this.#place = {
      api: new Api(options.endpoint, token),
      memory: new Memory(options.endpoint),
      isOwner: async () => Boolean(await token()),
    }
  }

  override install(): void {
    this.#setCapabilities(true)
    this.uppy.addUploader(this.#upload)
    this.uppy.on('file-removed', this.#forget)
  }

  override uninstall(): void {
    this.#setCapabilities(false)
    this.uppy.removeUploader(this.#upload)
    this.uppy.off('file-removed', this.#forget)
  }

  /** Whether the server has a part of a file, so that its upload can go on. */
  hasBegun(fileId: string): boolean {
    return this.#place.memory.get(fileId) !== undefined
  }

  #setCapabilities(resumableUploads: boolean): void {
    const { capabilities } = this.uppy.getState()
    this.uppy.setState({ capabilities: { ...capabilities, resumableUploads, individualCancellation: true } })
  }

  #upload = async (ids: string[]): Promise<void> => {
    await Promise.all(ids.map((id) => this.#send(id)))
  }

  /** End the upload of a file that was removed while it was paused, waiting or being sent. */
  #forget = ({ id, progress, scapi }: { id: string; progress: { uploadComplete?: boolean }; scapi?: UploadState }): void => {
    if (!progress.uploadComplete && !scapi?.finishing) void abort(this.#place, id)
  }

  async #send(id: string): Promise<void> {
    const file = this.uppy.getFile(id)
    const { data, name } = file as { data: Blob; name: string }
    const removal = new AbortController()
    const events = new EventManager(this.uppy)
    events.onFileRemove(id, () => removal.abort(REMOVED))
    const digest = md5(data, removal.signal)
    digest.catch(() => {}) // it is awaited where it is needed
    const source = {
      id,
      name,
      data,
      md5: digest,
      priority: -this.#begun++,
      onProgress: (bytesUploaded: number) => {
        const progress = { uploadStarted: 0, bytesUploaded, bytesTotal: data.size }
        this.uppy.emit('upload-progress', this.uppy.getFile(id), progress)
      },
      onFinishing: () => this.#note(id, { finishing: true }),
      onNotice: (notice?: string) => this.#note(id, { notice }),
    }
    this.#note(id, { finishing: false, refused: false })
    this.uppy.emit('upload-start', [file])
    try {
      const media = await this.#transferred(source, events, removal.signal)
      if (removal.signal.aborted) await this.#takeBack(media, name)
      else this.#succeed(id, media)
    } catch (error) {
      if (removal.signal.aborted) return
      this.#note(id, { finishing: false, refused: error instanceof ApiError && error.refused })
      this.uppy.emit('upload-error', this.uppy.getFile(id), error as Error)
    } finally {
      events.remove()
    }
  }

  async #transferred(
    source: Omit<Parameters<typeof transfer>[1], 'signal'>,
    events: EventManager<M, B>,
    removed: AbortSignal,
  ): Promise<Media> {
    for (;;) {
      const pause = new AbortController()
      events.onPause(source.id, (paused) => paused && pause.abort(PAUSED))
      try {
        return await transfer(this.#place, { ...source, signal: AbortSignal.any([removed, pause.signal]) })
      } catch (error) {
        if (error !== PAUSED) throw error
      }
      await new Promise<void>((resolve, reject) => {
        events.onPause(source.id, (paused) => !paused && resolve())
        removed.addEventListener('abort', () => reject(removed.reason))
      })
    }
  }

  #succeed(id: string, media: Media): void {
    const response = { status: 201, body: media as unknown as B, uploadURL: media.url ?? undefined }
    this.uppy.emit('upload-success', this.uppy.getFile(id), response)
  }

  /** Delete the media of a file that was removed while the server finished it. */
  async #takeBack(media: Media, name: string): Promise<void> {
    const headers = media.delete_token ? { 'Scapi-Delete-Token': media.delete_token } : undefined
    try {
      await this.#place.api.call('DELETE', `media/${media.id}/`, { headers })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.opts.onTooLate?.(media, name)
    }
  }

  #note(id: string, state: UploadState): void {
    const file = this.uppy.getFile(id)
    if (file) this.uppy.setFileState(id, { scapi: { ...file.scapi, ...state } })
  }
}
