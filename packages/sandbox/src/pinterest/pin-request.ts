import { invalidRequest } from './errors.js'
import type { VideoUpload, VideoUploads } from './video-uploads.js'

/** A picture that came with a request. */
export interface Picture {
  mimeType: string
  bytes: Buffer
}

/** What is to be pinned. */
export type PinSource = { type: 'image'; pictures: Picture[] } | { type: 'video'; upload: VideoUpload }

/** A Pin that somebody wants, read and found good. */
export interface PinRequest {
  boardId: string
  title: string | null
  description: string | null
  altText: string | null
  link: string | null
  dominantColor: string | null
  sectionId: string | null
  source: PinSource
}

type Fields = Record<string, unknown>

const KNOWN = [
  'alt_text',
  'board_id',
  'board_section_id',
  'description',
  'dominant_color',
  'link',
  'media_source',
  'parent_pin_id',
  'title',
]
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {})

/**
 * Reads the body of pins/create.
 * @throws ApiError
 * @see the API description, PinCreate (5.23.0)
 */
export function readPin(value: unknown, personId: string, videos: VideoUploads): PinRequest {
  const body = fieldsOf(value)
  const unknown = Object.keys(body).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined)
    throw invalidRequest(`Additional properties are not allowed ('${unknown}' was unexpected)`)
  const boardId = textOf(body, 'board_id', 64)
  if (boardId === null || !/^\d+$/.test(boardId))
    throw invalidRequest(`'board_id' value '${String(body.board_id)}' must match the pattern: ^\\d+$`)
  const sectionId = textOf(body, 'board_section_id', 64)
  if (sectionId !== null && !/^\d+$/.test(sectionId))
    throw invalidRequest(`'board_section_id' value '${sectionId}' must match the pattern: ^\\d+$`)
  const link = textOf(body, 'link', 2048)
  if (link && !/^https?:\/\//.test(link)) throw invalidRequest('Invalid URL or request data.')
  return {
    boardId,
    sectionId,
    link,
    title: textOf(body, 'title', 100),
    description: textOf(body, 'description', 800),
    altText: textOf(body, 'alt_text', 500),
    dominantColor: textOf(body, 'dominant_color', 7),
    source: readSource(fieldsOf(body.media_source), personId, videos),
  }
}

function textOf(body: Fields, name: string, max: number): string | null {
  const value = body[name]
  if (value === undefined || value === null) return null
  if (typeof value !== 'string') throw invalidRequest(`${JSON.stringify(value)} is not of type 'string'`)
  if ([...value].length > max) throw invalidRequest(`'${name}' is too long`)
  return value
}

function readSource(source: Fields, personId: string, videos: VideoUploads): PinSource {
  switch (source.source_type) {
    case 'image_base64':
      return { type: 'image', pictures: [readPicture(source.content_type, source.data)] }
    case 'multiple_image_base64': {
      const items = Array.isArray(source.items) ? source.items.map(fieldsOf) : []
      if (items.length < 2 || items.length > 5) throw invalidRequest("'items' must have 2 to 5 pictures")
      const index = source.index ?? 0
      if (typeof index !== 'number' || index < 0 || index >= items.length)
        throw invalidRequest("'index' is not that of a picture")
      return { type: 'image', pictures: items.map((item) => readPicture(item.content_type, item.data)) }
    }
    case 'video_id':
      return { type: 'video', upload: readVideo(source, personId, videos) }
    default:
      throw invalidRequest("'media_source' does not match one of the schemas")
  }
}

/** How files of these types begin. */
const BEGINNINGS: Readonly<Record<string, string>> = { 'image/jpeg': 'ffd8ff', 'image/png': '89504e47' }

function readPicture(contentType: unknown, data: unknown): Picture {
  const mimeType = String(contentType)
  const beginning = BEGINNINGS[mimeType]
  if (beginning === undefined) throw invalidRequest(`'${mimeType}' is not one of ['image/jpeg', 'image/png']`)
  if (typeof data !== 'string' || !/^[a-zA-Z0-9+/=]+$/.test(data))
    throw invalidRequest("'data' does not match '^[a-zA-Z0-9+\\/=]+$'")
  const bytes = Buffer.from(data, 'base64')
  if (!bytes.toString('hex', 0, 8).startsWith(beginning))
    throw invalidRequest('Sorry! We could not read this image.')
  return { mimeType, bytes }
}

function readVideo(source: Fields, personId: string, videos: VideoUploads): VideoUpload {
  const upload = videos.find(String(source.media_id ?? ''), personId)
  if (!upload) throw invalidRequest("'media_id' is not that of an upload")
  if (videos.statusOf(upload) !== 'succeeded') throw invalidRequest('The video is not ready.')
  const { cover_image_url, cover_image_data, cover_image_key_frame_time } = source
  if (cover_image_data !== undefined) readPicture(source.cover_image_content_type, cover_image_data)
  else if (cover_image_url === undefined && cover_image_key_frame_time === undefined)
    throw invalidRequest(
      'A video needs one of cover_image_url, cover_image_data and cover_image_key_frame_time.',
    )
  return upload
}
