import dgram from 'node:dgram'
import dns, { lookup } from 'node:dns'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer, get } from 'node:http'
import net, { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// The file under test is a set-up file of this very run.

const refused = (host: string) =>
  expect.objectContaining({
    code: 'ERR_NOT_LOOPBACK',
    message: `Tests may not leave this machine, and this one tried to reach "${host}".`,
  })

const failureOf = async (socket: net.Socket) => (await once(socket, 'error'))[0] as Error

/** Addresses set aside for documentation: nobody answers, even if the guard failed. */
const outside = '192.0.2.1'

describe('leaving this machine', () => {
  it('is refused for sockets, however they are opened', async () => {
    expect(await failureOf(net.connect(80, outside))).toEqual(refused(outside))
    expect(await failureOf(net.connect({ port: 80, host: 'example.com' }))).toEqual(refused('example.com'))
    expect(await failureOf(new net.Socket().connect(80, 'example.com'))).toEqual(refused('example.com'))
    expect(await failureOf(net.connect(80, '2001:db8::1'))).toEqual(refused('2001:db8::1'))
    expect(await failureOf(net.connect(80, `::ffff:${outside}`))).toEqual(refused(`::ffff:${outside}`))
    expect(await failureOf(tls.connect(443, 'example.com'))).toEqual(refused('example.com'))
  })

  it('is refused for fetch and http', async () => {
    const error = await fetch('https://example.com').catch((thrown: Error) => thrown)
    expect((error as Error).cause).toEqual(refused('example.com'))
    expect((await once(get('http://example.com'), 'error'))[0]).toEqual(refused('example.com'))
  })

  it('is refused for names that a look-up of the caller turns into a foreign address', async () => {
    const socket = net.connect({
      port: 80,
      host: 'example.com',
      lookup: (_name, _options, callback) => callback(null, [{ address: outside, family: 4 }]),
    })
    expect(await failureOf(socket)).toEqual(refused(`example.com (${outside})`))
  })

  it('is refused for names', async () => {
    const byCallback = await new Promise((resolve) => lookup('example.com', resolve))
    expect(byCallback).toEqual(refused('example.com'))
    await expect(dns.promises.lookup('example.com')).rejects.toEqual(refused('example.com'))
    await expect(dns.promises.resolve4('example.com')).rejects.toEqual(refused('example.com'))
    await expect(new dns.promises.Resolver().resolveTxt('example.com')).rejects.toEqual(
      refused('example.com'),
    )
  })

  it('is refused for datagrams', async () => {
    const socket = dgram.createSocket('udp4')
    const error = await new Promise((resolve) => socket.send('x', 53, outside, resolve))
    expect(error).toEqual(refused(outside))
    socket.close()
  })
})

describe('staying on this machine', () => {
  const server = createHttpServer((_request, response) => response.end('here'))
  let port: number
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => server.close())

  it('works by address and by name', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      expect(await (await fetch(`http://${host}:${port}`)).text()).toBe('here')
    }
    const socket = net.connect(port)
    await once(socket, 'connect')
    socket.destroy()
  })

  it('works for a foreign name that a look-up of the caller turns into a loopback address', async () => {
    const socket = net.connect({
      port,
      host: 'example.com',
      lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    })
    await once(socket, 'connect')
    socket.destroy()
  })

  it('works over Unix sockets', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loopback-'))
    const unix = createServer((socket) => socket.end('here')).listen(join(folder, 's'))
    await once(unix, 'listening')
    for (const socket of [net.connect(join(folder, 's')), net.connect({ path: join(folder, 's') })]) {
      expect(String((await once(socket, 'data'))[0])).toBe('here')
    }
    unix.close()
    await rm(folder, { recursive: true })
  })
})
