import { createServer, type RequestListener, type Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { answerLookups, restoreLookup } from '@postmcp/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sandboxAdmin } from './journeys/sandbox-admin.js'
import type { Answer } from './support/client.js'
import { openTestInstallation, type TestInstallation } from './support/installation.js'
import { newTenant, publicUrl, type Tenant } from './support/simulated.js'
import { Visitor } from './support/visitor.js'

let product: TestInstallation
/** Whoever connects here has reached what he must not reach. */
let port: number
let connections: string[]
const listeners: (net.Server | Server)[] = []
/** A server the operator allows, for live workspaces; it sends people where it should not. */
let misleading: { origin: string; answer: RequestListener; paths: string[] }

beforeAll(async () => {
  port = await listen('127.0.0.1', 0)
  await listen('::1', port)
  misleading = { origin: '', answer: (_, response) => response.end(), paths: [] }
  const server = createServer((request, response) => {
    misleading.paths.push(request.url ?? '')
    misleading.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  listeners.push(server)
  misleading.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  product = await openTestInstallation(
    {
      POSTMCP_PUBLIC_URL: publicUrl,
      POSTMCP_SANDBOX: 'on',
      POSTMCP_SANDBOX_PORT: '0',
      POSTMCP_ALLOW_ORIGINS: misleading.origin,
    },
    { withSandbox: true },
  )
}, 60_000)
afterAll(async () => {
  await product?.close()
  for (const server of listeners) server.close()
})
beforeEach(() => {
  connections = []
  misleading.paths.length = 0
})
afterEach(restoreLookup)

async function listen(host: string, at: number): Promise<number> {
  const server = net.createServer((socket) => {
    connections.push(host)
    socket.destroy()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, host, resolve))
  listeners.push(server)
  return (server.address() as AddressInfo).port
}

const hosts = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '127.0.0.1.',
  '127%2e0%2e0%2e1',
  '0.0.0.0',
  '0',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[fe80::1]',
  '[fe80::1%25lo]',
  '[::1%25lo]',
  '[fd00:ec2::254]',
  'localhost',
  'LocalHost.',
  'a.localhost',
  'ⓛocalhost',
  'loc\u00adalhost',
  '１２７.０.０.１',
  '①②⑦.0.0.1',
  '127。0。0。1',
  '\u200b127.0.0.1',
  '\u202e127.0.0.1',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '2852039166',
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
]
const addressesOf = (host: string) => [
  host,
  `${host}:${port}`,
  `https://${host}:${port}`,
  `http://${host}:${port}`,
  `https://mastodon.social@${host}:${port}/`,
  `@ada@${host}:${port}`,
  `https://${host}:${port}/@ada`,
]

const connectTo = (tenant: Tenant, instance: string) =>
  tenant.call('POST', '/accounts/connect', { platform: 'mastodon', fields: { instance } })

function expectRefused(answer: Answer) {
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(400)
  expect(answer.status, answer.text).toBeLessThan(500)
  expect(['address_not_allowed', 'invalid_request'], answer.text).toContain(answer.body.code)
  expect(answer.body.nextAction).toMatch(/\w+ \w+/)
}

describe.each(['live', 'sandbox'] as const)('a %s workspace', (mode) => {
  let tenant: Tenant
  beforeAll(async () => {
    tenant = await newTenant(product.core, product.app, 'Tenant', { mode })
  })

  it.each(hosts)('connects to no instance at %s', async (host) => {
    answerLookups(() => ['127.0.0.1', '::1'])
    for (const address of addressesOf(host)) expectRefused(await connectTo(tenant, address))
    expect(connections).toEqual([])
  })

  it.each([
    ['to this machine', ['127.0.0.1']],
    ['to this machine by IPv6', ['::1']],
    ['to this machine by a mapped address', ['::ffff:127.0.0.1']],
    ['to the services of a cloud', ['169.254.169.254']],
    ['to the Internet and to this machine', ['1.1.1.1', '127.0.0.1']],
    ['to nothing', []],
  ])('connects to no instance whose name leads %s', async (_, found) => {
    answerLookups(() => found)
    const answer = await connectTo(tenant, `social.example.org:${port}`)
    expect(answer).toMatchObject({ status: 422, body: { code: 'address_not_allowed', platform: 'mastodon' } })
    expect(answer.body.nextAction).toContain('POSTMCP_ALLOW_ORIGINS')
    expect(connections).toEqual([])
  })

  it('connects to no instance whose name leads elsewhere each time', async () => {
    for (const turn of [0, 1]) {
      let asked = 0
      answerLookups(() => [asked++ % 2 === turn ? '127.0.0.1' : '1.1.1.1'])
      for (let call = 0; call < 4; call++) {
        const { status } = await connectTo(tenant, `rebind.example.org:${port}`)
        expect(status).toBeGreaterThanOrEqual(400)
      }
    }
    expect(connections).toEqual([])
  })

  it('with an application of its own reaches no address inside by its endpoints', async () => {
    answerLookups(() => ['127.0.0.1'])
    const places = [
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${port}`,
      `https://[::1]:${port}`,
      `https://localhost:${port}`,
      `https://2130706433:${port}`,
      `https://[::ffff:7f00:1]:${port}`,
      `https://0.0.0.0:${port}`,
      `https://x.example.org:${port}`,
      `https://a:b@127.0.0.1:${port}`,
      'https://169.254.169.254/latest/meta-data',
    ]
    for (const place of places) {
      const fields = { clientId: 'own-id', clientSecret: 'own-secret' }
      const set = await tenant.call('PUT', '/platforms/x/client', { fields, endpoints: { api: place } })
      expect([200, 400], set.text).toContain(set.status)
      if (set.status !== 200) continue
      const { data: findings } = await tenant.ok('GET', '/doctor?platform=x')
      expect(JSON.stringify(findings)).toMatch(/Not called|not a public address|not https|user name/)
      const step = await tenant.ok('POST', '/accounts/connect', { platform: 'x', fields: {} })
      const asked = new URL(step.authorizationUrl).searchParams
      const back = new URL(asked.get('redirect_uri') ?? '')
      back.searchParams.set('state', asked.get('state') ?? '')
      back.searchParams.set('code', 'a-code')
      const page = await new Visitor((url, init) => product.app.request(url, init)).open(back.href)
      expect(page).toMatchObject({
        status: 422,
        words: expect.stringContaining('address_not_allowed, request'),
      })
    }
    expect(connections).toEqual([])
    await tenant.ok('DELETE', '/platforms/x/client')
  })

  it.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:,x',
    'ftp://127.0.0.1',
    'nonsense',
    '',
    '//127.0.0.1',
  ])('sets no endpoint that is no web address: %j', async (api) => {
    const answer = await tenant.call('PUT', '/platforms/x/client', {
      fields: { clientId: 'own-id', clientSecret: 'own-secret' },
      endpoints: { api },
    })
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', issues: [{ field: 'endpoints.api' }] },
    })
  })

  it('is led to no address inside by the name of a Bluesky account, or the address of its server', async () => {
    answerLookups(() => ['127.0.0.1'])
    const identifiers = [
      `did:web:127.0.0.1%3A${port}`,
      `did:web:localhost%3A${port}`,
      `did:web:x.example.org%3A${port}`,
      '127.0.0.1',
      'a.localhost',
      'handle.example.org',
    ]
    for (const identifier of identifiers) {
      const fields = { identifier, appPassword: 'abcd-efgh-ijkl-mnop' }
      const { status } = await tenant.call('POST', '/accounts/connect', { platform: 'bluesky', fields })
      expect(status).toBeGreaterThanOrEqual(400)
    }
    for (const service of addressesOf('127.0.0.1').concat(addressesOf('localhost'), addressesOf('[::1]'))) {
      const fields = { identifier: 'ada.example.org', appPassword: 'abcd-efgh-ijkl-mnop', service }
      expectRefused(await tenant.call('POST', '/accounts/connect', { platform: 'bluesky', fields }))
    }
    expect(connections).toEqual([])
  })
})

