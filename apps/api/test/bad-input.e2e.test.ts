import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createHttpClient, startWorker, type Worker } from '@postmcp/core'
import { endlessBody } from '@postmcp/tooling/test-servers/fault-proxy'
import { type ProxiedTestPds, startTestPds, type TestAccount } from '@postmcp/tooling/test-servers/pds'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { createApp, serve } from '../src/index.js'
import { type Answer, type Client, clientOf, clientOfServer } from './support/client.js'
import { createDatabase } from './support/database.js'
import { tempFolder } from './support/folder.js'
import { png } from './support/images.js'
import {
  type ConnectedAccount,
  connectNew,
  openTestInstallation,
  platformEnv,
  quickTimings,
  type TestInstallation,
} from './support/installation.js'
import { failToStart, killAll, startServer } from './support/processes.js'
import { until } from './support/until.js'

const login = 'com.atproto.server.createSession'

let pds: ProxiedTestPds
let product: TestInstallation
let worker: Worker
let account: ConnectedAccount
/** Not connected. */
let stranger: TestAccount
let appPassword: string
/** The same API with little patience for platforms. */
let impatient: Client

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  product = await openTestInstallation({
    ...platformEnv(pds),
    POSTMCP_MAX_MEDIA_BYTES: String(20 * 1024 * 1024),
  })
  worker = await startWorker(product.core)
  account = await connectNew(product, pds)
  stranger = await pds.createAccount()
  appPassword = (await pds.createAppPassword(stranger)).password
  const http = createHttpClient({
    allowedOrigins: [pds.url, pds.plcUrl],
    userAgent: 'test',
    logger: product.core.logger,
    timeoutMs: 400,
  })
  const { live, sandbox } = product.core.environments
  const app = createApp({ ...product.core, environments: { live: { ...live, http }, sandbox } })
  impatient = clientOf((path, init) => app.request(path, init), product.apiKey)
}, 60_000)
afterAll(async () => {
  await worker?.stop()
  await product?.close()
  await pds?.close()
})

/** Every row but those of connections, which may tell of a failure. */
const rows = async () => {
  const { connections: _, ...others } = await product.database.countRows()
  return others
}

const connect = (fields: Record<string, string>, client: Client = product): Promise<Answer> =>
  client.call('POST', '/accounts/connect', { platform: 'bluesky', fields })

/** What every refusal has to say. */
function expectProblem(answer: Answer, status: number, code: string, detail?: RegExp) {
  expect(answer, answer.text).toMatchObject({
    status,
    body: {
      status,
      code,
      type: `urn:postmcp:error:${code}`,
      nextAction: expect.stringMatching(/\w{3}/),
      requestId: expect.any(String),
    },
  })
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.body.detail).toMatch(detail ?? /\w{3}/)
}

