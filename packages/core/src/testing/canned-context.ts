import type { HttpClient, HttpRequest } from '../http/http-client.js'
import { silentLogger, systemClock } from '../model/ambient.js'
import type { ProviderContext } from '../provider/context.js'

/** What a canned platform answers: text is no JSON, and without a body it sends none. */
export interface Canned {
  status?: number
  headers?: Record<string, string>
  body?: unknown
}

/** One answer for every request, or several in turn and then nothing. An error is thrown in place of an answer. */
export type CannedAnswer = Canned | Error | (Canned | Error)[] | ((request: HttpRequest) => Canned | Error)

/** A context as hooks get it. Default: the machine's clock, no client and no server that was found. */
export const contextWith = (
  given: Partial<ProviderContext> & Pick<ProviderContext, 'http' | 'endpoints'>,
): ProviderContext => ({
  clock: systemClock,
  signal: new AbortController().signal,
  logger: silentLogger,
  client: null,
  server: null,
  publicUrl: 'https://postmcp.example.org',
  ...given,
})

/**
 * A context in which no request goes out: each gets the first canned answer there is, and is remembered.
 * @param answers by the keys of a request; one without an answer fails
 * @param given what else the context holds
 * @param keysOf where the answer to a request may stand, most precise first. Default: the path of its address
 */
export function cannedContext(
  answers: Readonly<Record<string, CannedAnswer>>,
  given: Partial<Omit<ProviderContext, 'http'>> & Pick<ProviderContext, 'endpoints'>,
  keysOf: (request: HttpRequest) => string[] = ({ url }) => [new URL(url).pathname],
): {
  ctx: ProviderContext
  requests: HttpRequest[]
  /** The last key of each request. */
  asked(): string[]
} {
  const requests: HttpRequest[] = []
  const left = new Map(
    Object.entries(answers).map(([key, one]) => [key, Array.isArray(one) ? [...one] : one]),
  )
  const take = (request: HttpRequest): Canned | Error | undefined => {
    const key = keysOf(request).find((one) => left.has(one))
    const found = key === undefined ? undefined : left.get(key)
    if (Array.isArray(found)) return found.shift()
    return typeof found === 'function' ? found(request) : found
  }
  const http: HttpClient = {
    async request(request) {
      requests.push(request)
      const canned = take(request)
      if (!canned) throw new Error(`Nothing is canned for ${keysOf(request).join(' or ')}.`)
      if (canned instanceof Error) throw canned
      const { status = 200, headers, body } = canned
      const isText = typeof body === 'string' || body === undefined
      return {
        status,
        headers: new Headers(headers),
        text: isText ? (body ?? '') : JSON.stringify(body),
        json: isText ? undefined : body,
      }
    },
    within: () => http,
  }
  const asked = () => requests.map((request) => keysOf(request).at(-1) ?? '')
  return { ctx: contextWith({ ...given, http }), requests, asked }
}

/** A token with these claims, signed by nobody. */
export const unsignedJwt = (claims: Record<string, unknown>): string =>
  ['{"alg":"none"}', JSON.stringify(claims), '']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')
