import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../model/ambient.js'
import { createHttpClient, type TransportError } from './http-client.js'
import { multipart } from './multipart.js'

const servers: Server[] = []
const clients: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  await Promise.all(clients.map((client) => client.close()))
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const clientFor = (...origins: string[]) => {
  const client = createHttpClient({ userAgent: 'test', logger: silentLogger, allowedOrigins: origins })
  clients.push(client)
  return client
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A body of so many pieces of 64 KiB; `closed` tells whether it was let go of. */
function pieces(
  count: number,
  hooks: { before?: (index: number) => void | Promise<void>; bytes?: number } = {},
) {
  const state = { closed: false, given: 0 }
  const body = {
    bytes: hooks.bytes ?? count * 65_536,
    async *open(): AsyncGenerator<Uint8Array> {
      try {
        for (let index = 0; index < count; index++) {
          await hooks.before?.(index)
          state.given += 1
          yield new Uint8Array(65_536).fill(index & 255)
        }
      } finally {
        state.closed = true
      }
    },
  }
  return { body, state }
}

const failureOf = (work: Promise<unknown>): Promise<TransportError> =>
  work.then(
    () => {
      throw new Error('it succeeded')
    },
    (error: TransportError) => error,
  )

describe('a body that is a stream', () => {
  it('arrives whole and with its length, as often as it is sent', async () => {
    const seen: [string | undefined, string | undefined, number][] = []
    const origin = await serve(async (request, response) => {
      const body = await read(request)
      seen.push([request.headers['content-length'], request.headers['transfer-encoding'], body.length])
      response.end('{"ok":true}')
    })
    const { body } = pieces(40)
    for (const method of ['POST', 'PUT'] as const) {
      const answer = await clientFor(origin).request({ method, url: origin, body })
      expect(answer.json).toEqual({ ok: true })
    }
    expect(seen).toEqual([
      ['2621440', undefined, 2_621_440],
      ['2621440', undefined, 2_621_440],
    ])
  })

  it('may be empty', async () => {
    let length: string | undefined
    const origin = await serve(async (request, response) => {
      length = request.headers['content-length']
      await read(request)
      response.end()
    })
    await clientFor(origin).request({ method: 'PUT', url: origin, body: pieces(0).body })
    expect(length).toBe('0')
  })

  it('is read no faster than the other side takes it', async () => {
    const origin = await serve((request, response) => {
      setTimeout(() => void read(request).then(() => response.end()), 300)
    })
    const { body, state } = pieces(1600)
    const sending = clientFor(origin).request({ method: 'PUT', url: origin, body })
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(state.given).toBeLessThan(800)
    await sending
    expect(state.given).toBe(1600)
  })

  it('that cannot be read at all fails as it does, and nothing is sent', async () => {
    let requests = 0
    const origin = await serve((_, response) => {
      requests += 1
      response.end()
    })
    const { body } = pieces(3, {
      before: () => {
        throw new Error('the file is gone')
      },
    })
    const sending = clientFor(origin).request({ method: 'POST', url: origin, body })
    await expect(sending).rejects.toThrow('the file is gone')
    expect(requests).toBe(0)
  })

  it.each([
    ['breaks off', pieces(9, { before: (index) => void (index === 5 && fail()) }).body],
    ['is shorter than was said', pieces(9, { bytes: 10 * 65_536 }).body],
    ['is longer than was said', pieces(9, { bytes: 8 * 65_536 }).body],
  ])('that %s is not sent whole, which is told', async (_, body) => {
    let got: number | 'whole' = 0
    const origin = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => {
        if (typeof got === 'number') got += chunk.length
      })
      request.on('end', () => {
        got = 'whole'
        response.end()
      })
      request.on('error', () => {})
    })
    const error = await failureOf(clientFor(origin).request({ method: 'POST', url: origin, body }))
    expect(error).toMatchObject({ name: 'TransportError', arrived: 'maybe', reason: 'interrupted' })
    expect(got).not.toBe('whole')
  })

  it('is let go of when nobody can be reached, and did not arrive then', async () => {
    const { body, state } = pieces(9)
    const url = 'http://127.0.0.1:1/'
    const error = await failureOf(clientFor('http://127.0.0.1:1').request({ method: 'POST', url, body }))
    expect(error).toMatchObject({ arrived: 'no', reason: 'unreachable' })
    expect(state.closed).toBe(true)
  })

  it('is let go of when the caller gives up or the time is over, even while it waits', async () => {
    const origin = await serve((request) => void request.resume())
    for (const limits of [{ signal: AbortSignal.timeout(200) }, { deadline: new Date(Date.now() + 400) }]) {
      const { body } = pieces(9, { before: (index) => (index < 3 ? undefined : new Promise(() => {})) })
      const sending = clientFor(origin).within(limits).request({ method: 'POST', url: origin, body })
      expect(await failureOf(sending)).toMatchObject({ arrived: 'maybe' })
    }
  })

  it('is not needed any more once the other side has answered', async () => {
    const origin = await serve((request, response) => {
      response.writeHead(413).end('{"error":"too large"}')
      request.resume()
    })
    const { body } = pieces(2000)
    const answer = await clientFor(origin).request({ method: 'POST', url: origin, body })
    expect(answer).toMatchObject({ status: 413, json: { error: 'too large' } })
  })
})

const fail = () => {
  throw new Error('the disk is gone')
}

describe('a form with files', () => {
  it('is read by others as it was written, whatever the names are', async () => {
    let form: FormData | undefined
    let length: string | undefined
    const origin = await serve(async (request, response) => {
      length = request.headers['content-length']
      const body = new Uint8Array(await read(request))
      expect(String(body.length)).toBe(length)
      form = await new Response(body, {
        headers: { 'content-type': request.headers['content-type'] ?? '' },
      }).formData()
      response.end()
    })
    const { body, state } = pieces(3)
    const parts = [
      { name: 'description', value: 'Grüße\r\n--postmcp\r\n"x"' },
      { name: 'empty', value: '' },
      { name: 'file', fileName: 'Grüße "1"\r\nX: y.mp4', mimeType: 'video/mp4', content: body },
      { name: 'last', value: 'after the file' },
    ]
    const { headers, body: sent } = multipart(parts)
    await clientFor(origin).request({ method: 'POST', url: origin, headers, body: sent })
    expect(form?.get('description')).toBe('Grüße\r\n--postmcp\r\n"x"')
    expect(form?.get('empty')).toBe('')
    expect(form?.get('last')).toBe('after the file')
    const file = form?.get('file')
    if (!(file instanceof File)) throw new Error('there is no file')
    expect(file.size).toBe(3 * 65_536)
    expect(file.type).toBe('video/mp4')
    expect(file.name).toBe('Grüße "1"\r\nX: y.mp4')
    expect([...(form?.keys() ?? [])]).toEqual(['description', 'empty', 'file', 'last'])
    expect(state.closed).toBe(true)
  })

  it('never has the same boundary twice', () => {
    const [one, other] = [multipart([]), multipart([])]
    expect(one.headers).not.toEqual(other.headers)
  })
})
