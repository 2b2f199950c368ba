import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type CannedAnswer, endlessBody } from './fault-proxy.js'
import { type ProxiedTestPds, startTestPds, type TestAccount, type TestPds } from './pds.js'
import { nextTid, postCollection, putPost, uploadBlob, type XrpcAnswer, xrpc } from './xrpc-calls.js'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const put = 'com.atproto.repo.putRecord'

/** The code of a network failure, as undici reports it. */
async function failureOf(request: Promise<unknown>) {
  try {
    await request
  } catch (error) {
    const { name, cause } = error as { name: string; cause?: { code?: string } }
    return cause?.code ?? name
  }
  return 'no failure'
}

async function getJson(url: string) {
  const response = await fetch(url)
  return (await response.json()) as Record<string, never>
}

/** Folders of the test servers under a temporary folder. */
const foldersIn = (directory: string) =>
  readdirSync(directory).filter((name) => name.startsWith('postmcp-pds-'))

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a test PDS without proxy', () => {
  let pds: TestPds
  let account: TestAccount

  beforeAll(async () => {
    pds = await startTestPds()
    account = await pds.createAccount()
  })
  afterAll(() => pds.close())

  it('advertises its 127.0.0.1 address in DID documents, sessions and OAuth metadata', async () => {
    expect(pds.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const doc = await getJson(`${pds.plcUrl}/${account.did}`)
    expect(doc).toMatchObject({
      alsoKnownAs: [`at://${account.handle}`],
      service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: pds.url }],
    })
    const { password } = await pds.createAppPassword(account)
    const session = await xrpc(pds.url, 'com.atproto.server.createSession', {
      body: { identifier: account.handle, password },
    })
    expect(session.json).toMatchObject({ did: account.did, didDoc: doc })
    const resource = await getJson(`${pds.url}/.well-known/oauth-protected-resource`)
    expect(resource).toMatchObject({ resource: pds.url, authorization_servers: [pds.url] })
    const server = await getJson(`${pds.url}/.well-known/oauth-authorization-server`)
    expect(server).toMatchObject({ issuer: pds.url, token_endpoint: `${pds.url}/oauth/token` })
  })

  it('resolves the handles of its accounts', async () => {
    const answer = await xrpc(pds.resolverUrl, 'com.atproto.identity.resolveHandle', {
      query: { handle: account.handle },
    })
    expect(answer.json).toEqual({ did: account.did })
  })

  it('listens on 127.0.0.1 only', async () => {
    const { port } = new URL(pds.url)
    expect(await failureOf(fetch(`http://[::1]:${port}/xrpc/_health`))).toBe('ECONNREFUSED')
  })

  it('makes accounts with a wanted handle, and app passwords of the usual form', async () => {
    const anna = await pds.createAccount({ handle: 'anna.test' })
    expect(anna).toMatchObject({ handle: 'anna.test', email: 'anna@mail.test' })
    expect(anna.did).toMatch(/^did:plc:[a-z2-7]{24}$/)
    const appPassword = await pds.createAppPassword(anna, { name: 'mine' })
    expect(appPassword).toEqual({
      name: 'mine',
      password: expect.stringMatching(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/),
    })
    await expect(pds.createAccount({ handle: 'anna.test' })).rejects.toThrow(
      'Handle already taken: anna.test',
    )
  })

  it('lists posts, gives blobs that posts mention, deletes posts', async () => {
    const owner = await pds.createAccount()
    const auth = pds.signAccessToken(owner.did)
    const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 1, 2, 3])
    const { blob } = await uploadBlob(pds.url, auth, bytes, 'image/png')
    const body = putPost(owner.did, nextTid(), 'with a picture')
    const embed = { $type: 'app.bsky.embed.images', images: [{ image: blob, alt: 'a dot' }] }
    const made = await xrpc(pds.url, put, { auth, body: { ...body, record: { ...body.record, embed } } })
    expect(made.status).toBe(200)

    const posts = await pds.listPosts(owner.did)
    expect(posts).toEqual([
      { uri: made.json.uri, cid: made.json.cid, rkey: body.rkey, value: { ...body.record, embed } },
    ])
    expect(await pds.getBlob(owner.did, blob.ref.$link)).toEqual(bytes)
    await pds.deleteRecord(owner, posts[0]!.uri)
    expect(await pds.listPosts(owner.did)).toEqual([])
  })

  it('lists more posts than one page holds, oldest first', async () => {
    const owner = await pds.createAccount()
    const auth = pds.signAccessToken(owner.did)
    const writes = Array.from({ length: 105 }, (_, i) => {
      const { rkey, record } = putPost(owner.did, nextTid(), `number ${i}`)
      return { $type: 'com.atproto.repo.applyWrites#create', collection: postCollection, rkey, value: record }
    })
    await xrpc(pds.url, 'com.atproto.repo.applyWrites', { auth, body: { repo: owner.did, writes } })
    const texts = (await pds.listPosts(owner.did)).map(({ value }) => value.text)
    expect(texts).toEqual(Array.from({ length: 105 }, (_, i) => `number ${i}`))
  })

  it('revokes app passwords, takes accounts down and switches them off, and back', async () => {
    const owner = await pds.createAccount()
    const { name, password } = await pds.createAppPassword(owner, { privileged: true })
    const login = () =>
      xrpc(pds.url, 'com.atproto.server.createSession', { body: { identifier: owner.did, password } })
    expect((await login()).status).toBe(200)
    await pds.takedown(owner)
    expect((await login()).status).toBe(401)
    await pds.reverseTakedown(owner)
    await pds.deactivate(owner)
    expect((await login()).json).toMatchObject({ active: false, status: 'deactivated' })
    await pds.activate(owner)
    expect((await login()).json).toMatchObject({ active: true })
    await pds.changeHandle(owner, 'renamed.test')
    expect((await login()).json).toMatchObject({ handle: 'renamed.test' })
    await pds.revokeAppPassword(owner, name)
    expect((await login()).status).toBe(401)
    await pds.deleteAccount(owner)
    expect(
      (await xrpc(pds.url, 'com.atproto.server.createSession', { body: { identifier: owner.did, password } }))
        .status,
    ).toBe(401)
  })

  it('signs tokens the server accepts, and expires them for real', async () => {
    const getSession = (auth: string) => xrpc(pds.url, 'com.atproto.server.getSession', { query: {}, auth })
    const live = pds.signAccessToken(account.did)
    expect((await getSession(live)).json).toMatchObject({ did: account.did })
    expect(await getSession(pds.expireAccessToken(live))).toMatchObject({
      status: 400,
      json: { error: 'ExpiredToken' },
    })
    const short = pds.signAccessToken(account.did, { expiresInSeconds: -1 })
    expect(await getSession(short)).toMatchObject({ status: 400, json: { error: 'ExpiredToken' } })
  })

  it('refuses connections while stopped and comes back with its accounts, posts and tokens', async () => {
    const owner = await pds.createAccount()
    const { password } = await pds.createAppPassword(owner)
    const auth = pds.signAccessToken(owner.did)
    await xrpc(pds.url, put, { auth, body: putPost(owner.did, nextTid(), 'before') })
    await pds.stop()
    expect(await failureOf(fetch(`${pds.url}/xrpc/_health`))).toBe('ECONNREFUSED')
    expect(await getJson(`${pds.plcUrl}/${owner.did}`)).toMatchObject({ id: owner.did })
    await pds.start()
    await xrpc(pds.url, put, { auth, body: putPost(owner.did, nextTid(), 'after') })
    expect((await pds.listPosts(owner.did)).map(({ value }) => value.text)).toEqual(['before', 'after'])
    const body = { identifier: owner.handle, password }
    expect((await xrpc(pds.url, 'com.atproto.server.createSession', { body })).status).toBe(200)
    await pds.restart()
    expect(await pds.listPosts(owner.did)).toHaveLength(2)
  })

  it('tells the product where everything is', async () => {
    const appPassword = await pds.createAppPassword(account)
    expect(pds.env(account, appPassword)).toEqual({
      POSTMCP_BLUESKY_IDENTIFIER: account.handle,
      POSTMCP_BLUESKY_APP_PASSWORD: appPassword.password,
      POSTMCP_BLUESKY_RESOLVER_URL: pds.url,
      POSTMCP_BLUESKY_PLC_URL: pds.plcUrl,
      POSTMCP_ALLOW_ORIGINS: `${pds.url},${pds.plcUrl}`,
    })
  })
})

