/** Small raw calls for tests that talk to a PDS past the product: no retries, no classification, what came is what you get. */

export const postCollection = 'app.bsky.feed.post'

export type XrpcAnswer = {
  status: number
  headers: Headers
  text: string
  /** The parsed body; `{}` when the answer is not JSON. */
  json: Record<string, unknown>
}

export type XrpcCall = {
  /** An access or refresh token, sent as bearer. */
  auth?: unknown
  /** Makes it a POST with JSON. */
  body?: unknown
  /** Makes it a GET; `{}` for a GET without parameters. Neither body nor query: a POST without body. */
  query?: Record<string, string>
  signal?: AbortSignal
}

export async function xrpc(base: string, nsid: string, call: XrpcCall = {}): Promise<XrpcAnswer> {
  const { auth, body, query, signal } = call
  const response = await fetch(`${base}/xrpc/${nsid}${query ? `?${new URLSearchParams(query)}` : ''}`, {
    method: query ? 'GET' : 'POST',
    headers: {
      ...(auth === undefined ? {} : { authorization: `Bearer ${auth}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
  return answerOf(response)
}

export async function uploadBlob(
  base: string,
  auth: unknown,
  bytes: Uint8Array<ArrayBuffer>,
  contentType?: string,
) {
  const response = await fetch(`${base}/xrpc/com.atproto.repo.uploadBlob`, {
    method: 'POST',
    headers: { authorization: `Bearer ${auth}`, ...(contentType ? { 'content-type': contentType } : {}) },
    body: bytes,
  })
  const answer = await answerOf(response)
  return { ...answer, blob: answer.json.blob as TestBlob }
}

export type TestBlob = { $type: 'blob'; ref: { $link: string }; mimeType: string; size: number }

/** The body of a `putRecord` that publishes a post at most once. */
export function putPost(did: string, rkey: string, text: string, fields: Record<string, unknown> = {}) {
  const record = { $type: postCollection, text, createdAt: '2026-11-22T03:00:00.000Z', ...fields }
  return { repo: did, collection: postCollection, rkey, record, swapRecord: null }
}

let lastMicros = 0

/** A timestamp identifier later than all before, the only kind of key that posts take. */
export function nextTid() {
  lastMicros = Math.max(lastMicros + 1, Date.now() * 1000)
  let rest = BigInt(lastMicros) << 10n
  let key = ''
  for (let i = 0; i < 13; i += 1) {
    key = '234567abcdefghijklmnopqrstuvwxyz'.charAt(Number(rest & 31n)) + key
    rest >>= 5n
  }
  return key
}

/** What a token says, unverified. */
export function jwtPayload(jwt: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString())
}

/** A PNG of one pixel, padded with zeros to `size` bytes. */
export function pngOf(size = 70): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  bytes.set(Buffer.from(onePixel, 'base64').subarray(0, size))
  return bytes
}

const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

async function answerOf(response: Response): Promise<XrpcAnswer> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} }
}
