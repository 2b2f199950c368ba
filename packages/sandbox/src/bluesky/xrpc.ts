import { type Context, Hono } from 'hono'
import { countedAs } from './caller.js'
import { answerXrpcError, invalidRequest, XrpcError } from './errors.js'
import type { Pds } from './pds.js'
import { type Charge, LIMITS } from './rate-limits.js'

/** One request for a method, after it was let in. */
export interface XrpcCall<Auth> {
  c: Context
  auth: Auth
  query: URLSearchParams
  /** The body, where the method takes JSON; else empty. */
  input: Readonly<Record<string, unknown>>
  /** The body, where the method takes bytes; else empty. */
  bytes: Uint8Array
}

/** A method of the server. */
export interface XrpcMethod<Auth> {
  nsid: string
  verb: 'GET' | 'POST'
  /** Default: no body is taken. */
  takes?: 'json' | 'bytes'
  /** @throws XrpcError to those who may not */
  authorize(c: Context): Auth | Promise<Auth>
  /** What it takes from the limits beside the calls themselves. */
  charges?(call: XrpcCall<Auth>): Charge[]
  /** The answer: a body of JSON, nothing at all, or an answer of its own. */
  handle(call: XrpcCall<Auth>): unknown
}

/** For methods that anyone may call. */
export const everyone = (): null => null

const MAX_JSON_BYTES = 1_000_000
/** As the reference server has it; the hosted service takes more. */
export const MAX_BLOB_BYTES = 5 * 1024 * 1024

/** The methods of a server at `/xrpc/<name>`; what it does not have it says so of. */
export class XrpcServer {
  readonly routes = new Hono()
  readonly #pds: Pds

  constructor(pds: Pds) {
    this.#pds = pds
    this.routes.onError(answerXrpcError)
  }

  add<Auth>(method: XrpcMethod<Auth>): void {
    this.routes.all(`/xrpc/${method.nsid}`, async (c) => {
      if (c.req.method !== method.verb)
        throw invalidRequest(`Incorrect HTTP method (${c.req.method}) expected ${method.verb}`)
      const auth = await method.authorize(c)
      const query = new URL(c.req.url).searchParams
      const call = { c, auth, query, ...(await readBody(c, method.takes)) }
      const headers = this.#pds.limits.take([
        { limit: LIMITS.calls, key: countedAs(c, this.#pds), points: 1 },
        ...(method.charges?.(call) ?? []),
      ])
      for (const [name, value] of Object.entries(headers)) c.header(name, value)
      const answer = await method.handle(call)
      if (answer instanceof Response) return answer
      return answer === undefined ? c.body(null, 200) : c.json(answer)
    })
  }

  /** To be called after the last method. */
  refuseOthers(): void {
    this.routes.all('/xrpc/:nsid', (c) => {
      const nsid = c.req.param('nsid')
      // What a server does not know it would ask of a service of the application that the client names.
      if (nsid.startsWith('app.bsky.') || nsid.startsWith('chat.bsky.'))
        throw invalidRequest(`No service configured for ${nsid}`)
      throw new XrpcError(501, 'MethodNotImplemented', 'Method Not Implemented')
    })
  }
}

async function readBody(
  c: Context,
  takes: 'json' | 'bytes' | undefined,
): Promise<Pick<XrpcCall<unknown>, 'input' | 'bytes'>> {
  const nothing = { input: {}, bytes: new Uint8Array(0) }
  const type = c.req.header('content-type')
  if (takes === undefined) {
    const hasBody =
      c.req.method === 'POST' && (type !== undefined || (await c.req.arrayBuffer()).byteLength > 0)
    if (hasBody) throw invalidRequest('A request body was provided when none was expected')
    return nothing
  }
  if (type === undefined) throw invalidRequest('Request encoding (Content-Type) required but not provided')
  const bytes = new Uint8Array(await c.req.arrayBuffer())
  if (takes === 'bytes') {
    if (bytes.byteLength > MAX_BLOB_BYTES) throw tooLarge('PayloadTooLarge')
    return { ...nothing, bytes }
  }
  if (!type.startsWith('application/json'))
    throw invalidRequest(`Wrong request encoding (Content-Type): ${type}`)
  if (bytes.byteLength > MAX_JSON_BYTES) throw tooLarge('PayloadTooLargeError')
  return { ...nothing, input: parseObject(new TextDecoder().decode(bytes)) }
}

/** Two parts of the real server name it differently. */
const tooLarge = (code: string) => new XrpcError(413, code, 'request entity too large')

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidRequest('Unable to parse the request body as JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw invalidRequest('Input must be an object')
}

/** @throws XrpcError when it is missing or no text */
export function requireText(call: Pick<XrpcCall<unknown>, 'input'>, name: string): string {
  const value = call.input[name]
  if (typeof value === 'string') return value
  throw invalidRequest(
    value === undefined ? `Input must have the property "${name}"` : `Input/${name} must be a string`,
  )
}

/** @throws XrpcError when it is missing */
export function requireParameter(call: Pick<XrpcCall<unknown>, 'query'>, name: string): string {
  const value = call.query.get(name)
  if (value !== null) return value
  throw invalidRequest(`Params must have the property "${name}"`)
}
