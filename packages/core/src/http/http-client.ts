import { Agent, type Dispatcher, fetch as undiciFetch } from 'undici'
import type { Logger } from '../model/ambient.js'
import { guardedLookup, refuseUrl } from './address-guard.js'
import { download, type FileClient } from './download.js'
import { errorCodes } from './error-codes.js'
import { type OpenBody, openBody, type StreamBody } from './stream-body.js'

export type { StreamBody } from './stream-body.js'

/** One request. No redirect is followed: a redirect is an answer like any other. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string | URL
  headers?: Record<string, string>
  /** A stream is sent with its length. What cannot be read of it at all fails as it does, before anything is sent. */
  body?: Uint8Array<ArrayBuffer> | string | StreamBody
  /** Sent as JSON with its content type. */
  json?: unknown
  /** Until the answer is read whole. Default: the client's. */
  timeoutMs?: number
  /** Largest answer accepted. Default: the client's. */
  maxBytes?: number
}

/** An answer, read whole. */
export interface HttpResponse {
  status: number
  headers: Headers
  text: string
  /** The body as JSON, or undefined when it is none. Integers above 2^53 are strings. */
  json: unknown
}

export interface HttpClient {
  /** @throws TransportError when no whole answer came. An error status is an answer and does not throw. */
  request(request: HttpRequest): Promise<HttpResponse>
  /** A client that also obeys this signal and starts nothing at or after `deadline`. */
  within(limits: { signal?: AbortSignal | undefined; deadline?: Date | undefined }): HttpClient
}

/** No whole answer came. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  /** `no`: the request certainly did not reach the other side; `maybe`: it may have been acted upon. */
  readonly arrived: 'no' | 'maybe'
  readonly reason: 'address_not_allowed' | 'unreachable' | 'interrupted' | 'timeout' | 'aborted' | 'too_large'

  constructor(message: string, arrived: 'no' | 'maybe', reason: TransportError['reason'], cause?: unknown) {
    super(message, { cause })
    this.arrived = arrived
    this.reason = reason
  }
}

export interface HttpClientOptions {
  /** Origins that may be called although they are not public https: the operator's own. */
  allowedOrigins?: Iterable<string>
  userAgent: string
  logger: Logger
  /** Default 30,000. */
  timeoutMs?: number
  /** Default 5 MiB. */
  maxBytes?: number
}

/**
 * The dispatcher with a look at the last moment: undici announces a request to its handler right before it writes the first
 * byte, when name, connection and TLS are settled. Where `look` throws, nothing is written.
 */
function lookingBeforeTheWrite(dispatcher: Dispatcher, look: () => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    // Each call is passed on: undici's handlers have private fields, so they cannot be inherited from.
    const looking: Dispatcher.DispatchHandler = {
      onRequestStart(controller, context) {
        look()
        handler.onRequestStart?.(controller, context)
      },
      onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    }
    return dispatch(options, looking)
  })
}

async function readAtMost(response: Response, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (response.body) {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      if (size > maxBytes) return null
      chunks.push(chunk)
    }
  }
  return Buffer.concat(chunks).toString('utf8')
}

const isStream = (body: HttpRequest['body'] | null): body is StreamBody =>
  typeof body === 'object' && body !== null && 'open' in body

/** Integers that a number cannot hold exactly stay as they are written: platforms use them as ids. */
const exactIntegers = ((_key: string, value: unknown, { source }: { source?: string }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
    ? source
    : value) as (key: string, value: unknown) => unknown

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, exactIntegers)
  } catch {
    return undefined
  }
}

/**
 * The client all requests to platforms go through: time-out, size cap, no redirects, no retries, addresses of users guarded.
 * It logs and reports method, origin and status; never a path, a query, a header or a body: platforms put secrets into all of
 * them (bot tokens and the keys of webhooks stand in the path).
 */
