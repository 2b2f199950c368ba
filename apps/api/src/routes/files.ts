import { type ByteRange, type CoreContext, fileNameOf, openMedia, openMediaUrl } from '@postmcp/core'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'

/**
 * Files under signed addresses, for platforms that fetch them themselves: whoever has such an address needs no key, until it expires.
 */
export function fileRoutes(core: CoreContext): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.get('/files/:workspaceId/:mediaId/:token/:name', async (c) => {
    const media = await openMediaUrl(core, c.req.param())
    const etag = `"${media.sha256}"`
    const headers = {
      'content-type': media.mimeType,
      'accept-ranges': 'bytes',
      etag,
      'cache-control': 'private',
      'content-disposition': `inline; filename="${fileNameOf(media)}"`,
      // Somebody's file must not act as a page of ours, whatever it holds.
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
      'referrer-policy': 'no-referrer',
    }
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers)
    const ifRange = c.req.header('if-range')
    const isSame = ifRange === undefined || ifRange === etag
    const range = isSame ? readRange(c.req.header('range'), media.bytes) : null
    if (range === 'unsatisfiable') {
      return c.body(null, 416, { ...headers, 'content-range': `bytes */${media.bytes}` })
    }
    const { start, end } = range ?? { start: 0, end: media.bytes }
    const partial = range && { 'content-range': `bytes ${start}-${end - 1}/${media.bytes}` }
    const all = { ...headers, ...partial, 'content-length': String(end - start) }
    const status = range ? 206 : 200
    if (c.req.method === 'HEAD') return c.body(null, status, all)
    const content = await openMedia(core, media, { start, end })
    return c.body(ReadableStream.from(content), status, all)
  })
  return app
}

/**
 * One range of bytes (RFC 9110, section 14.2). Several at once, and what is no range, are answered with the whole file, as a server
 * may.
 */
function readRange(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return null
  if (first === '') {
    const count = Math.min(Number(last), bytes)
    return count === 0 ? 'unsatisfiable' : { start: bytes - count, end: bytes }
  }
  const start = Number(first)
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  if (last !== '' && Number(last) < start) return null
  return start < bytes ? { start, end } : 'unsatisfiable'
}