describe('a request that is refused', () => {
  let before: Record<string, number>
  beforeEach(async () => {
    pds.proxy.forget()
    before = await rows()
  })
  afterEach(async () => {
    pds.proxy.clearRules()
    pds.plcProxy.clearRules()
    await pds.proxy.accept()
    await pds.plcProxy.accept()
    // No partial rows, and no connection that seems to be going on.
    expect(await rows()).toEqual(before)
    const open = await product.database.query(
      `select state from connections where state not in ('connected', 'failed')`,
    )
    expect(open).toEqual([])
    expect(await product.ok('GET', '/readyz')).toEqual({ status: 'ok' })
    expect((await product.ok('GET', `/accounts/${account.id}`)).status).toBe('active')
  })

  describe('to connect', () => {
    it('names an unknown platform: is told the nearest', async () => {
      const answer = await product.call('POST', '/accounts/connect', { platform: 'blusky', fields: {} })
      expectProblem(answer, 400, 'unknown_platform')
      expect(answer.body.detail + answer.body.nextAction).toContain('bluesky')
    })

    it.each(['not a handle', 'anna', '@', 'anna..test', 'did:plc:short', 'did:key:abc', 'a@b@c'])(
      'has the malformed identifier %j: nothing is asked of anybody',
      async (identifier) => {
        const answer = await connect({ identifier, appPassword })
        if (identifier === '')
          expect(answer.body).toMatchObject({ type: 'input_required', fields: [{ name: 'identifier' }] })
        else expectProblem(answer, 400, 'invalid_request', /identifier/)
        if (identifier === '') await product.database.query(`delete from connections where state = 'pending'`)
        else expect(answer.body.issues).toMatchObject([{ field: 'identifier', severity: 'error' }])
        expect(pds.proxy.requests).toEqual([])
      },
    )

    it('has a field that there is not', async () => {
      expectProblem(
        await connect({ identifier: stranger.handle, password: 'x' }),
        400,
        'invalid_request',
        /identifier, appPassword/,
      )
    })

    it('has a handle that nobody has', async () => {
      expectProblem(
        await connect({ identifier: 'nobody-at-all.test', appPassword }),
        422,
        'identity_not_found',
        /nobody-at-all/,
      )
      expect(pds.proxy.count(login).received).toBe(0)
    })

    it('has a wrong app password', async () => {
      const answer = await connect({ identifier: stranger.handle, appPassword: 'aaaa-bbbb-cccc-dddd' })
      expectProblem(answer, 422, 'credentials_rejected')
    })

    it('has the main password: it is not even sent', async () => {
      const answer = await connect({ identifier: stranger.handle, appPassword: stranger.password })
      expectProblem(answer, 422, 'credentials_unsuitable', /app password/)
      expect(answer.body.helpUrl).toMatch(/^https:/)
      expect(answer.text).not.toContain(stranger.password)
      expect(pds.proxy.count(login).received).toBe(0)
    })

    it('meets a server that refuses connections', async () => {
      await pds.proxy.refuse()
      expectProblem(
        await connect({ identifier: stranger.did, appPassword }),
        503,
        'platform_unavailable',
        /reached|ECONNREFUSED/,
      )
    })

    it('meets a server that does not answer', async () => {
      pds.proxy.hold(login)
      expectProblem(
        await connect({ identifier: stranger.handle, appPassword }, impatient),
        503,
        'platform_unavailable',
        /in time/,
      )
    })

    it('meets a server that answers without end', async () => {
      pds.proxy.respond(login, () => ({ status: 200, body: endlessBody(20) }))
      expectProblem(
        await connect({ identifier: stranger.handle, appPassword }, impatient),
        503,
        'platform_unavailable',
        /in time/,
      )
    })

    it.each([
      ['a web page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>hello</html>' }],
      ['an empty object', { status: 200, body: {} }],
      [
        'a session without tokens',
        { status: 200, body: { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', handle: 'x.test' } },
      ],
      ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }],
      [
        'the session of another account',
        {
          status: 200,
          body: {
            did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
            handle: 'x.test',
            accessJwt: 'a.b.c',
            refreshJwt: 'a.b.c',
          },
        },
      ],
      ['broken JSON', { status: 200, headers: { 'content-type': 'application/json' }, body: '{"did":' }],
    ])('meets a server that answers with %s', async (_, answer) => {
      pds.proxy.respond(login, answer)
      expectProblem(
        await connect({ identifier: stranger.handle, appPassword }),
        502,
        'platform_response_invalid',
      )
    })

    it('meets a server that is broken', async () => {
      pds.proxy.respond(login, { status: 500, body: 'oops' })
      expectProblem(await connect({ identifier: stranger.handle, appPassword }), 503, 'platform_unavailable')
    })

    it('meets a rate limit: is told until when', async () => {
      pds.proxy.respondRateLimited(login, 77)
      const answer = await connect({ identifier: stranger.handle, appPassword })
      expectProblem(answer, 429, 'rate_limited')
      const seconds = Number(answer.headers.get('retry-after'))
      expect(seconds).toBeGreaterThan(70)
      expect(seconds).toBeLessThan(80)
      expect(Date.parse(answer.body.retryAfter)).toBeGreaterThan(Date.now() + 60_000)
    })

    it('meets a directory that is away, or broken', async () => {
      await pds.plcProxy.refuse()
      expectProblem(await connect({ identifier: stranger.handle, appPassword }), 503, 'platform_unavailable')
      await pds.plcProxy.accept()
      pds.plcProxy.respond(() => true, { status: 502, body: 'bad gateway' })
      expectProblem(await connect({ identifier: stranger.handle, appPassword }), 503, 'platform_unavailable')
      expect(pds.proxy.count(login).received).toBe(0)
    })

    it.each([
      ['a private address', 'http://10.0.0.1'],
      ['a private address by https', 'https://192.168.1.1'],
      ['this machine by another port', 'http://127.0.0.1:9'],
      ['the metadata service of a cloud', 'http://169.254.169.254'],
      ['this machine by IPv6', 'https://[::1]:443'],
    ])(
      'names an account whose document points to %s: the password is not sent there',
      async (_, serviceEndpoint) => {
        const document = (await (await fetch(`${pds.directPlcUrl}/${stranger.did}`)).text()).replaceAll(
          pds.url,
          serviceEndpoint,
        )
        pds.plcProxy.respond(
          { path: `/${stranger.did}` },
          { status: 200, headers: { 'content-type': 'application/json' }, body: document },
        )
        expectProblem(await connect({ identifier: stranger.handle, appPassword }), 422, 'address_not_allowed')
        expect(pds.proxy.count(login).received).toBe(0)
      },
    )

    it('names an account whose document calls itself something else', async () => {
      const document = (await (await fetch(`${pds.directPlcUrl}/${stranger.did}`)).text()).replaceAll(
        stranger.handle,
        'other.test',
      )
      pds.plcProxy.respond(
        { path: `/${stranger.did}` },
        { status: 200, headers: { 'content-type': 'application/json' }, body: document },
      )
      expectProblem(await connect({ identifier: stranger.handle, appPassword }), 422, 'identity_not_found')
    })

    it('reconnects with the credentials of another account: the session made for that is ended', async () => {
      const answer = await product.call('POST', `/accounts/${account.id}/reconnect`, {
        fields: { identifier: stranger.handle, appPassword },
      })
      expectProblem(answer, 409, 'identity_mismatch', new RegExp(stranger.handle))
      expect(pds.proxy.count('com.atproto.server.deleteSession').answered).toBe(1)
    })
  })

  describe('to publish', () => {
    const create = (content: Record<string, unknown>) =>
      product.call('POST', '/post-groups', { content, targets: [{ accountId: account.id }] })

    it('has a text that is too long: is told by how much', async () => {
      const family = '👨‍👩‍👧'
      const answer = await create({ text: `${'a'.repeat(290)}${family.repeat(15)}` })
      expectProblem(answer, 422, 'validation_failed', /5 characters too long for Bluesky: 305 of 300/)
      expect(answer.body.issues).toMatchObject([
        { code: 'text_too_long', field: 'content.text', allowed: 300, found: 305, accountId: account.id },
      ])
    })

    it('has too many bytes within the characters that are allowed', async () => {
      const answer = await create({ text: '👨‍👩‍👧'.repeat(200) })
      expectProblem(answer, 422, 'validation_failed', /600 bytes too long for Bluesky: 3600 of 3000/)
    })

    it('has nothing to publish', async () => {
      expectProblem(await create({ text: '  \n' }), 422, 'validation_failed', /nothing to publish/)
    })

    it('names no target, or one twice', async () => {
      const content = { text: 'hello' }
      expectProblem(
        await product.call('POST', '/post-groups', { content, targets: [] }),
        400,
        'invalid_request',
        /targets/,
      )
      const twice = [{ accountId: account.id }, { accountId: account.id }]
      expectProblem(
        await product.call('POST', '/post-groups', { content, targets: twice }),
        422,
        'validation_failed',
        /twice/,
      )
    })

    it.each([
      ['a NUL', 'be\u0000fore'],
      ['half a surrogate pair', 'be\ud83dfore'],
      ['the other half', 'be\ude00fore'],
    ])('has a text with %s: is refused, not stored and not half stored', async (_, text) => {
      expectProblem(await create({ text }), 422, 'validation_failed', /no character/)
    })

    it('has half a surrogate pair in a link, a name, a field', async () => {
      const half = 'x\ud83d'
      expectProblem(
        await create({ text: 'x', link: { url: 'https://example.com', title: half } }),
        422,
        'validation_failed',
      )
      expectProblem(await product.call('POST', '/api-keys', { name: half }), 400, 'invalid_request')
      const answer = await connect({ identifier: half, appPassword })
      expectProblem(answer, 400, 'invalid_request')
    })

    it.each([
      ['no JSON at all', 'hello'],
      ['half of it', '{"content": {"text": "x"'],
      ['an array', '[]'],
      ['null', 'null'],
      ['numbers for texts', '{"content":{"text":5},"targets":[]}'],
      ['nothing', ''],
    ])('has %s for a body', async (_, content) => {
      const answer = await product.call('POST', '/post-groups', undefined, {
        raw: { type: 'application/json', content },
      })
      expectProblem(answer, 400, 'invalid_request')
    })

    it('has a body of another type, or none', async () => {
      const content = JSON.stringify({ content: { text: 'x' }, targets: [{ accountId: account.id }] })
      for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
        const answer = await product.call('POST', '/post-groups', undefined, { raw: { type, content } })
        expectProblem(answer, 415, 'media_type_unsupported', /application\/json/)
      }
      expectProblem(await product.call('POST', '/post-groups'), 400, 'invalid_request')
    })

    it('has a body that is too large', async () => {
      const answer = await create({ text: 'x'.repeat(1024 * 1024) })
      expectProblem(answer, 413, 'payload_too_large', /1048576/)
    })

    it('has an id that is none, or of another kind', async () => {
      for (const accountId of [
        'acct_',
        'nonsense',
        account.id.replace('acct', 'post'),
        `${account.id}' or 1=1`,
        '../../etc',
      ]) {
        const answer = await product.call('POST', '/post-groups', {
          content: { text: 'x' },
          targets: [{ accountId }],
        })
        expectProblem(answer, 400, 'invalid_request', /acct_/)
        const path = await product.call('GET', `/accounts/${encodeURIComponent(accountId)}`)
        expectProblem(path, 400, 'invalid_request')
      }
    })

    it('has an Idempotency-Key that is too long', async () => {
      const answer = await product.call(
        'POST',
        '/post-groups',
        { content: { text: 'x' }, targets: [{ accountId: account.id }] },
        { idempotencyKey: 'k'.repeat(256) },
      )
      expectProblem(answer, 400, 'invalid_request')
    })
  })

  describe('to upload', () => {
    const upload = (content: Uint8Array<ArrayBuffer>) =>
      product.call('POST', '/media', undefined, { raw: { type: 'application/octet-stream', content } })

    it('is of a type that nobody takes, whatever it is called', async () => {
      expectProblem(
        await upload(new TextEncoder().encode('just text')),
        415,
        'media_type_unsupported',
        /image\/jpeg/,
      )
      expectProblem(
        await upload(new TextEncoder().encode('%PDF-1.7 not an image')),
        415,
        'media_type_unsupported',
      )
    })

    it('is damaged', async () => {
      expectProblem(await upload(png(4, 4).slice(0, 20)), 422, 'media_invalid', /damaged/)
      expectProblem(await upload(new Uint8Array(0)), 422, 'media_invalid')
    })

    it('is larger than anybody takes', async () => {
      const large = new Uint8Array(20 * 1024 * 1024 + 1)
      large.set(png(2, 2))
      expectProblem(await upload(large), 413, 'payload_too_large', /20971520/)
    })

    it('leaves no file behind', async () => {
      const before = await readdir(product.env.POSTMCP_DATA_DIR ?? '', { recursive: true })
      await upload(png(4, 4).slice(0, 20))
      expect(await readdir(product.env.POSTMCP_DATA_DIR ?? '', { recursive: true })).toEqual(before)
    })
  })
})