export function createHttpClient(
  options: HttpClientOptions,
): HttpClient & FileClient & { close(): Promise<void> } {
  const allowedOrigins = new Set(options.allowedOrigins ?? [])
  const guarded = new Agent({ connect: { lookup: guardedLookup } })
  const open = new Agent()
  const agentFor = (url: URL) => (allowedOrigins.has(url.origin) ? open : guarded)

  async function send(
    request: HttpRequest,
    limits: { signal?: AbortSignal | undefined; deadline?: Date | undefined },
  ): Promise<HttpResponse> {
    const url = new URL(request.url)
    const where = `${request.method} ${url.origin}`
    const refusal = refuseUrl(url, allowedOrigins)
    if (refusal) throw new TransportError(`Not called: ${refusal}.`, 'no', 'address_not_allowed')
    const timeoutMs = request.timeoutMs ?? options.timeoutMs ?? 30_000
    const timeout = AbortSignal.timeout(
      limits.deadline ? Math.max(1, Math.min(timeoutMs, limits.deadline.getTime() - Date.now())) : timeoutMs,
    )
    const signal = limits.signal ? AbortSignal.any([limits.signal, timeout]) : timeout
    const started = performance.now()
    if (signal.aborted) throw new TransportError(`${where}: given up before sending.`, 'no', 'aborted')
    let arrived: 'no' | 'maybe' = 'no'
    // A process that was stopped past its deadline must not send now, not even on a connection it had begun to open.
    const look = () => {
      if (limits.deadline && Date.now() >= limits.deadline.getTime()) {
        throw new TransportError(`${where}: too late to send.`, 'no', 'aborted')
      }
      arrived = 'maybe'
    }
    const { body = null } = request
    const stream: OpenBody | null = isStream(body) && body.bytes > 0 ? await openBody(body) : null
    try {
      const response = (await undiciFetch(url, {
        method: request.method,
        headers: {
          'user-agent': options.userAgent,
          accept: 'application/json',
          ...(request.json !== undefined && { 'content-type': 'application/json' }),
          ...(isStream(body) && { 'content-length': String(body.bytes) }),
          ...request.headers,
        },
        body:
          request.json === undefined
            ? (stream?.content ?? (isStream(body) ? '' : body))
            : JSON.stringify(request.json),
        ...(stream && { duplex: 'half' as const }),
        redirect: 'manual',
        signal,
        dispatcher: lookingBeforeTheWrite(agentFor(url), look),
      })) as unknown as Response
      const text = await readAtMost(response, request.maxBytes ?? options.maxBytes ?? 5 * 1024 * 1024)
      options.logger.debug(
        { request: where, status: response.status, ms: Math.round(performance.now() - started) },
        'platform answered',
      )
      if (text === null) throw new TransportError(`${where}: the answer is too large.`, 'maybe', 'too_large')
      return { status: response.status, headers: response.headers, text, json: parseJson(text) }
    } catch (error) {
      const ours = error instanceof Error && error.cause instanceof TransportError ? error.cause : error
      if (ours instanceof TransportError) throw ours
      const codes = errorCodes(error)
      options.logger.debug(
        { request: where, codes, ms: Math.round(performance.now() - started) },
        'no answer',
      )
      if (codes.includes('ADDRESS_NOT_ALLOWED')) {
        throw new TransportError(
          `Not called: ${url.host} is not a public address.`,
          'no',
          'address_not_allowed',
        )
      }
      if (timeout.aborted) throw new TransportError(`${where}: no answer in time.`, arrived, 'timeout')
      if (signal.aborted) throw new TransportError(`${where}: given up.`, arrived, 'aborted')
      const broken = stream?.failure()
      if (broken !== undefined) {
        const message = `${where}: what was to be sent broke off, so it was not sent whole.`
        throw new TransportError(message, arrived, 'interrupted', broken)
      }
      const detail = codes.length > 0 ? ` (${[...new Set(codes)].join(', ')})` : ''
      const [message, reason] =
        arrived === 'no'
          ? (['cannot be reached', 'unreachable'] as const)
          : (['the connection broke', 'interrupted'] as const)
      throw new TransportError(`${where}: ${message}${detail}.`, arrived, reason)
    } finally {
      stream?.close()
    }
  }

  const client = (limits: { signal?: AbortSignal | undefined; deadline?: Date | undefined }): HttpClient => ({
    request: (request) => send(request, limits),
    within: (more) =>
      client({
        signal:
          limits.signal && more.signal
            ? AbortSignal.any([limits.signal, more.signal])
            : (more.signal ?? limits.signal),
        deadline: more.deadline ?? limits.deadline,
      }),
  })

  return {
    ...client({}),
    download: (request) => download({ ...options, allowedOrigins, dispatcherFor: agentFor }, request),
    async close() {
      // Whoever still waits for an answer has been waited for, or given up; a connection being opened is neither.
      await Promise.all([guarded.destroy(), open.destroy()])
    },
  }
}
