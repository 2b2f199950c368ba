import net, { type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../model/ambient.js'
import { answerLookups, restoreLookup } from '../testing/lookups.js'
import { createHttpClient, TransportError } from './http-client.js'

/** Whoever connects to any of these has reached what he must not reach. */
const listeners: { host: string; server: net.Server }[] = []
let port: number
let connections: string[]

beforeAll(async () => {
  port = await listen('127.0.0.1', 0)
  await listen('::1', port)
})
afterAll(() => {
  for (const { server } of listeners) server.close()
})
beforeEach(() => {
  connections = []
})
afterEach(restoreLookup)

async function listen(host: string, at: number): Promise<number> {
  const server = net.createServer((socket) => {
    connections.push(host)
    socket.destroy()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, host, resolve))
  listeners.push({ host, server })
  return (server.address() as AddressInfo).port
}

/** Hosts as somebody may give them, each of which is this machine, its network, or a service of its cloud. */
const hosts: Record<string, string[]> = {
  'IPv4, written in every way': [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.8.8.8',
    '127.255.255.255',
    '2130706433',
    '0x7f000001',
    '0x7F.0.0.1',
    '0x7f.1',
    '0177.0.0.1',
    '0177.0.0.01',
    '017700000001',
    '0x7f.0x0.0x0.0x1',
    '127.0.0.1.',
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
  ],
  'what means this machine without saying so': ['0.0.0.0', '0', '0x0', '0.0.0.0.', '[::]', '[0::0]'],
  'IPv6, and IPv4 inside of it': [
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[0000:0000:0000:0000:0000:0000:0000:0001]',
    '[::0.0.0.1]',
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::FFFF:7F00:0001]',
    '[::ffff:0:7f00:1]',
    '[::ffff:0.0.0.0]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2002:7f00:0001::1]',
    '[2001:0:7f00:1::]',
    '[2001:0000:4136:e378:8000:63bf:80ff:fffe]',
    '[fe80::1]',
    '[fec0::1]',
    '[fd00::1]',
    '[ff02::1]',
  ],
  'names of this machine': [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'a.b.localhost.',
    'local%68ost',
    'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
    'ｌｏｃａｌｈｏｓｔ',
    'loc\u00adalhost',
  ],
  'digits and dots of other scripts': [
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127．0．0．1',
    '127｡0｡0｡1',
    '𝟭𝟮𝟳.𝟬.𝟬.𝟭',
    '[::①]',
  ],
  'the network around, and services of clouds': [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '169.254.170.2',
    '0xa9fea9fe',
    '2852039166',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
    '100.64.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ],
}

/** Whole addresses that try to look like others. */
const addresses = (at: number) => [
  `https://mastodon.social@127.0.0.1:${at}/`,
  `https://mastodon.social:443@127.0.0.1:${at}/`,
  `https://127.0.0.1:${at}#@mastodon.social/`,
  `https://127.0.0.1:${at}?@mastodon.social/`,
  `https://127.0.0.1:${at}\\@mastodon.social/`,
  `https:\\\\127.0.0.1:${at}\\`,
  `https:127.0.0.1:${at}/`,
  `https:///127.0.0.1:${at}/`,
  `\thttps://127.0.0.1:${at}/\n`,
  `ht\ntps://127.0.0.1:${at}/`,
  `http://127.0.0.1:${at}/`,
  `HTTP://LOCALHOST:${at}/`,
  `ws://127.0.0.1:${at}/`,
  `ftp://127.0.0.1:${at}/`,
  `file:///etc/passwd`,
  `https://[fe80::1%25lo]:${at}/`,
  `https://[::1%25lo]:${at}/`,
  `https://[::ffff:127.0.0.1%25lo]:${at}/`,
  `https://127.0.0.1:0${at}/`,
]

/** The sandbox's own client differs from the live one in what it allows beyond the Internet, and in nothing else. */
const clients: [string, string[]][] = [
  ['of a live workspace', []],
  ['of a sandbox workspace', ['http://127.0.0.1:1', 'http://127.0.0.1:2']],
]

describe.each(clients)('the HTTP client %s', (_, allowedOrigins) => {
  const client = createHttpClient({
    userAgent: 'postmcp-test',
    logger: silentLogger,
    allowedOrigins,
    timeoutMs: 3000,
  })
  afterAll(() => client.close())
  const failure = (url: string) =>
    client.request({ method: 'GET', url }).then(
      () => null,
      (error: unknown) => error,
    )
  const refused = { name: 'TransportError', reason: 'address_not_allowed', arrived: 'no' }

  describe.each(Object.entries(hosts))('does not call %s', (_kind, list) => {
    it.each(list)('%s', async (host) => {
      // If a name were looked up, it would lead here.
      answerLookups(() => ['127.0.0.1', '::1'])
      for (const scheme of ['https', 'http']) {
        for (const at of ['', ':443', `:${port}`]) {
          const url = `${scheme}://${host}${at}/.well-known/oauth-authorization-server`
          const error = await failure(url)
          if (URL.canParse(url)) expect(error).toMatchObject(refused)
          else expect(error).toBeInstanceOf(Error)
        }
      }
      expect(connections).toEqual([])
    })
  })

  it('does not call an address that tries to look like another', async () => {
    answerLookups(() => ['127.0.0.1', '::1'])
    const errors = await Promise.all(addresses(port).map(failure))
    for (const error of errors) expect(error).toBeInstanceOf(Error)
    for (const error of errors) if (error instanceof TransportError) expect(error).toMatchObject(refused)
    expect(connections).toEqual([])
  })

  it.each([
    ['to this machine', ['127.0.0.1']],
    ['to this machine, by IPv6', ['::1']],
    ['to this machine, by a mapped address', ['::ffff:127.0.0.1']],
    ['to nowhere in particular', ['0.0.0.0']],
    ['to its network', ['10.1.2.3']],
    ['to the services of its cloud', ['169.254.169.254']],
    ['to the Internet and to this machine', ['1.1.1.1', '127.0.0.1']],
    ['to this machine and to the Internet', ['::1', '2606:4700::1111']],
    ['to an address of a link, with its zone', ['fe80::1%lo']],
    ['to nothing', []],
  ])('does not call a name that leads %s', async (_where, found) => {
    answerLookups(() => found)
    expect(await failure(`https://social.example.org:${port}/`)).toMatchObject(refused)
    expect(connections).toEqual([])
  })

  it('does not call a name whose answer changes, whichever answer comes when', async () => {
    for (const turn of [0, 1]) {
      let asked = 0
      answerLookups(() => [asked++ % 2 === turn ? '127.0.0.1' : '1.1.1.1'])
      for (let call = 0; call < 6; call++) await failure(`https://rebind.example.org:${port}/`)
      expect(asked).toBeGreaterThan(5)
    }
    expect(connections).toEqual([])
  })

  it('asks for a name once for each connection, and connects to what it was told then', async () => {
    const asked: string[] = []
    answerLookups((name) => {
      asked.push(name)
      return asked.length === 1 ? ['1.1.1.1'] : ['127.0.0.1']
    })
    // Tests reach this machine only: what matters is that it was not this machine that was tried.
    expect(await failure(`https://once.example.org:${port}/`)).toMatchObject({ reason: 'unreachable' })
    expect(asked).toEqual(['once.example.org'])
    expect(connections).toEqual([])
  })
})

it('an allowed origin is allowed to the character: no other port, scheme or name of the same machine', async () => {
  const client = createHttpClient({
    userAgent: 'postmcp-test',
    logger: silentLogger,
    allowedOrigins: [`http://127.0.0.1:${port + 1}`, `https://127.0.0.1:${port}`, `http://localhost:${port}`],
  })
  for (const url of [`http://127.0.0.1:${port}`, `http://[::1]:${port}`, `http://127.1:${port}`]) {
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      reason: 'address_not_allowed',
    })
  }
  expect(connections).toEqual([])
  await client.close()
})

it('the listeners are really there', async () => {
  for (const host of ['127.0.0.1', '[::1]']) {
    const origin = `http://${host}:${port}`
    const client = createHttpClient({ userAgent: 'x', logger: silentLogger, allowedOrigins: [origin] })
    await expect(client.request({ method: 'GET', url: origin })).rejects.toMatchObject({
      reason: 'interrupted',
    })
    await client.close()
  }
  expect(connections.sort()).toEqual(['127.0.0.1', '::1'])
})
