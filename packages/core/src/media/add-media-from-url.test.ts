import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import { createHttpClient } from '../http/http-client.js'
import { silentLogger } from '../model/ambient.js'
import type { PostMcpError } from '../model/errors.js'
import type { Scope } from '../model/scope.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { sampleImage } from '../testing/sample-media.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { addMediaFromUrl } from './add-media-from-url.js'
import { localMediaStorage } from './local-media-storage.js'
import { openMedia } from './open-media.js'

/** Quick enough for a test to see somebody be too slow. */
const idleMs = 400
const timeoutMs = 1500

let database: TestDatabase
let folder: string
let core: CoreContext
let scope: Scope
let server: Server
let origin: string
let image: Uint8Array<ArrayBuffer>
let answer: RequestListener
let seen: IncomingMessage[]
const sockets = new Set<Socket>()
const http = { current: undefined as ReturnType<typeof createHttpClient> | undefined }

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  folder = await mkdtemp(join(tmpdir(), 'postmcp-media-url-'))
  server = createServer((request, response) => {
    seen.push(request)
    answer(request, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const network = createHttpClient({
    userAgent: 'postmcp-test',
    logger: silentLogger,
    allowedOrigins: [origin],
  })
  http.current = network
  const made = await createTestCore(database, {
    platforms: [],
    clock: createFakeClock(),
    media: localMediaStorage(folder),
    mediaLimits: { maxBytes: 1_000_000 },
  })
  core = { ...made, files: { download: (request) => network.download({ ...request, idleMs, timeoutMs }) } }
  scope = await createScope(core)
  image = await sampleImage('jpeg', { width: 300, height: 300 })
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await http.current?.close()
  await database.drop()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  seen = []
})

const fetchFile = (path = '/a/cat%20picture.jpg') =>
  addMediaFromUrl(core, scope, { url: `${origin}${path}`, fileName: null })

const files = async () =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile()).length