describe('media that a platform does not take', () => {
  const publishWith = async (content: Uint8Array<ArrayBuffer>) => {
    const media = await product.ok('POST', '/media', undefined, {
      raw: { type: 'application/octet-stream', content },
    })
    return product.call('POST', '/post-groups', {
      content: { text: 'x', media: [{ mediaId: media.id, altText: 'noise' }] },
      targets: [{ accountId: account.id }],
    })
  }

  it('is refused when it is too large, with what is allowed', async () => {
    const answer = await publishWith(png(900, 900))
    expectProblem(answer, 422, 'validation_failed', /at most 2000000/)
    expect(answer.body.issues).toMatchObject([
      { code: 'image_too_large', allowed: 2_000_000, field: 'content.media.0' },
    ])
  })

  it('is refused when it is of a type that is not shown', async () => {
    const gif = new Uint8Array(
      Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64'),
    )
    const answer = await publishWith(gif)
    expectProblem(answer, 422, 'validation_failed', /image\/gif/)
  })
})

describe('an account that is connected already', () => {
  it('is the same account afterwards, with a new session, and the only one', async () => {
    const again = await pds.createAppPassword(account.at)
    const before = await rows()
    const answer = await connect({ identifier: account.at.handle, appPassword: again.password })
    expect(answer.body).toMatchObject({ type: 'connected', accounts: [{ id: account.id, status: 'active' }] })
    const { data } = await product.ok('GET', '/accounts')
    expect(data.filter(({ targetId }: { targetId: string }) => targetId === account.at.did)).toHaveLength(1)
    const { accounts, grants, credentials } = await rows()
    expect({ accounts, grants, credentials }).toEqual({
      accounts: before.accounts,
      grants: before.grants,
      credentials: before.credentials,
    })
  })
})

