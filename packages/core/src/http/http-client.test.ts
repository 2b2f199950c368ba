import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { answerLookups, restoreLookup } from '../testing/lookups.js'
import { createHttpClient, type HttpClientOptions, TransportError } from './http-client.js'
import { retryAfter } from './rate-limit.js'

const servers: (Server | net.Server)[] = []
const clients: { close(): Promise<void> }[] = []
afterEach(() => {
  vi.restoreAllMocks()
  restoreLookup()
})
afterAll(async () => {
  for (const server of servers) {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
  }
  await Promise.all(clients.map((client) => client.close()))
})

async function serve(listener: RequestListener): Promise<{ origin: string; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    listener(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  servers.push(server)
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

async function serveRaw(onSocket: (socket: net.Socket) => void): Promise<string> {
  const server = net.createServer(onSocket)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const lines: unknown[] = []
const log = (fields: object, message: string) => void lines.push({ fields, message })
function clientFor(origin: string | string[], options: Partial<HttpClientOptions> = {}) {
  const client = createHttpClient({
    allowedOrigins: [origin].flat(),
    userAgent: 'postmcp-test',
    logger: { debug: log, info: log, warn: log, error: log },
    ...options,
  })
  clients.push(client)
  return client
}

const failureOf = async (work: Promise<unknown>): Promise<TransportError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof TransportError) return error
  throw new Error(`no TransportError but ${String(error)}`)
}

describe('what is not called', () => {
  it('is an address inside, by name or by number', async () => {
    const client = clientFor('http://127.0.0.1:1')
    for (const url of ['https://127.0.0.1', 'https://[::1]:443', 'http://127.0.0.1:2', 'https://localhost'])
      expect(await failureOf(client.request({ method: 'GET', url }))).toMatchObject({
        reason: 'address_not_allowed',
        arrived: 'no',
        message: expect.stringMatching(/^Not called: /),
      })
  })

  it('is a name that resolves to an address inside, though it gave another answer before', async () => {
    let lookups = 0
    answerLookups(() => [lookups++ === 0 ? '127.0.0.1' : '1.1.1.1'])
    const error = await failureOf(
      clientFor([]).request({ method: 'GET', url: 'https://rebind.example.org/x' }),
    )
    expect(error).toMatchObject({
      reason: 'address_not_allowed',
      arrived: 'no',
      message: 'Not called: rebind.example.org is not a public address.',
    })
    expect(lookups).toBe(1) // what was checked is what is connected to
  })

  it('is the place a redirect points to', async () => {
    const { origin, seen } = await serve((_request, response) =>
      response.writeHead(302, { location: '/elsewhere' }).end('moved'),
    )
    expect(await clientFor(origin).request({ method: 'POST', url: `${origin}/x`, json: {} })).toMatchObject({
      status: 302,
      text: 'moved',
    })
    expect(seen).toHaveLength(1)
  })
})

describe('a request', () => {
  it('carries what it was given', async () => {
    const bodies: string[] = []
    const { origin, seen } = await serve((request, response) => {
      request.setEncoding('utf8').on('data', (chunk) => bodies.push(chunk))
      request.on('end', () => response.end('{"a":1}'))
    })
    const answer = await clientFor(origin).request({
      method: 'PUT',
      url: `${origin}/p?q=1`,
      json: { x: 'ü' },
      headers: { authorization: 'Bearer t' },
    })
    expect(answer).toMatchObject({ status: 200, json: { a: 1 } })
    expect(seen[0]).toMatchObject({ method: 'PUT', url: '/p?q=1' })
    expect(seen[0]?.headers).toMatchObject({
      'user-agent': 'postmcp-test',
      'content-type': 'application/json',
      authorization: 'Bearer t',
    })
    expect(bodies.join('')).toBe('{"x":"ü"}')
  })

  it('is one request, whatever comes back', async () => {
    const { origin, seen } = await serve((_request, response) => response.writeHead(503).end())
    await clientFor(origin).request({ method: 'POST', url: origin, json: {} })
    expect(seen).toHaveLength(1)
  })
})

describe('an answer', () => {
  it('of an error is an answer', async () => {
    const { origin } = await serve((_request, response) =>
      response.writeHead(418, { 'x-a': 'b' }).end('<html>'),
    )
    const answer = await clientFor(origin).request({ method: 'GET', url: origin })
    expect(answer).toMatchObject({ status: 418, text: '<html>', json: undefined })
    expect(answer.headers.get('x-a')).toBe('b')
  })

  it('that is too large is not read to its end, also when it is packed', async () => {
    let sent = 0
    const { origin } = await serve((request, response) => {
      if (request.url === '/packed') {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)))
        return
      }
      const more = () => {
        while (sent < 500_000_000 && response.write(Buffer.alloc(65_536))) sent += 65_536
      }
      response.on('drain', more)
      more()
    })
    const client = clientFor(origin, { maxBytes: 100_000 })
    for (const url of [origin, `${origin}/packed`])
      expect(await failureOf(client.request({ method: 'GET', url }))).toMatchObject({
        reason: 'too_large',
        arrived: 'maybe',
      })
    expect(sent).toBeLessThan(100_000_000)
  })

  it('that does not come, or comes drop by drop, is given up in time', async () => {
    const { origin } = await serve((request, response) => {
      if (request.url !== '/drops') return
      const drops = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drops))
    })
    const client = clientFor(origin, { timeoutMs: 150 })
    for (const url of [origin, `${origin}/drops`])
      expect(await failureOf(client.request({ method: 'GET', url }))).toMatchObject({
        reason: 'timeout',
        arrived: 'maybe',
      })
  })
})

