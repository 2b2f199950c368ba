import {
  configInvalid,
  errorFromAnswer,
  PostMcpApiError,
  requestTimeout,
  serverUnreachable,
} from './errors.js'
import { withRetries } from './retry.js'

/** What every method takes as its last argument. */
export interface RequestOptions {
  /** Gives the call up; what the server has begun it finishes. */
  signal?: AbortSignal | undefined
  /** Overrides the client's `timeoutMs` for this call. */
  timeoutMs?: number | undefined
}

/** For the verbs that are done at most once however often they are asked for. */
export interface KeyedRequestOptions extends RequestOptions {
  /** Names the request for 24 hours: a repetition with the same key gets the first one's result. Default: a random one. */
  idempotencyKey?: string | undefined
}

/** A call, as a resource describes it. */
export interface ApiCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  /** Of a list, each value by itself under the same name. */
  query?: Record<string, string | number | readonly string[] | undefined>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is; opened anew for each try. */
  content?: () => Content
  /** Whether doing it twice does no more than doing it once; a keyed call always is. */
  isRepeatable?: boolean
  /** Whether the server takes an Idempotency-Key for it. */
  isKeyed?: boolean
}

/** What is sent as it is, and how long it is where that is known. */
export interface Content {
  body: Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** Told in advance; a stream without it is sent piece by piece. */
  bytes?: number | undefined
}

/** Sends a call and reads its answer. @throws PostMcpApiError; the reason of an aborted signal */
export type Requester = <T>(call: ApiCall, options?: KeyedRequestOptions) => Promise<T>

/** What answers requests: the network, or an app in this process. */
export type Fetch = (request: Request) => Promise<Response>

export interface RequesterSettings {
  baseUrl: string
  apiKey: string | undefined
  fetch: Fetch
  timeoutMs: number
  maxRetries: number
  signal: AbortSignal | undefined
}

/**
 * The one place that sends anything. The API key stays in here.
 * @throws PostMcpApiError `config_invalid`
 */
export function createRequester(settings: RequesterSettings): Requester {
  const { apiKey, fetch, maxRetries } = settings
  const baseUrl = readBaseUrl(settings.baseUrl)
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw configInvalid(
      'The API key is empty or has characters that no key has.',
      'Copy the key again, without spaces.',
    )
  }

  const toRequest = (call: ApiCall, idempotencyKey: string | undefined, signal: AbortSignal) => {
    const content = call.content?.()
    const body = call.json === undefined ? content?.body : JSON.stringify(call.json)
    return new Request(`${baseUrl}${call.path}${toSearch(call.query)}`, {
      method: call.method,
      headers: {
        accept: 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...(call.json !== undefined && { 'content-type': 'application/json' }),
        ...(content && { 'content-type': 'application/octet-stream' }),
        ...(content?.bytes !== undefined && { 'content-length': String(content.bytes) }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body }),
      ...(body instanceof ReadableStream && { duplex: 'half' as const }),
      // The API never redirects; an API key is not carried to wherever somebody else does.
      redirect: 'manual',
      signal,
    })
  }

  return async <T>(call: ApiCall, options: KeyedRequestOptions = {}) => {
    const { timeoutMs = settings.timeoutMs } = options
    const signal = anyOf(settings.signal, options.signal)
    const idempotencyKey = call.isKeyed ? (options.idempotencyKey ?? crypto.randomUUID()) : undefined
    const isRepeatable = call.isRepeatable === true || idempotencyKey !== undefined
    return withRetries({ isRepeatable, maxRetries, signal }, async () => {
      const answer = await within(
        timeoutMs,
        signal,
        requestTimeout(timeoutMs, isRepeatable),
        async (either) => {
          const response = await fetch(toRequest(call, idempotencyKey, either))
          return { response, text: await response.text() }
        },
      ).catch((error: unknown) => {
        if (error instanceof PostMcpApiError || signal?.aborted) throw error
        throw serverUnreachable(`No server answers at ${baseUrl}${whyOf(error)}.`, { cause: error })
      })
      return readAnswer<T>(answer)
    })
  }
}

function readBaseUrl(text: string): string {
  const url = URL.parse(text)
  const isGood = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (isGood) return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  throw configInvalid(
    'The base address is not an http or https address without user name.',
    'Use one such as http://127.0.0.1:4477 (baseUrl, POSTMCP_API_URL).',
  )
}

function toSearch(query: ApiCall['query'] = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) search.append(name, String(each))
    }
  }
  return search.size === 0 ? '' : `?${search}`
}

/** Part of a path. @throws PostMcpApiError `invalid_request` for one that would lead elsewhere */
export function segment(id: string): string {
  if (id !== '' && id !== '.' && id !== '..') return encodeURIComponent(id)
  throw new PostMcpApiError({
    code: 'invalid_request',
    detail: `"${id}" is not an id.`,
    nextAction: 'Give the id of what you mean.',
  })
}

const anyOf = (one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined =>
  one && other ? AbortSignal.any([one, other]) : (one ?? other)

/** Runs something that may not obey the signal it is given, and stops waiting when the time is over or the caller gives up. */
async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  tooLate: PostMcpApiError,
  run: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => stop.abort(tooLate), ms)
  try {
    const stopped = new Promise<never>((_, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
    })
    return await Promise.race([run(stop.signal), stopped])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

function readAnswer<T>({ response, text }: { response: Response; text: string }): T {
  if (!response.ok) throw errorFromAnswer(response, text)
  if (response.status === 204) return undefined as T
  try {
    return JSON.parse(text) as T
  } catch {
    throw errorFromAnswer(response, text)
  }
}

/** The network's word for what is wrong, such as ECONNREFUSED; never its sentence, which may quote the request. */
function whyOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? ` (${code})` : ''
}