describe('a sealed value that was damaged', () => {
  it('is said to be, without a verdict on the account; a reconnect heals it, and the post can be retried', async () => {
    const own = await connectNew(product, pds)
    await product.database.query(
      `update credentials set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)
       where owner_id = (select grant_id from accounts where id = $1) and field = 'tokens'`,
      [own.id],
    )
    const status = await product.call('GET', `/accounts/${own.id}/status?freshness=live`)
    expectProblem(status, 500, 'sealed_value_corrupt', /cannot be opened/)
    const group = await product.ok('POST', '/post-groups', {
      content: { text: 'damaged' },
      targets: [{ accountId: own.id }],
    })
    const post = await until('the post is given up', async () => {
      const found = await product.ok('GET', `/posts/${group.posts[0].id}`)
      return found.failure && found
    })
    expect(post.failure).toMatchObject({
      code: 'sealed_value_corrupt',
      nextAction: expect.stringContaining('econnect'),
    })
    expect((await product.ok('GET', `/accounts/${own.id}`)).status).toBe('active')
    expect(await pds.listPosts(own.at.did)).toEqual([])
    // The others are not touched by it.
    expect(await product.ok('GET', `/accounts/${account.id}/status?freshness=live`)).toMatchObject({
      status: 'active',
      check: { source: 'live' },
    })

    const { password } = await pds.createAppPassword(own.at)
    const healed = await product.ok('POST', `/accounts/${own.id}/reconnect`, {
      fields: { appPassword: password },
    })
    expect(healed.accounts).toMatchObject([{ id: own.id }])
    await until(
      'the post has failed',
      async () => (await product.ok('GET', `/posts/${group.posts[0].id}`)).state === 'failed',
    )
    await product.ok('POST', `/post-groups/${group.id}/retry`)
    await until(
      'it is published',
      async () => (await product.ok('GET', `/post-groups/${group.id}`)).status === 'published',
    )
    expect(await pds.listPosts(own.at.did)).toHaveLength(1)
  })
})

