import type { MediaId, WorkspaceId } from './ids.js'

/** A file somebody uploaded, as probed from its content; the name and type the client gave are not trusted. */
export interface Media {
  id: MediaId
  workspaceId: WorkspaceId
  /** IANA type found in the content. */
  mimeType: string
  bytes: number
  /** Hex SHA-256 of the content. */
  sha256: string
  /** Pixels; null for what has none. */
  width: number | null
  height: number | null
  fileName: string | null
  createdAt: Date
}
