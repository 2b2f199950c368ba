import { PostMcpApiError } from './errors.js'
import type { Content } from './request.js'

/** Something to upload. A stream can be read once, so that its upload is not repeated; `path` is read where there are files. */
export type Uploadable =
  | Blob
  | ArrayBuffer
  | Uint8Array<ArrayBuffer>
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { path: string }

/** Told each time a piece was handed over. */
export type OnProgress = (progress: { sentBytes: number; totalBytes: number | null }) => void

/** What an upload sends. */
export interface Upload {
  content: () => Content
  isRepeatable: boolean
  /** Null: not known beforehand. */
  totalBytes: number | null
  /** As the file is called; undefined: nobody knows. */
  fileName: string | undefined
}

/** @throws PostMcpApiError `invalid_request` for a file that cannot be read */
export async function openUpload(
  from: Uploadable,
  bytes: number | undefined,
  onProgress: OnProgress | undefined,
): Promise<Upload> {
  const file = isPath(from) ? await blobOf(from.path) : from
  const totalBytes = sizeOf(file) ?? bytes ?? null
  const isStream = sizeOf(file) === null
  const content = (): Content => {
    if (!isStream && !onProgress) return { body: file as Blob }
    const counted = counting(toIterable(file), totalBytes, onProgress)
    return { body: ReadableStream.from(counted), ...(totalBytes !== null && { bytes: totalBytes }) }
  }
  const fileName = isPath(from) ? from.path.split(/[\\/]/).at(-1) : nameOf(from)
  return { content, isRepeatable: !isStream, totalBytes, fileName }
}

const isPath = (from: Uploadable): from is { path: string } => 'path' in from && typeof from.path === 'string'

const nameOf = (from: Uploadable): string | undefined =>
  typeof File === 'function' && from instanceof File ? from.name : undefined

type Opened = Exclude<Uploadable, { path: string }>

const sizeOf = (file: Opened): number | null => {
  if (file instanceof Blob) return file.size
  return 'byteLength' in file ? file.byteLength : null
}

async function blobOf(path: string): Promise<Blob> {
  try {
    const { openAsBlob } = await import('node:fs')
    return await openAsBlob(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''
    throw new PostMcpApiError(
      {
        code: 'invalid_request',
        detail: `The file ${path} cannot be read${code}.`,
        nextAction: 'Check the path, and that it leads to a file.',
      },
      { cause },
    )
  }
}

const pieceBytes = 64 * 1024

async function* toIterable(file: Opened): AsyncGenerator<Uint8Array> {
  if (file instanceof Blob) yield* file.stream()
  else if ('byteLength' in file) {
    const bytes = new Uint8Array(file instanceof ArrayBuffer ? file : file.buffer, ...viewOf(file))
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  } else yield* file
}

const viewOf = (file: ArrayBuffer | Uint8Array): [offset: number, length: number] =>
  file instanceof ArrayBuffer ? [0, file.byteLength] : [file.byteOffset, file.byteLength]

async function* counting(
  pieces: AsyncIterable<Uint8Array>,
  totalBytes: number | null,
  onProgress: OnProgress | undefined,
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0
  for await (const piece of pieces) {
    yield piece
    sentBytes += piece.byteLength
    onProgress?.({ sentBytes, totalBytes })
  }
}