/** Why a server does not start, asked in this process; that one of its own ends with it is shown by some of the tests. */
async function refusalOf(env: Record<string, string>): Promise<unknown> {
  const stop = new AbortController()
  return serve({
    env: { POSTMCP_PORT: '0', ...env, POSTMCP_LOG_LEVEL: 'silent' },
    role: 'api',
    signal: stop.signal,
    onReady: () => stop.abort(),
  }).catch((error: unknown) => error)
}

describe('a server that must not start', () => {
  afterEach(killAll)

  it('says so when the key ring is missing, and leaves everything as it was; with the key ring it starts', async () => {
    const ring = join(product.env.POSTMCP_DATA_DIR ?? '', 'keyring.json')
    const before = await product.database.countRows()
    await rename(ring, `${ring}.away`)
    try {
      const { code, failed } = await failToStart('api', product.env)
      expect(failed).toMatchObject({
        code: 'keyring_missing',
        message: expect.stringContaining(ring),
        nextAction: expect.stringContaining('back-up'),
      })
      expect(code).toBe(8)
      await expect(readFile(ring)).rejects.toThrow('ENOENT')
    } finally {
      await rename(`${ring}.away`, ring)
    }
    expect(await product.database.countRows()).toEqual(before)
    const server = await startServer('api', product.env)
    expect(await server.end()).toEqual({ code: 0, signal: null })
  })

  it('says so when the key ring is of another database, or is none', async () => {
    const other = {
      version: 1,
      keys: [{ id: 'kek_0123456789abcdef', key: Buffer.alloc(32, 7).toString('base64') }],
    }
    const [known] = JSON.parse(
      await readFile(join(product.env.POSTMCP_DATA_DIR ?? '', 'keyring.json'), 'utf8'),
    ).keys
    const sameId = { version: 1, keys: [{ ...other.keys[0], id: known.id }] }
    for (const [ring, code] of [
      [other, 'keyring_wrong'],
      [sameId, 'keyring_wrong'],
      [{ version: 1, keys: [] }, 'config_invalid'],
    ] as const) {
      const refusal = await refusalOf({ ...product.env, POSTMCP_KEYRING: JSON.stringify(ring) })
      expect(refusal).toMatchObject({ code, exitCode: 8 })
      expect(inspect(refusal)).not.toContain(other.keys[0]?.key)
    }
  })

  it('says so when the database is down, or is not there, and does not repeat its password', async () => {
    const folder = await tempFolder()
    try {
      const missing = new URL(product.database.url)
      missing.pathname = '/no_such_database'
      missing.password = missing.password || 'hunter2hunter2'
      const down = 'postgres://postmcp:hunter2hunter2@127.0.0.1:9/postmcp'
      const expected = { code: 'database_unavailable', nextAction: expect.stringContaining('DATABASE_URL') }
      const env = { ...product.env, POSTMCP_DATA_DIR: folder.path }
      const { code, failed, output } = await failToStart('all', { ...env, DATABASE_URL: down })
      expect(failed).toMatchObject(expected)
      expect(code).toBe(8)
      const refusal = await refusalOf({ ...env, DATABASE_URL: missing.href })
      expect(refusal).toMatchObject(expected)
      for (const password of ['hunter2hunter2', missing.password]) {
        expect(output + JSON.stringify(failed) + inspect(refusal)).not.toContain(password)
      }
    } finally {
      await folder.remove()
    }
  })

  it('says so when a setting is wrong, by name and without its value', async () => {
    const wrong = {
      POSTMCP_PORT: 'http',
      DATABASE_URL: 'mysql://root:hunter2@x/y',
      POSTMCP_ALLOW_ORIGINS: 'not an origin',
      POSTMCP_SWEEP_SECONDS: '-1',
    }
    for (const [name, value] of Object.entries(wrong)) {
      const refusal = await refusalOf({ ...product.env, [name]: value })
      expect(refusal).toMatchObject({
        code: 'config_invalid',
        exitCode: 8,
        message: expect.stringContaining(name),
      })
      expect(inspect(refusal)).not.toContain('hunter2')
    }
  })
})

