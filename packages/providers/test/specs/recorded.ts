import type { HttpRequest, Manifest } from '@postmcp/core'
import type { Exchange, FakePlatform } from '@postmcp/core/testing'
import { toRealAddress } from './real-address.js'

/** An exchange as it would have been with the real platform; plain data. */
export interface Recorded {
  request: HttpRequest & { url: string }
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

export function toRecorded(
  manifest: Manifest,
  fake: FakePlatform,
  { request, response }: Exchange,
): Recorded {
  const { status, headers, text, json } = response
  return {
    request: { ...request, url: toRealAddress(manifest, fake, request.url).href },
    answer: { status, mediaType: mediaTypeOf(headers.get('content-type') ?? ''), text, json },
  }
}

/** The type without its parameters. */
export const mediaTypeOf = (contentType: string): string => contentType.split(';')[0]?.trim() ?? ''
