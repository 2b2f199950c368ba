import { type Dispatcher, fetch as undiciFetch } from 'undici'
import type { Logger } from '../model/ambient.js'
import { PostMcpError } from '../model/errors.js'
import { refuseUrl } from './address-guard.js'
import { errorCodes } from './error-codes.js'

/** A file at an address that somebody gave. */
export interface FileRequest {
  url: string
  /** Most that is read. */
  maxBytes: number
  /** Until the file is read whole. Default: 30 minutes. */
  timeoutMs?: number | undefined
  /** Longest wait for an answer, and for the next piece of the file. Default: 30 seconds. */
  idleMs?: number | undefined
  signal?: AbortSignal | undefined
}

/** A file as it comes in. */
export interface FileAnswer {
  /** Where it was in the end. */
  url: URL
  /** How long it is said to be; null: it is not said. */
  bytes: number | null
  /** Once. Breaks off with a PostMcpError when the file is not whole, too large or too slow; whoever stops reading hangs up. */
  content: AsyncIterable<Uint8Array>
  /** Hangs up; what was not read is not read any more. */
  close(): void
}

export interface FileClient {
  /**
   * Fetches a file: no cookies, no credentials, at most three redirects, each of them to an address that may be called.
   * @throws PostMcpError `address_not_allowed`, `media_fetch_failed`, `payload_too_large`
   */
  download(request: FileRequest): Promise<FileAnswer>
}

/** What a download goes through. */
export interface DownloadSettings {
  allowedOrigins: ReadonlySet<string>
  dispatcherFor(url: URL): Dispatcher
  userAgent: string
  logger: Logger
}

const maxRedirects = 3
const redirects = [301, 302, 303, 307, 308]

const failed = (message: string, cause?: unknown): PostMcpError =>
  new PostMcpError('media_fetch_failed', message, { cause })

/** The `download` of an HTTP client. */
export async function download(settings: DownloadSettings, request: FileRequest): Promise<FileAnswer> {
  const { maxBytes, timeoutMs = 30 * 60_000, idleMs = 30_000 } = request
  const hangUp = new AbortController()
  const overall = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([overall, hangUp.signal, ...(request.signal ? [request.signal] : [])])
  let host = ''

  /** Waits for the other side, but not for ever; says in words what went wrong. */
  async function patiently<T>(waiting: Promise<T>): Promise<T> {
    let isIdle = false
    const timer = setTimeout(() => {
      isIdle = true
      hangUp.abort()
    }, idleMs)
    try {
      return await waiting
    } catch (error) {
      hangUp.abort()
      if (error instanceof PostMcpError) throw error
      request.signal?.throwIfAborted()
      if (isIdle) throw failed(`${host} sent nothing for ${Math.round(idleMs / 1000)} seconds.`)
      if (overall.aborted) throw failed(`${host} took more than ${Math.round(timeoutMs / 1000)} seconds.`)
      const codes = [...new Set(errorCodes(error))]
      if (codes.includes('ADDRESS_NOT_ALLOWED')) {
        throw new PostMcpError('address_not_allowed', `Not called: ${host} is not a public address.`)
      }
      const detail = codes.length > 0 ? ` (${codes.join(', ')})` : ''
      throw failed(`The connection to ${host} broke or could not be made${detail}.`, error)
    } finally {
      clearTimeout(timer)
    }
  }

  const ask = async (url: URL) =>
    (await undiciFetch(url, {
      headers: { 'user-agent': settings.userAgent, accept: '*/*', 'accept-encoding': 'identity' },
      redirect: 'manual',
      signal,
      dispatcher: settings.dispatcherFor(url),
    })) as unknown as Response

  let url = readUrl(request.url)
  for (let turns = 0; ; turns++) {
    host = url.host
    const refusal = refuseUrl(url, settings.allowedOrigins)
    if (refusal) throw new PostMcpError('address_not_allowed', `Not called: ${refusal}.`)
    const response = await patiently(ask(url))
    settings.logger.debug({ request: `GET ${url.origin}`, status: response.status }, 'file server answered')
    if (redirects.includes(response.status)) {
      hangUpOn(response)
      if (turns === maxRedirects)
        throw failed(`The address leads from one to the next more than ${maxRedirects} times.`)
      url = readUrl(response.headers.get('location') ?? '', url)
      continue
    }
    const bytes = readLength(response.headers.get('content-length'))
    const refused = refuseAnswer(response, host, bytes, maxBytes)
    if (refused) {
      hangUp.abort()
      throw refused
    }
    return { url, bytes, content: read(response, bytes), close: () => hangUp.abort() }
  }

  async function* read(response: Response, bytes: number | null): AsyncGenerator<Uint8Array> {
    try {
      const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader()
      let count = 0
      for (;;) {
        const next = reader && (await patiently(reader.read()))
        if (!next || next.done) break
        count += next.value.byteLength
        if (count > maxBytes) throw tooLarge(maxBytes)
        yield next.value
      }
      if (bytes !== null && count !== bytes) throw failed(`${host} sent ${count} of ${bytes} bytes.`)
    } finally {
      hangUp.abort()
    }
  }
}

function readUrl(text: string, base?: URL): URL {
  const url = text === '' ? null : URL.parse(text, base?.href)
  if (!url) throw failed(base ? `${base.host} sends on to nowhere.` : 'The address is not one.')
  url.hash = ''
  return url
}

/** What is not read keeps its connection busy. */
const hangUpOn = (response: Response): void => void response.body?.cancel().catch(() => {})

const readLength = (header: string | null): number | null =>
  header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null

const tooLarge = (maxBytes: number): PostMcpError =>
  new PostMcpError(
    'payload_too_large',
    `The file has more than ${maxBytes} bytes, which is as many as are taken.`,
    {
      nextAction: 'Use a smaller file.',
    },
  )

function refuseAnswer(
  { status, headers }: Response,
  host: string,
  bytes: number | null,
  maxBytes: number,
): PostMcpError | null {
  if (status !== 200) return failed(`${host} answered ${status} instead of the file.`)
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding.toLowerCase() !== 'identity')
    return failed(`${host} sent the file packed, which was not asked for.`)
  return bytes !== null && bytes > maxBytes ? tooLarge(maxBytes) : null
}