describe('a server on a data directory of its own', () => {
  afterEach(killAll)

  it('is the only one there; a database that goes away is said to be, and is used again when it is back', async () => {
    const folder = await tempFolder()
    const dataDir = join(folder.path, 'data')
    const postgresDir = join(dataDir, 'postgres')
    const env = { ...quickTimings, ...platformEnv(pds), POSTMCP_DATA_DIR: dataDir }
    const first = await startServer('all', env)
    try {
      const second = await failToStart('all', env)
      expect(second.failed).toMatchObject({
        code: 'server_already_running',
        message: expect.stringContaining(first.url ?? '-'),
      })
      expect(second.failed?.message).toContain(String(first.pid))
      expect(second.code).toBe(8)

      const key = (await readFile(join(dataDir, 'api-key'), 'utf8')).trim()
      const client = clientOfServer(first.url ?? '', key)
      const own = await connectNew(client, pds)
      await (await startEmbeddedPostgres({ dataDir: postgresDir })).stop()
      const draft = { content: { text: 'while away' }, targets: [{ accountId: own.id }] }
      for (const [method, path, body] of [
        ['GET', '/readyz', undefined],
        ['GET', '/accounts', undefined],
        ['POST', '/post-groups', draft],
        [
          'POST',
          '/accounts/connect',
          { platform: 'bluesky', fields: { identifier: stranger.handle, appPassword } },
        ],
      ] as const) {
        expectProblem(await client.call(method, path, body), 503, 'database_unavailable')
      }
      expect(await client.ok('GET', '/healthz')).toEqual({ status: 'ok' })
      const postgres = await startEmbeddedPostgres({ dataDir: postgresDir })
      await until('it is ready again', async () => (await client.call('GET', '/readyz')).status === 200)
      expect((await client.ok('GET', '/accounts')).data).toHaveLength(1)
      expect((await client.ok('GET', '/post-groups')).data).toEqual([])
      const group = await client.ok('POST', '/post-groups', draft)
      await until(
        'it publishes again',
        async () => (await client.ok('GET', `/post-groups/${group.id}`)).status === 'published',
      )
      await postgres.release()
      expect(await first.end()).toEqual({ code: 0, signal: null })

      // A server that was killed does not keep the next one out.
      const third = await startServer('api', env)
      await third.end('SIGKILL')
      const fourth = await startServer('api', env)
      expect((await clientOfServer(fourth.url ?? '', key).ok('GET', '/accounts')).data).toHaveLength(1)
      expect(await fourth.end()).toEqual({ code: 0, signal: null })
    } finally {
      await killAll()
      await (await startEmbeddedPostgres({ dataDir: postgresDir })).stop()
      await folder.remove()
    }
  })

  it('keeps out of a database that a newer version has changed', async () => {
    const database = await createDatabase()
    const folder = await tempFolder()
    try {
      const env = { ...product.env, DATABASE_URL: database.url, POSTMCP_DATA_DIR: folder.path }
      await (await startServer('api', env)).end()
      await database.query(`insert into kysely_migration values ('9999-from-the-future', now()::text)`)
      const { failed, code } = await failToStart('api', env)
      expect(failed).toMatchObject({
        code: 'config_invalid',
        nextAction: expect.stringContaining('newest version'),
      })
      expect(code).toBe(8)
    } finally {
      await database.drop()
      await folder.remove()
    }
  })
})

it('is not stopped by a file that is not what it should be', async () => {
  const folder = await tempFolder()
  const database = await createDatabase()
  try {
    await writeFile(join(folder.path, 'server.json'), '{"url":')
    const env = { ...product.env, DATABASE_URL: database.url, POSTMCP_DATA_DIR: folder.path }
    const server = await startServer('api', env)
    expect(await server.end()).toEqual({ code: 0, signal: null })
  } finally {
    await killAll()
    await database.drop()
    await folder.remove()
  }
})
