import { IncomingFile } from './incoming-file.js'

/** Fields that are longer are no fields of a form. */
const MAX_FIELD_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 16 * 1024
/** So much of each file is kept to see what it is. */
const HEAD_BYTES = 64 * 1024

/** A file of a form. */
export interface FormFile {
  file: IncomingFile
  fileName: string
  mimeType: string
  /** How it begins. */
  head: Uint8Array
}

/** A form that arrived. */
export interface IncomingForm {
  /** Of several of one name the last. */
  fields: Record<string, string>
  files: Map<string, FormFile>
}

/** What was sent is no form. */
export class FormError extends Error {
  override readonly name = 'FormError'
}

/**
 * Reads a form with files (RFC 7578) as it arrives, so that files are never held whole.
 * @throws FormError
 */
export async function receiveForm({ headers, body }: Request): Promise<IncomingForm> {
  const [, quoted, bare] =
    /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]+)"|([^;\s]+))/i.exec(
      headers.get('content-type') ?? '',
    ) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined || !body) throw new FormError('This is no form with files.')
  const reader = new Reader(body)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  await reader.textUntil(delimiter, MAX_HEADER_BYTES)
  const form: IncomingForm = { fields: {}, files: new Map() }
  while ((await reader.take(2)) === '\r\n') {
    const head = await reader.textUntil(Buffer.from('\r\n\r\n'), MAX_HEADER_BYTES)
    const name = parameterOf(head, 'name')
    if (name === null) throw new FormError('A part has no name.')
    const fileName = parameterOf(head, 'filename')
    if (fileName === null) {
      form.fields[name] = await reader.textUntil(delimiter, MAX_FIELD_BYTES)
      continue
    }
    const mimeType = /^content-type:\s*([^\s;]+)/im.exec(head)?.[1] ?? 'application/octet-stream'
    form.files.set(name, { fileName, mimeType, ...(await receiveFile(reader.until(delimiter))) })
  }
  await reader.drain()
  return form
}

async function receiveFile(pieces: AsyncIterable<Uint8Array>): Promise<Pick<FormFile, 'file' | 'head'>> {
  const file = new IncomingFile()
  const heads: Uint8Array[] = []
  for await (const piece of pieces) {
    if (file.bytes < HEAD_BYTES) heads.push(Uint8Array.from(piece.subarray(0, HEAD_BYTES - file.bytes)))
    file.append(piece)
  }
  return { file, head: Buffer.concat(heads) }
}

/** A parameter of the part's disposition: between quotes, as browsers and Node write it, or bare. */
function parameterOf(head: string, name: string): string | null {
  const [, quoted, bare] =
    new RegExp(`^content-disposition:.*;\\s*${name}=(?:"([^"]*)"|([^;\\s]*))`, 'im').exec(head) ?? []
  const found = quoted ?? bare
  return found?.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n') ?? null
}

/** Reads a stream up to delimiters. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>
  // The first delimiter may stand at the very beginning.
  #rest: Buffer = Buffer.from('\r\n')

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done) throw new FormError('The form breaks off.')
    this.#rest = Buffer.concat([this.#rest, value])
  }

  async *until(delimiter: Buffer): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = this.#rest.indexOf(delimiter)
      const end = at < 0 ? Math.max(0, this.#rest.byteLength - delimiter.byteLength + 1) : at
      if (end > 0) yield this.#rest.subarray(0, end)
      this.#rest = this.#rest.subarray(at < 0 ? end : end + delimiter.byteLength)
      if (at >= 0) return
      await this.#more()
    }
  }

  async textUntil(delimiter: Buffer, maxBytes: number): Promise<string> {
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of this.until(delimiter)) {
      bytes += piece.byteLength
      if (bytes > maxBytes) throw new FormError('A part of the form is too long.')
      pieces.push(Uint8Array.from(piece))
    }
    return Buffer.concat(pieces).toString('utf8')
  }

  async take(bytes: number): Promise<string> {
    while (this.#rest.byteLength < bytes) await this.#more()
    const taken = this.#rest.subarray(0, bytes).toString('utf8')
    this.#rest = this.#rest.subarray(bytes)
    return taken
  }

  async drain(): Promise<void> {
    while (!(await this.#source.next()).done);
  }
}
