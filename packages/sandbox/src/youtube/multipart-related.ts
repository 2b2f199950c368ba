import type { Context } from 'hono'

/** The two parts of a multipart upload: what it is, and the file. */
export interface Related {
  json: unknown
  mimeType: string
  content: Buffer
}

/** Reads a body of the type multipart/related (RFC 2387), held whole: for small files. Null for any other. */
export async function readRelated(c: Context): Promise<Related | null> {
  const [, quoted, plain] =
    /^multipart\/related;.*\bboundary=(?:"([^"]+)"|([^;\s]+))/i.exec(c.req.header('content-type') ?? '') ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) return null
  const body = Buffer.from(await c.req.arrayBuffer())
  const [description, file] = partsOf(body, `--${boundary}`)
  if (!description || !file) return null
  try {
    return {
      json: JSON.parse(description.content.toString('utf8')),
      mimeType: file.mimeType,
      content: file.content,
    }
  } catch {
    return null
  }
}

function partsOf(body: Buffer, delimiter: string): { mimeType: string; content: Buffer }[] {
  const parts: { mimeType: string; content: Buffer }[] = []
  let start = body.indexOf(delimiter)
  while (start >= 0) {
    const next = body.indexOf(`\r\n${delimiter}`, start + delimiter.length)
    if (next < 0) break
    const part = body.subarray(start + delimiter.length + 2, next)
    const end = part.indexOf('\r\n\r\n')
    const mimeType = /^content-type:\s*(\S+)/im.exec(part.subarray(0, end).toString('latin1'))?.[1] ?? ''
    parts.push({ mimeType, content: part.subarray(end + 4) })
    start = next + 2
  }
  return parts
}