describe('whether a request arrived', () => {
  it('is no when nobody listens, and when there is no such name', async () => {
    const origin = await serveRaw(() => {})
    servers.pop()?.close()
    const refused = await failureOf(clientFor(origin).request({ method: 'POST', url: origin }))
    expect(refused).toMatchObject({
      arrived: 'no',
      reason: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    answerLookups(() => null)
    expect(
      await failureOf(clientFor([]).request({ method: 'POST', url: 'https://nowhere.example.org' })),
    ).toMatchObject({ arrived: 'no', reason: 'unreachable' })
  })

  it('is no when TLS is never settled, however that ends', async () => {
    const origin = (await serveRaw((socket) => socket.destroy())).replace('http:', 'https:')
    expect(await failureOf(clientFor(origin).request({ method: 'POST', url: origin }))).toMatchObject({
      arrived: 'no',
    })
    const silent = (await serveRaw(() => {})).replace('http:', 'https:')
    expect(
      await failureOf(clientFor(silent, { timeoutMs: 100 }).request({ method: 'POST', url: silent })),
    ).toMatchObject({ arrived: 'no', reason: 'timeout' })
  })

  it('is maybe when the connection breaks after the request', async () => {
    for (const ending of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', 'garbage\r\n\r\n']) {
      const origin = await serveRaw((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.end(ending))
      })
      expect(
        await failureOf(clientFor(origin).request({ method: 'POST', url: origin, json: {} })),
      ).toMatchObject({ arrived: 'maybe', reason: 'interrupted' })
    }
  })

  it('is no when it was given up before it left, and maybe after', async () => {
    const { origin, seen } = await serve(() => {})
    const before = clientFor(origin).within({ signal: AbortSignal.abort() })
    expect(await failureOf(before.request({ method: 'POST', url: origin }))).toMatchObject({
      arrived: 'no',
      reason: 'aborted',
    })
    expect(seen).toHaveLength(0)
    const controller = new AbortController()
    const after = failureOf(
      clientFor(origin).within({ signal: controller.signal }).request({ method: 'POST', url: origin }),
    )
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    controller.abort()
    expect(await after).toMatchObject({ arrived: 'maybe', reason: 'aborted' })
  })
})

describe('a deadline', () => {
  it('that is past lets nothing leave', async () => {
    const { origin, seen } = await serve((_request, response) => response.end())
    const late = clientFor(origin).within({ deadline: new Date(Date.now() - 1) })
    expect(await failureOf(late.request({ method: 'POST', url: origin }))).toMatchObject({
      arrived: 'no',
      reason: 'aborted',
    })
    expect(seen).toHaveLength(0)
  })

  it('ends what takes longer', async () => {
    const { origin } = await serve(() => {})
    const client = clientFor(origin).within({ deadline: new Date(Date.now() + 150) })
    expect(await failureOf(client.request({ method: 'POST', url: origin }))).toMatchObject({
      arrived: 'maybe',
      reason: 'timeout',
    })
  })

  it('is looked at once more right before the first byte: a process stopped while it connected sends nothing', async () => {
    let bytes = 0
    const origin = await serveRaw((socket) => {
      socket.on('data', (data) => {
        bytes += data.length
      })
    })
    const deadline = new Date(Date.now() + 150)
    const { connect } = net.Socket.prototype
    vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(function (
      this: net.Socket,
      ...given: unknown[]
    ) {
      const socket = Reflect.apply(connect, this, given) as net.Socket
      // The process is stopped here, and wakes when it is too late; the connection has been made meanwhile.
      process.nextTick(() => {
        while (Date.now() < deadline.getTime() + 20);
      })
      return socket
    })
    const sending = clientFor(origin).within({ deadline }).request({ method: 'POST', url: origin, json: {} })
    expect(await failureOf(sending)).toMatchObject({ arrived: 'no' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(bytes).toBe(0)
  })
})

describe('what is logged and said', () => {
  it('holds method, origin and status, and nothing that can be a secret', async () => {
    lines.length = 0
    const { origin } = await serve((request, response) => {
      if (request.url?.includes('break')) request.socket.destroy()
      else response.writeHead(401).end('{"error":"SECRET-body is wrong"}')
    })
    const client = clientFor(origin)
    const request = {
      method: 'POST' as const,
      headers: { authorization: 'SECRET-header' },
      json: { token: 'SECRET-json' },
    }
    await client.request({ ...request, url: `${origin}/botSECRET-path/send?x=SECRET-query` })
    const error = await failureOf(
      client.request({ ...request, url: `${origin}/botSECRET-path/break?x=SECRET-query` }),
    )
    const refused = await failureOf(client.request({ ...request, url: 'https://10.0.0.1/SECRET-path' }))
    expect(lines).toMatchObject([
      { fields: { request: `POST ${origin}`, status: 401 } },
      { fields: { request: `POST ${origin}` } },
    ])
    expect(JSON.stringify(lines) + error.message + refused.message).not.toContain('SECRET')
  })
})

describe('when to come back', () => {
  const now = new Date('2026-11-22T12:00:00Z')
  it.each([
    [{ 'retry-after': '30' }, '2026-11-22T12:00:30Z'],
    [{ 'retry-after': 'Sun, 22 Nov 2026 13:00:00 GMT' }, '2026-11-22T13:00:00Z'],
    [{ 'ratelimit-reset': '1795350000' }, '2026-11-22T12:20:00Z'],
    [{ 'ratelimit-reset': '45' }, '2026-11-22T12:00:45Z'],
    [{ 'x-ratelimit-reset': '2026-11-22T12:20:00.000000Z' }, '2026-11-22T12:20:00Z'],
    [{ 'x-ratelimit-reset': '2026-13-45T99:00:00Z' }, undefined],
    [{ 'retry-after': 'soon', 'ratelimit-reset': '1795350000' }, '2026-11-22T12:20:00Z'],
    [{ 'retry-after': '99999999999999999999' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'ratelimit-reset': '99999999999999' }, undefined],
    [{}, undefined],
  ])('is read from %j', (headers, expected) => {
    const found = retryAfter(new Headers(headers as Record<string, string>), now)
    if (expected === undefined) expect(found === undefined || found <= now).toBe(true)
    else expect(found).toEqual(new Date(expected))
  })
})