describe('a server that may be called', () => {
  let tenant: Tenant
  beforeAll(async () => {
    tenant = await newTenant(product.core, product.app, 'Tenant')
  })
  const inside = () => `http://127.0.0.1:${port}`

  it.each([301, 302, 303, 307, 308])('leads nowhere by a redirect with status %i', async (status) => {
    misleading.answer = (_, response) => {
      response.writeHead(status, { location: `${inside()}/latest/meta-data` }).end()
    }
    const answer = await connectTo(tenant, misleading.origin)
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(answer.body.detail).toContain('a redirect is not followed')
    expect(misleading.paths.length).toBeGreaterThan(0)
    expect(connections).toEqual([])
  })

  it('leads nowhere by the documents with which it describes itself', async () => {
    const documents: Record<string, unknown> = {
      '/.well-known/nodeinfo': {
        links: [
          { rel: 'http://nodeinfo.diaspora.software/ns/schema/2.0', href: `${inside()}/nodeinfo/2.0` },
          {
            rel: 'http://nodeinfo.diaspora.software/ns/schema/2.1',
            href: `${misleading.origin}@127.0.0.1:${port}/`,
          },
        ],
      },
      '/api/v2/instance': { domain: `127.0.0.1:${port}`, version: '4.6.2', registrations: { url: inside() } },
      '/api/v1/apps': { client_id: 'id', client_secret: 'secret' },
      '/oauth/token': { access_token: 'a-token-of-theirs', token_type: 'Bearer', scope: 'profile write' },
      '/api/v1/accounts/verify_credentials': {
        id: '1',
        username: 'ada',
        acct: 'ada',
        display_name: 'Ada',
        avatar: `${inside()}/avatar.png`,
        url: `${inside()}/@ada`,
      },
    }
    misleading.answer = ({ url = '' }, response) => {
      const document = documents[url]
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify(document ?? {}))
    }
    const step = await tenant.ok('POST', '/accounts/connect', {
      platform: 'mastodon',
      fields: { instance: misleading.origin },
    })
    expect(new URL(step.authorizationUrl).origin).toBe(misleading.origin)
    const asked = new URL(step.authorizationUrl).searchParams
    const back = new URL(asked.get('redirect_uri') ?? '')
    back.searchParams.set('state', asked.get('state') ?? '')
    back.searchParams.set('code', 'a-code')
    await tenant.call('POST', `/connections/${step.connectionId}`, { callbackUrl: back.href })
    const { state } = await tenant.ok('GET', `/connections/${step.connectionId}`)
    expect(['connected', 'failed']).toContain(state)
    expect(misleading.paths).toContain('/oauth/token')
    expect(connections).toEqual([])
  })
})

