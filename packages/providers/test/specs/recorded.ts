import type { HttpRequest, Manifest, StreamBody } from '@postmcp/core'
import type { Exchange, FakePlatform } from '@postmcp/core/testing'
import { toRealAddress } from './real-address.js'

/** An exchange as it would have been with the real platform; plain data. */
export interface Recorded {
  request: Omit<HttpRequest, 'url' | 'body'> & { url: string; body?: Uint8Array<ArrayBuffer> | string }
  answer: Answer
}

/** An answer, as data. */
export interface Answer {
  status: number
  /** Without parameters; empty where nothing is said. */
  mediaType: string
  text: string
  json: unknown
}

/** What was sent piece by piece is kept whole. */
export async function toRecorded(
  manifest: Manifest,
  fake: FakePlatform,
  { request, response }: Exchange,
): Promise<Recorded> {
  const { status, headers, text, json } = response
  const { body, ...rest } = request
  const whole = typeof body === 'object' && 'open' in body ? await readWhole(body) : body
  return {
    request: {
      ...rest,
      ...(whole !== undefined && { body: whole }),
      url: toRealAddress(manifest, fake, request.url).href,
    },
    answer: { status, mediaType: mediaTypeOf(headers.get('content-type') ?? ''), text, json },
  }
}

async function readWhole(stream: StreamBody): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream.open()) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

/** The type without its parameters. */
export const mediaTypeOf = (contentType: string): string => contentType.split(';')[0]?.trim() ?? ''