/** Refused, with nothing kept and nobody on the line. */
async function refused(fetching: () => Promise<unknown>): Promise<PostMcpError> {
  const before = await files()
  const error = await fetching().then(
    () => new Error('it was taken'),
    (thrown: unknown) => thrown,
  )
  expect(await files()).toBe(before)
  expect(await database.query('select id from media_uploads')).toEqual([])
  const busy = () => [...sockets].filter((socket) => !socket.destroyed && isBusy(socket))
  for (let turn = 0; busy().length > 0 && turn < 50; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(busy()).toEqual([])
  return error as PostMcpError
}
/** Whether it has a request under way, and is not just kept for a next one. */
const isBusy = (socket: Socket) => Boolean((socket as { _httpMessage?: unknown })._httpMessage)

describe('a file at an address', () => {
  it('is fetched once, without anything of ours, and kept as it was', async () => {
    let content = image
    answer = (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content)
    const media = await fetchFile('/a/cat%20picture.jpg?sig=1#x')
    expect(media).toMatchObject({
      mimeType: 'image/jpeg',
      bytes: image.length,
      sha256: createHash('sha256').update(image).digest('hex'),
      fileName: 'cat picture.jpg',
    })
    content = await sampleImage('png')
    const chunks: Uint8Array[] = []
    for await (const chunk of await openMedia(core, media)) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(image)).toBe(true)
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /a/cat%20picture.jpg?sig=1'])
    const { cookie, authorization, referer } = seen[0]?.headers ?? {}
    expect({ cookie, authorization, referer }).toEqual({})
  })

  it('need not tell its length, and may have the name that is given', async () => {
    answer = (_, response) => {
      response.write(image.subarray(0, 100))
      response.end(image.subarray(100))
    }
    const media = await addMediaFromUrl(core, scope, { url: origin, fileName: 'mine.jpg' })
    expect(media).toMatchObject({ bytes: image.length, fileName: 'mine.jpg' })
  })

  it('is found behind three detours, and no more', async () => {
    answer = (request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end(image)
      else response.writeHead(302, { location: `/${left - 1}`, 'set-cookie': 'a=b' }).end('elsewhere')
    }
    expect(await fetchFile('/3')).toMatchObject({ mimeType: 'image/jpeg' })
    expect(seen.some(({ headers }) => headers.cookie)).toBe(false)
    expect(await refused(() => fetchFile('/4'))).toMatchObject({ code: 'media_fetch_failed' })
    answer = (request, response) => response.writeHead(307, { location: request.url }).end()
    expect(await refused(() => fetchFile('/round'))).toMatchObject({ code: 'media_fetch_failed' })
  })

  it.each([
    'http://127.0.0.1:1/x.jpg',
    'https://127.0.0.1/x.jpg',
    'https://[::1]/x.jpg',
    'https://localhost/x.jpg',
    'http://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/x.jpg',
    'http://example.org/x.jpg',
    'https://user:word@example.org/x.jpg',
    'ftp://example.org/x.jpg',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
  ])('is not fetched from %s, at once or by a detour', async (url) => {
    const direct = () => addMediaFromUrl(core, scope, { url, fileName: null })
    expect(await refused(direct)).toMatchObject({ code: 'address_not_allowed' })
    answer = (_, response) => response.writeHead(301, { location: url }).end()
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'address_not_allowed' })
  })

  it.each([
    [204, {}],
    [206, {}],
    [304, {}],
    [401, {}],
    [404, {}],
    [500, {}],
    [302, {}],
    [302, { location: 'https://' }],
  ])('whose server answers %i is not taken', async (status, headers) => {
    answer = (_, response) => response.writeHead(status, headers).end(status === 304 ? '' : image)
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_fetch_failed' })
  })

  it('that is too large is refused by what is said of it, and by what comes', async () => {
    let sent = 0
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 2_000_000 })
      response.write('x')
    }
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'payload_too_large' })
    answer = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
      }
      response.on('drain', more)
      more()
    }
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'payload_too_large' })
    expect(sent).toBeLessThan(50_000_000)
  })

  it('that breaks off before the end that was announced is not taken', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': image.length })
      response.write(image.subarray(0, 1000), () => response.destroy())
    }
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_fetch_failed' })
    answer = (_, response) => {
      response.write(image.subarray(0, 1000), () => response.destroy())
    }
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_fetch_failed' })
  })

  it('that comes too slowly is given up: no answer, no next piece, or drop by drop', async () => {
    answer = () => {}
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_fetch_failed' })
    answer = (_, response) => void response.write(image.subarray(0, 100))
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_fetch_failed' })
    answer = (_, response) => {
      const drip = setInterval(() => response.write('x'), 100)
      response.on('close', () => clearInterval(drip))
    }
    const error = await refused(() => fetchFile())
    expect(error).toMatchObject({ code: 'media_fetch_failed' })
    expect(error.message).toMatch(/took more than/)
  })

  it('that is a page, or packed, or damaged is not taken for the file', async () => {
    answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'image/jpeg' }).end('<html>Log in</html>')
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_type_unsupported' })
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(image)
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_fetch_failed' })
    answer = (_, response) => response.end(image.subarray(0, image.length / 2))
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_invalid' })
    answer = (_, response) => response.end()
    expect(await refused(() => fetchFile())).toMatchObject({ code: 'media_invalid' })
  })

  it('that nobody waits for any more is not fetched to its end', async () => {
    answer = (_, response) => void response.write(image.subarray(0, 100))
    const signal = AbortSignal.timeout(100)
    const error = await refused(() => addMediaFromUrl(core, scope, { url: origin, fileName: null, signal }))
    expect(error.message).toBe('The upload broke off after 100 bytes.')
  })

  it('is told apart from an address that says nothing', async () => {
    for (const url of ['', 'nothing', 'http://']) {
      const fetching = () => addMediaFromUrl(core, scope, { url, fileName: null })
      expect(await refused(fetching)).toMatchObject({ code: 'media_fetch_failed' })
    }
  })
})