describe("the sandbox's own platforms", () => {
  it('are reached by a sandbox workspace, and by no live one', async () => {
    const [person] = await sandboxAdmin(product.sandboxUrl ?? '').people('mastodon')
    const instance = person?.connectFields.instance ?? ''
    expect(new URL(instance).hostname).toBe('127.0.0.1')
    const playful = await newTenant(product.core, product.app, 'Sandbox', { mode: 'sandbox' })
    const live = await newTenant(product.core, product.app, 'Live')
    expect(await connectTo(playful, instance)).toMatchObject({ status: 200, body: { type: 'authorize' } })
    const refused = { status: 422, body: { code: 'address_not_allowed' } }
    expect(await connectTo(live, instance)).toMatchObject(refused)
    // Nor does what the operator allows for live workspaces go for sandbox ones.
    expect(await connectTo(playful, misleading.origin)).toMatchObject(refused)
  })

  it('are no way around: another scheme, name or port of the same machine is refused', async () => {
    const [person] = await sandboxAdmin(product.sandboxUrl ?? '').people('mastodon')
    const { port: own } = new URL(person?.connectFields.instance ?? '')
    const playful = await newTenant(product.core, product.app, 'Sandbox', { mode: 'sandbox' })
    for (const instance of [`https://127.0.0.1:${own}`, `http://localhost:${own}`, `http://[::1]:${own}`]) {
      expectRefused(await connectTo(playful, instance))
    }
  })
})

it('the listeners are really there', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    await new Promise((resolve) => net.connect(port, host).once('close', resolve).resume())
  }
  expect(connections).toEqual(['127.0.0.1', '::1'])
})
