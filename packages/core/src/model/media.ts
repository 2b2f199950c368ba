import type { MediaId, WorkspaceId } from './ids.js'

/** A file somebody uploaded, as probed from its content; the name and type the client gave are not trusted. */
export interface Media {
  id: MediaId
  workspaceId: WorkspaceId
  kind: 'image' | 'video'
  /** IANA type found in the content. */
  mimeType: string
  bytes: number
  /** Hex SHA-256 of the content. */
  sha256: string
  /** Pixels, as a viewer shows it: a photo or video that is stored lying down and marked as turned counts as standing. */
  width: number
  height: number
  /** How long a video or an animation plays; null for what does not move. */
  durationMs: number | null
  /** Frames per second, on average; null for what does not move. */
  frameRate: number | null
  /** `avc`, `hevc`, `vp8`, `vp9`, `av1`, …; `unknown` for one that has no such name; null for images. */
  videoCodec: string | null
  /** `aac`, `mp3`, `opus`, …; `unknown` for one that has no such name; null for images and for what is silent. */
  audioCodec: string | null
  /** A GIF, WebP or PNG with more than one picture. */
  isAnimated: boolean
  /** Pictures of an image; null for videos, whose frames are not counted. */
  frames: number | null
  fileName: string | null
  createdAt: Date
  /** When the content was deleted, by somebody or because it had not been used for long; null: it is there. */
  deletedAt: Date | null
}

/** What is found by looking into a file. */
export type MediaFacts = Pick<
  Media,
  | 'kind'
  | 'mimeType'
  | 'width'
  | 'height'
  | 'durationMs'
  | 'frameRate'
  | 'videoCodec'
  | 'audioCodec'
  | 'isAnimated'
  | 'frames'
>

/** Types that can be uploaded at all; each platform declares which of them it takes. The extension is what a file of it is called. */
export const mediaTypes = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
} as const