describe('a test PDS behind the fault proxy', () => {
  let pds: ProxiedTestPds
  let account: TestAccount
  let auth: string

  beforeAll(async () => {
    pds = await startTestPds({ withProxy: true })
    account = await pds.createAccount()
    auth = pds.signAccessToken(account.did)
  })
  afterEach(() => {
    pds.proxy.clearRules()
    pds.plcProxy.clearRules()
    pds.proxy.forget()
  })
  afterAll(() => pds.close())

  const publish = (text: string, rkey = nextTid(), signal?: AbortSignal) =>
    xrpc(pds.url, put, { auth, body: putPost(account.did, rkey, text), ...(signal ? { signal } : {}) })
  const published = async (text: string) =>
    (await pds.listPosts(account.did)).filter(({ value }) => value.text === text).length

  it('advertises the proxy, and only the proxy, as the PDS', async () => {
    expect(pds.url).toBe(pds.proxy.url)
    expect(pds.plcUrl).toBe(pds.plcProxy.url)
    const doc = await getJson(`${pds.plcUrl}/${account.did}`)
    expect(doc).toMatchObject({ service: [{ serviceEndpoint: pds.proxy.url }] })
    const { password } = await pds.createAppPassword(account)
    const body = { identifier: account.handle, password }
    const session = await xrpc(pds.url, 'com.atproto.server.createSession', { body })
    expect(session.json).toMatchObject({ didDoc: doc })
    const refreshed = await xrpc(pds.url, 'com.atproto.server.refreshSession', {
      auth: session.json.refreshJwt,
    })
    expect(refreshed.json).toMatchObject({ didDoc: doc })
    expect(await getJson(`${pds.url}/.well-known/oauth-authorization-server`)).toMatchObject({
      issuer: pds.url,
    })
    expect(`${JSON.stringify(refreshed.json)}`).not.toContain(pds.directUrl)
  })

  it('passes everything through and records no body and no header', async () => {
    const { status } = await publish('plain')
    const session = await xrpc(pds.url, 'com.atproto.server.getSession', { query: { x: '1' }, auth })
    expect([status, session.status]).toEqual([200, 200])
    expect(pds.proxy.requests).toEqual([
      {
        method: 'POST',
        path: `/xrpc/${put}`,
        nsid: put,
        at: expect.any(Date),
        forwarded: true,
        targetStatus: 200,
        status: 200,
      },
      {
        method: 'GET',
        path: '/xrpc/com.atproto.server.getSession?x=1',
        nsid: 'com.atproto.server.getSession',
        at: expect.any(Date),
        forwarded: true,
        targetStatus: 200,
        status: 200,
      },
    ])
    expect(JSON.stringify(pds.proxy.requests)).not.toContain(auth.slice(-20))
    expect(pds.proxy.count(put)).toEqual({ received: 1, forwarded: 1, answered: 1 })
  })

  it('keeps status, error and headers of refusals', async () => {
    const direct = await xrpc(pds.directUrl, put, {
      auth: 'rubbish',
      body: putPost(account.did, nextTid(), 'x'),
    })
    const proxied = await xrpc(pds.url, put, { auth: 'rubbish', body: putPost(account.did, nextTid(), 'x') })
    expect([proxied.status, proxied.text]).toEqual([direct.status, direct.text])
    const names = (answer: XrpcAnswer) => [...answer.headers.keys()].filter((name) => name !== 'date')
    expect(names(proxied)).toEqual(names(direct))
  })

  it('streams large bodies, and empty ones as they are', async () => {
    const bytes = new Uint8Array(3_000_000).fill(7)
    const stream = new Blob([bytes]).stream()
    const upload = await fetch(`${pds.url}/xrpc/com.atproto.repo.uploadBlob`, {
      method: 'POST',
      headers: { authorization: `Bearer ${auth}`, 'content-type': 'application/x-test' },
      body: stream,
      duplex: 'half',
    } as RequestInit)
    expect(await upload.json()).toMatchObject({ blob: { size: 3_000_000 } })
    const { password } = await pds.createAppPassword(account)
    const body = { identifier: account.handle, password }
    const session = await xrpc(pds.url, 'com.atproto.server.createSession', { body })
    const ended = await xrpc(pds.url, 'com.atproto.server.deleteSession', { auth: session.json.refreshJwt })
    expect(ended.status).toBe(200)
  })

  it('drops a request before the PDS sees it, once', async () => {
    const rule = pds.proxy.dropBefore(put)
    expect(await failureOf(publish('dropped before'))).toBe('ECONNRESET')
    expect(await published('dropped before')).toBe(0)
    expect(rule.hits).toBe(1)
    expect(pds.proxy.requests).toMatchObject([
      { nsid: put, forwarded: false, targetStatus: null, status: null },
    ])
    expect((await publish('dropped before')).status).toBe(200)
    expect(pds.proxy.count(put)).toEqual({ received: 2, forwarded: 1, answered: 1 })
  })

  it('loses the answer of a request the PDS has carried out', async () => {
    pds.proxy.dropAfter(put)
    expect(await failureOf(publish('lost answer'))).toBe('ECONNRESET')
    expect(await published('lost answer')).toBe(1)
    expect(pds.proxy.requests).toMatchObject([
      { nsid: put, forwarded: true, targetStatus: 200, status: null },
    ])
  })

  it('cuts an answer in the middle', async () => {
    pds.proxy.dropMidAnswer(put)
    expect(await failureOf(publish('half an answer'))).toMatch(/ECONNRESET|UND_ERR_SOCKET/)
    expect(await published('half an answer')).toBe(1)
    expect(pds.proxy.requests).toMatchObject([{ targetStatus: 200, status: null }])
  })

  it('delays before forwarding and before answering', async () => {
    pds.proxy.delay(put, 150)
    const start = Date.now()
    const slow = publish('delayed before')
    expect(await published('delayed before')).toBe(0)
    expect((await slow).status).toBe(200)
    expect(Date.now() - start).toBeGreaterThanOrEqual(145)
    const late = pds.proxy.delay(put, 400, { at: 'answer' })
    const answered = publish('delayed answer')
    await late.hit()
    expect(await published('delayed answer')).toBe(1)
    expect(pds.proxy.requests.at(-1)).toMatchObject({ targetStatus: 200, status: null })
    expect((await answered).status).toBe(200)
  })

  it('holds requests and answers until released', async () => {
    const before = pds.proxy.hold(put, { times: 2 })
    const both = [publish('held 1'), publish('held 2')]
    await before.hit(2)
    expect((await published('held 1')) + (await published('held 2'))).toBe(0)
    before.release()
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200])

    const answer = pds.proxy.hold(put, { at: 'answer' })
    const held = publish('held answer')
    await answer.hit()
    expect(await published('held answer')).toBe(1)
    answer.release()
    expect((await held).status).toBe(200)
  })

  it('forgets a held request whose client has left, unless told to deliver late', async () => {
    for (const deliverLate of [false, true]) {
      const text = `stuck, late ${deliverLate}`
      const rule = pds.proxy.hold(put, { deliverLate })
      const impatient = new AbortController()
      const request = publish(text, nextTid(), impatient.signal)
      await rule.hit()
      impatient.abort()
      expect(await failureOf(request)).toBe('AbortError')
      await new Promise((resolve) => setTimeout(resolve, 50))
      rule.release()
      const want = deliverLate ? 1 : 0
      await expect.poll(() => published(text), { timeout: 500 }).toBe(want)
      expect(pds.proxy.requests.at(-1)).toMatchObject({ forwarded: deliverLate, status: null })
    }
  })

  it.each<[string, CannedAnswer, string]>([
    [
      '503 with text',
      { status: 503, headers: { 'content-type': 'text/plain' }, body: 'upstream sad' },
      'upstream sad',
    ],
    [
      '500 with JSON',
      { status: 500, body: { error: 'InternalServerError' } },
      '{"error":"InternalServerError"}',
    ],
    [
      '200 that is not JSON',
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{"uri": ' },
      '{"uri": ',
    ],
    [
      'bytes',
      { status: 200, headers: { 'content-type': 'image/png' }, body: new Uint8Array([65, 66]) },
      'AB',
    ],
  ])('answers by itself: %s', async (_name, answer, text) => {
    pds.proxy.respond(put, answer)
    const response = await fetch(`${pds.url}/xrpc/${put}`, { method: 'POST', body: '{}' })
    expect([response.status, await response.text()]).toEqual([answer.status, text])
    expect(pds.proxy.requests).toMatchObject([
      { forwarded: false, targetStatus: null, status: answer.status },
    ])
  })

  it('answers 429 as a PDS does', async () => {
    pds.proxy.respondRateLimited(put, 120)
    const answer = await publish('limited')
    expect(answer).toMatchObject({ status: 429, json: { error: 'RateLimitExceeded' } })
    expect(answer.headers.get('retry-after')).toBe('120')
    const reset = Number(answer.headers.get('ratelimit-reset'))
    expect(Math.abs(reset - (Date.now() / 1000 + 120))).toBeLessThan(3)
  })

  it('answers with a body that does not end until the client gives up', async () => {
    pds.proxy.respond(put, {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: endlessBody(20),
    })
    expect(await failureOf(publish('endless', nextTid(), AbortSignal.timeout(200)))).toBe('TimeoutError')
    expect(pds.proxy.requests).toMatchObject([{ forwarded: false, status: null }])
  })

  it('counts, skips and matches by predicate or path', async () => {
    pds.proxy.respond(put, { status: 500 }, { after: 1, times: 2 })
    const statuses: number[] = []
    for (let i = 0; i < 4; i += 1) statuses.push((await publish(`counted ${i}`)).status)
    expect(statuses).toEqual([200, 500, 500, 200])

    pds.proxy.respond(
      ({ path }) => path.includes('handle=nobody'),
      { status: 502 },
      { times: Number.POSITIVE_INFINITY },
    )
    pds.proxy.respond({ method: 'GET', path: /^\/\.well-known\// }, { status: 404 })
    const resolve = (handle: string) =>
      xrpc(pds.url, 'com.atproto.identity.resolveHandle', { query: { handle } }).then(({ status }) => status)
    expect([await resolve('nobody.test'), await resolve('nobody.test')]).toEqual([502, 502])
    expect(await resolve(account.handle)).toBe(200)
    expect((await fetch(`${pds.url}/.well-known/oauth-protected-resource`)).status).toBe(404)
    expect((await fetch(`${pds.url}/.well-known/oauth-protected-resource`)).status).toBe(200)
  })

  it('ends a rule when told to', async () => {
    const rule = pds.proxy.respond(put, { status: 500 }, { times: Number.POSITIVE_INFINITY })
    expect((await publish('ruled')).status).toBe(500)
    rule.remove()
    expect((await publish('ruled')).status).toBe(200)
  })

  it('makes the PLC directory fail as well', async () => {
    pds.plcProxy.respond({ path: `/${account.did}` }, { status: 503 })
    expect((await fetch(`${pds.plcUrl}/${account.did}`)).status).toBe(503)
    expect((await fetch(`${pds.plcUrl}/${account.did}`)).status).toBe(200)
  })

  it('refuses connections while the PDS is stopped, and resets those whose PDS has gone', async () => {
    await pds.stop()
    expect(await failureOf(publish('stopped'))).toBe('ECONNREFUSED')
    await pds.proxy.accept()
    expect(await failureOf(publish('stopped'))).toBe('ECONNRESET')
    expect(pds.proxy.requests).toMatchObject([{ nsid: put, forwarded: false, status: null }])
    await pds.start()
    expect((await publish('stopped')).status).toBe(200)
  })

  it('when closed ends its process, frees the ports, drops what is held; a second time it does nothing', async () => {
    const rule = pds.proxy.hold(() => true)
    const held = failureOf(fetch(`${pds.url}/xrpc/_health`))
    await rule.hit()
    await pds.close()
    await pds.close()
    expect(await held).toMatch(/ECONNRESET|UND_ERR_SOCKET/)
    for (const url of [pds.url, pds.plcUrl, pds.directUrl, pds.directPlcUrl]) {
      expect(await failureOf(fetch(url))).toBe('ECONNREFUSED')
    }
    expect(isRunning(pds.pid)).toBe(false)
  })
})

describe('pds-cli', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'postmcp-pds-test-'))
  })
  // Somebody who was killed may still be writing.
  afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))

  /** Runs the command as a shell would, with a temporary folder to look into. */
  async function startCli(...args: string[]) {
    const cli = spawn(process.execPath, [fileURLToPath(new URL('./pds-cli.ts', import.meta.url)), ...args], {
      env: { PATH: process.env.PATH ?? '', TMPDIR: directory },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(cli, 'exit')
    const [line] = (await once(createInterface(cli.stdout), 'line')) as [string]
    return {
      cli,
      exited,
      printed: JSON.parse(line) as { url: string; pid: number; env: Record<string, string> },
    }
  }

  it('prints a ready account, and leaves nothing behind after Ctrl-C or its sudden death', async () => {
    const [polite, killed] = await Promise.all([startCli('--proxy'), startCli()])
    for (const { printed } of [polite, killed]) {
      const { POSTMCP_BLUESKY_IDENTIFIER: identifier, POSTMCP_BLUESKY_APP_PASSWORD: password } = printed.env
      const session = await xrpc(printed.url, 'com.atproto.server.createSession', {
        body: { identifier, password },
      })
      expect(session).toMatchObject({ status: 200, json: { handle: identifier } })
      expect(printed.env.POSTMCP_ALLOW_ORIGINS?.split(',')).toContain(printed.url)
    }
    expect(foldersIn(directory)).toHaveLength(2)

    polite.cli.kill('SIGINT')
    expect(await polite.exited).toEqual([0, null])
    expect(isRunning(polite.printed.pid)).toBe(false)
    killed.cli.kill('SIGKILL')
    await killed.exited
    await expect.poll(() => isRunning(killed.printed.pid), { timeout: 30_000 }).toBe(false)
    expect(foldersIn(directory)).toEqual([])
  }, 90_000)
})
