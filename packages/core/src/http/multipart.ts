import { randomBytes } from 'node:crypto'
import type { StreamBody } from './stream-body.js'

/** A field of a form, or a file of it. */
export type FormPart =
  | { name: string; value: string }
  | { name: string; fileName: string; mimeType: string; content: StreamBody }

/** As browsers write it (HTML, "Multipart form data"): whatever would end the quotes or the line is percent-encoded. */
const quoted = (text: string): string =>
  `"${text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')}"`

/**
 * A form with files (RFC 7578), in the order of its parts, as a body that is never held whole.
 * @returns what to put into a request: `http.request({ …, ...multipart(parts) })`
 */
export function multipart(parts: readonly FormPart[]): {
  body: StreamBody
  headers: { 'content-type': string }
} {
  const boundary = `postmcp-${randomBytes(24).toString('hex')}`
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
  const end = utf8(`--${boundary}--\r\n`)
  const pieces = parts.map((part) => {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(part.name)}`
    if ('value' in part) return { head: utf8(`${disposition}\r\n\r\n${part.value}\r\n`), content: null }
    const mimeType = part.mimeType.replaceAll(/[^\x20-\x7e]/g, '')
    return {
      head: utf8(`${disposition}; filename=${quoted(part.fileName)}\r\nContent-Type: ${mimeType}\r\n\r\n`),
      content: part.content,
    }
  })
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: {
      bytes: pieces.reduce(
        (sum, { head, content }) => sum + head.byteLength + (content ? content.bytes + 2 : 0),
        end.byteLength,
      ),
      async *open() {
        for (const { head, content } of pieces) {
          yield head
          if (!content) continue
          yield* content.open()
          yield utf8('\r\n')
        }
        yield end
      },
    },
  }
}
