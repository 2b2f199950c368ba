import type { FakePlatform } from '@postmcp/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBluesky } from './bluesky/index.js'
import { isConsentPath } from './consent-paths.js'
import { createMastodon } from './mastodon/index.js'
import { type RunningSandbox, startSandbox } from './server.js'
import { createTelegram } from './telegram/index.js'
import { testPlatform } from './test-platform.js'
import { approve, asFakePlatform, deny } from './testing.js'

const callback = 'http://127.0.0.1:4477/accounts/oauth/callback'

let running: RunningSandbox
beforeEach(async () => {
  running = await startSandbox({ platforms: [testPlatform(), createMastodon()] })
})
afterEach(() => running.close())

const tiny = () => running.platform('tiny')
const authorizationUrl = () =>
  `${tiny().base}/authorize?${new URLSearchParams({ client_id: 'postmcp', redirect_uri: callback, state: 's&s' })}`

async function connect(decision = {}) {
  const url = new URL(await approve(authorizationUrl(), decision))
  const body = JSON.stringify({ code: url.searchParams.get('code'), redirect_uri: callback })
  const answer = await fetch(`${tiny().base}/token`, { method: 'POST', body })
  return (await answer.json()) as { accessToken: string; scopes: string[]; resourceIds: string[] }
}

const post = (accessToken: string) =>
  fetch(`${tiny().base}/v1/posts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ text: 'Hello', pageId: 'page1' }),
  })

describe('the server', () => {
  it('listens on this machine only', async () => {
    await expect(startSandbox({ host: '0.0.0.0', platforms: [] })).rejects.toThrow(
      'The sandbox listens on this machine only, not on 0.0.0.0.',
    )
  })

  it('refuses two platforms with one id', async () => {
    const platforms = [testPlatform(), testPlatform()]
    await expect(startSandbox({ platforms })).rejects.toThrow('There are two platforms with the id tiny.')
  })

  it('mounts platforms below their id, or gives them a port of their own', () => {
    expect(tiny().base).toBe(`${running.origin}/tiny`)
    expect(tiny().endpoints).toEqual({ api: `${running.origin}/tiny/v1`, web: `${running.origin}/tiny` })
    const mastodon = new URL(running.platform('mastodon').base)
    expect(mastodon.pathname).toBe('/')
    expect(mastodon.origin).not.toBe(running.origin)
  })

  it('leaves the globals of its process alone', async () => {
    expect(await fetch(`${tiny().base}/v1/posts`)).toBeInstanceOf(Response)
  })

  it('tells the time of the sandbox', async () => {
    running.sandbox.clock.advance(86_400)
    const { headers } = await fetch(`${tiny().base}/v1/posts`)
    expect(Date.parse(headers.get('date') ?? '') - Date.now()).toBeGreaterThan(86_000_000)
  })
})

describe('the consent page', () => {
  it('shows people, scopes and pages, escapes what it shows, and says that it is a simulation', async () => {
    const page = await fetch(authorizationUrl())
    const text = await page.text()
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(text).toContain('Simulation.')
    expect(text).toContain('Ben &lt;b&gt;')
    expect(text).toContain('Post to &lt;your&gt; pages')
    expect(text).not.toContain('<b>')
    expect(text).toMatch(/<button[^>]*>Allow<\/button>/)
    expect(text).toMatch(/<button[^>]*>Deny<\/button>/)
  })

  it('sends back with a code for all that is ticked', async () => {
    const url = new URL(await approve(authorizationUrl()))
    expect(`${url.origin}${url.pathname}`).toBe(callback)
    expect(url.searchParams.get('state')).toBe('s&s')
    expect(await connect()).toMatchObject({ scopes: ['read', 'write'], resourceIds: ['page1'] })
  })

  it('lets people untick scopes, but not required ones, and choose only what is theirs', async () => {
    const issued = await connect({ personId: 'ben', scopes: [], resourceIds: ['page2', 'page9'] })
    expect(issued).toMatchObject({ scopes: ['read'], resourceIds: ['page2'] })
  })

  it('asks again when too little is chosen', async () => {
    await expect(approve(authorizationUrl(), { personId: 'ada', resourceIds: ['page2'] })).rejects.toThrow(
      'Choose at least 1 of your pages.',
    )
  })

  it('sends back with an error when denied', async () => {
    const url = new URL(await deny(authorizationUrl()))
    expect(Object.fromEntries(url.searchParams)).toEqual({ error: 'access_denied', state: 's&s' })
  })

  it('takes one answer', async () => {
    const page = await (await fetch(authorizationUrl())).text()
    const action = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', authorizationUrl()).href
    const body = new URLSearchParams({ decision: 'deny' })
    const answers = [1, 2].map(() => fetch(action, { method: 'POST', body, redirect: 'manual' }))
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.sort()).toEqual([302, 410])
  })

  it('holds where the platform is reached at another address, also when it asks again', async () => {
    const actionOf = async (page: Response) =>
      /<form[^>]* action="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const at = (path: string) => new URL(path, 'https://elsewhere.example/below/tiny/authorize')
    const first = await actionOf(await fetch(authorizationUrl()))
    expect(at(first).pathname).toMatch(/^\/below\/tiny\/_consent\/[\w-]{32}$/)
    const body = new URLSearchParams({ decision: 'allow' })
    const refused = await fetch(new URL(first, authorizationUrl()), { method: 'POST', body })
    expect(refused.status).toBe(422)
    const again = await actionOf(refused)
    expect(new URL(again, at(first)).pathname).toBe(at(first).pathname)
  })

  it('is forgotten when nobody answers, and when too many are asked for', async () => {
    const actionOf = async (page: Response) =>
      new URL(/<form[^>]* action="([^"]+)"/.exec(await page.text())?.[1] ?? '', page.url)
    const old = await actionOf(await fetch(authorizationUrl()))
    for (let more = 0; more < 1000; more++) await running.sandbox.app.request(authorizationUrl())
    const newest = await actionOf(await fetch(authorizationUrl()))
    const body = new URLSearchParams({ decision: 'deny' })
    const answer = async (action: URL) =>
      (await fetch(action, { method: 'POST', body, redirect: 'manual' })).status
    expect(await answer(old)).toBe(410)
    expect(await answer(newest)).toBe(302)
    const late = await actionOf(await fetch(authorizationUrl()))
    running.sandbox.clock.advance(601)
    expect(await answer(late)).toBe(410)
  })

  it('is not shown for a redirect address that nobody registered', async () => {
    const url = authorizationUrl().replace('callback', 'elsewhere')
    await expect(approve(url)).rejects.toThrow('Status 400 came without a consent page')
  })
})

describe('a bad day', () => {
  it.each([
    ['rate_limited', 429, '120'],
    ['server_error', 500, null],
    ['garbage', 200, null],
  ] as const)('of %s answers instead of the platform', async (fault, status, retryAfter) => {
    const { accessToken } = await connect()
    tiny().badDays.set({ fault })
    const answer = await post(accessToken)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('retry-after')).toBe(retryAfter)
    expect(tiny().world.posts()).toEqual([])
    tiny().badDays.heal()
    expect((await post(accessToken)).status).toBe(200)
  })

  it.each([
    ['lost_request', 0],
    ['lost_answer', 1],
  ] as const)('of %s breaks the connection', async (fault, posts) => {
    const { accessToken } = await connect()
    tiny().badDays.failNext(fault)
    await expect(post(accessToken)).rejects.toThrow('fetch failed')
    expect(tiny().world.posts()).toHaveLength(posts)
    expect((await post(accessToken)).status).toBe(200)
  })

  it('comes so many times, to some paths and methods', async () => {
    tiny().badDays.set({ fault: 'server_error', times: 2, path: '/v1/', method: 'GET' })
    const statusOf = async (path: string) => (await fetch(`${tiny().base}${path}`)).status
    expect(await statusOf('/elsewhere')).toBe(404)
    expect(await statusOf('/v1/posts')).toBe(500)
    expect(await statusOf('/v1/posts')).toBe(500)
    expect(await statusOf('/v1/posts')).toBe(200)
    expect(tiny().badDays.current()).toEqual([])
  })

  it('comes after so many of the requests it is about', async () => {
    tiny().badDays.set({ fault: 'server_error', after: 2, times: 1, path: '/v1/' })
    const statuses: number[] = []
    for (const path of ['/v1/posts', '/elsewhere', '/v1/posts', '/v1/posts', '/v1/posts'])
      statuses.push((await fetch(`${tiny().base}${path}`)).status)
    expect(statuses).toEqual([200, 404, 200, 500, 200])
  })

  it.each([
    ['request', 0],
    ['answer', 1],
  ] as const)('can be made by who watches, at the %s', async (at, posts) => {
    const { accessToken } = await connect()
    const { promise: released, resolve: release } = Promise.withResolvers<'break'>()
    const seen: unknown[] = []
    const stop = tiny().badDays.watch((request) => {
      seen.push(request)
      return request.at === at ? released : undefined
    })
    const broken = expect(post(accessToken)).rejects.toThrow('fetch failed')
    await vi.waitFor(() => expect(seen.at(-1)).toMatchObject({ at, method: 'POST', path: '/v1/posts' }))
    expect(tiny().world.posts()).toHaveLength(posts)
    release('break')
    await broken
    expect(tiny().world.posts()).toHaveLength(posts)
    stop()
    expect((await post(accessToken)).status).toBe(200)
    expect(seen).toHaveLength(at === 'request' ? 1 : 2)
  })

  it('spares consent pages and the pages of the sandbox', async () => {
    tiny().badDays.set({ fault: 'lost_request' })
    expect(new URL(await approve(authorizationUrl())).searchParams.has('code')).toBe(true)
    expect((await fetch(`${tiny().base}/_sandbox`)).status).toBe(200)
  })

  it('reaches a platform with a port of its own', async () => {
    const { badDays, base } = running.platform('mastodon')
    badDays.set({ fault: 'lost_request' })
    await expect(fetch(`${base}/api/v1/instance`)).rejects.toThrow('fetch failed')
    badDays.heal()
    expect((await fetch(`${base}/api/v1/instance`)).status).toBe(200)
  })

  it('makes answers slow', async () => {
    tiny().badDays.set({ fault: 'slow', milliseconds: 50 })
    const before = performance.now()
    await fetch(`${tiny().base}/v1/posts`)
    expect(performance.now() - before).toBeGreaterThan(45)
  })
})

describe('the admin API', () => {
  const call = async (path: string, body?: object, method = body ? 'POST' : 'GET', headers = {}) => {
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    const answer = await fetch(`${running.origin}/_sandbox/api${path}`, init)
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  it('lists platforms, people and posts, and no token', async () => {
    const { accessToken } = await connect()
    await post(accessToken)
    const { body } = await call('/platforms')
    expect(body).toMatchObject({ simulated: true, platforms: [{ id: 'tiny', posts: 1 }, { id: 'mastodon' }] })
    expect(JSON.stringify(body)).not.toContain(accessToken)
    expect(JSON.stringify(body)).not.toContain('a-simulated-secret')
    const posts = await call('/platforms/tiny/posts')
    expect(posts.body.posts).toMatchObject([{ personId: 'ada', text: 'Hello', deletedAt: null }])
  })

  it('makes days bad and heals them', async () => {
    await call('/platforms/tiny/bad-day', { fault: 'rate_limited', seconds: 7 })
    expect((await fetch(`${tiny().base}/v1/posts`)).headers.get('retry-after')).toBe('7')
    await call('/platforms/tiny/bad-day', undefined, 'DELETE')
    expect((await fetch(`${tiny().base}/v1/posts`)).status).toBe(200)
  })

  it('takes back access, scopes and time', async () => {
    const { accessToken } = await connect()
    await call('/platforms/tiny/drop-scopes', { personId: 'ada', scopes: ['write'] })
    expect(tiny().tokens.inspect(accessToken)).toMatchObject({ state: 'valid', scopes: ['read'] })
    await call('/platforms/tiny/expire-tokens', {})
    expect(tiny().tokens.inspect(accessToken).state).toBe('expired')
    await call('/platforms/tiny/revoke', { personId: 'ada' })
    expect(tiny().tokens.inspect(accessToken).state).toBe('revoked')
  })

  it.each([
    ['/platforms/none/revoke', {}, 422],
    ['/platforms/tiny/explode', {}, 404],
    ['/platforms/tiny/constructor', {}, 404],
    ['/platforms/tiny/bad-day', { fault: 'flood' }, 422],
    ['/platforms/tiny/revoke', { personId: 'nobody' }, 422],
    ['/platforms/tiny/set-condition', { personId: 'ada', condition: 'happy' }, 422],
  ])('refuses %s %j', async (path, body, status) => {
    expect((await call(path, body)).status).toBe(status)
  })

  it('lets no page from elsewhere change anything', async () => {
    const headers = { origin: 'http://evil.example' }
    const { status } = await call('/platforms/tiny/bad-day', { fault: 'server_error' }, 'POST', headers)
    expect(status).toBe(403)
    expect(tiny().badDays.current()).toEqual([])
  })
})

describe('the pages', () => {
  it('show platforms, people, posts and say that it is a simulation', async () => {
    await post((await connect()).accessToken)
    const overview = await (await fetch(`${running.origin}/`)).text()
    expect(overview).toContain('Tiny &lt;platform&gt;')
    expect(overview).toContain('Connections granted: 1. Posts: 1.')
    const page = await (await fetch(`${tiny().base}/_sandbox`)).text()
    for (const text of [overview, page]) expect(text).toContain('Simulation.')
    expect(page).toContain('<pre>Hello</pre>')
  })

  it('have buttons that do what they say', async () => {
    const { accessToken } = await connect()
    const press = (name: string, fields: Record<string, string>) =>
      fetch(`${tiny().base}/_sandbox/${name}`, { method: 'POST', body: new URLSearchParams(fields) })
    const page = await press('revoke', { personId: 'ada' })
    expect(page.url).toBe(`${tiny().base}/_sandbox`)
    expect(tiny().tokens.inspect(accessToken).state).toBe('revoked')
    await press('set-condition', { personId: 'ada', condition: 'suspended' })
    expect(tiny().world.person('ada')?.condition).toBe('suspended')
    expect((await press('bad-day', { fault: 'server_error', times: 'x' })).status).toBe(422)
  })
})

describe('what has to be typed to connect', () => {
  it('is shown beside each person, where something has to be typed', async () => {
    const platforms = [createTelegram(), createBluesky(), createMastodon(), testPlatform()]
    const other = await startSandbox({ platforms })
    try {
      const pageOf = async (id: string) => (await fetch(`${other.platform(id).base}/_sandbox`)).text()
      const adminPageOf = async (id: string) => (await fetch(`${other.origin}/${id}/_sandbox`)).text()
      expect(await pageOf('tiny')).not.toContain('To connect, type')
      for (const id of ['telegram', 'bluesky', 'mastodon']) {
        const page = await adminPageOf(id)
        const { world, connectFields } = other.platform(id)
        for (const person of world.people())
          for (const [name, value] of Object.entries(connectFields(person.id)))
            expect(page).toContain(`<dt>${name}</dt><dd><code>${value}</code></dd>`)
      }
      expect(await adminPageOf('telegram')).toMatch(/<dt>botToken<\/dt><dd><code>\d{10}:[\w-]{35}<\/code>/)
      expect(await adminPageOf('bluesky')).toMatch(/<dt>appPassword<\/dt><dd><code>[\w-]{19}<\/code>/)
    } finally {
      await other.close()
    }
  })
})

describe('what strangers may be shown', () => {
  it('is the page that asks for consent, and the place where the answer goes', () => {
    const { platform } = tiny()
    expect(isConsentPath(platform, 'GET', '/authorize')).toBe(true)
    expect(isConsentPath(platform, 'POST', '/_consent/abc-DEF_1')).toBe(true)
    for (const [method, path] of [
      ['GET', '/_consent/abc'],
      ['POST', '/authorize'],
      ['HEAD', '/authorize'],
      ['GET', '/authorize/'],
      ['GET', '/authorize/../v1/posts'],
      ['GET', '/authorize%2f..%2fv1'],
      ['GET', '/v1/posts'],
      ['GET', '/_sandbox'],
      ['POST', '/_sandbox/revoke'],
      ['POST', '/_consent/'],
      ['POST', '/_consent/a/b'],
      ['POST', '/_consent/%2e%2e'],
      ['POST', '/_consent/a\n'],
    ] as const)
      expect(isConsentPath(platform, method, path), `${method} ${path}`).toBe(false)
  })

  it('is nothing that the seed tells: people stay, tokens and codes do not', async () => {
    const other = await startSandbox({ platforms: [testPlatform(), createMastodon()], secret: 'other' })
    try {
      const peopleOf = ({ platform }: RunningSandbox) =>
        platform('mastodon')
          .world.people()
          .map(({ id }) => id)
      expect(peopleOf(other)).toEqual(peopleOf(running))
      const codeOf = (at: RunningSandbox) =>
        at.platform('tiny').tokens.createCode({
          clientId: 'postmcp',
          redirectUri: callback,
          personId: 'ada',
          scopes: [],
        })
      expect(codeOf(other)).not.toBe(codeOf(running))
    } finally {
      await other.close()
    }
  })
})

describe('as a fake platform', () => {
  it('has new accounts that can be approved, seen and taken away', async () => {
    const suitable: FakePlatform = asFakePlatform(tiny(), { close: async () => undefined })
    expect(suitable.serverOrigins).toEqual([])
    const fake = asFakePlatform(tiny(), {
      close: () => running.close(),
      endpoints: { extra: 'http://x.example' },
    })
    expect(Object.keys(fake.endpoints)).toEqual(['api', 'web', 'extra'])
    const account = await fake.createAccount()
    const code = new URL(await account.approve(authorizationUrl())).searchParams.get('code')
    const body = JSON.stringify({ code, redirect_uri: callback })
    const answer = await fetch(`${tiny().base}/token`, { method: 'POST', body })
    const issued = (await answer.json()) as { accessToken: string; resourceIds: string[] }
    expect(issued.resourceIds).toEqual([account.targetId])
    expect(await account.posts()).toEqual([])
    tiny().world.addPost({ personId: null, resourceId: account.targetId, text: 'One', body: {} })
    expect(await account.posts()).toHaveLength(1)
    fake.expireAccessToken(issued.accessToken)
    expect(tiny().tokens.inspect(issued.accessToken).state).toBe('expired')
    await account.revokeAccess()
    expect(tiny().tokens.inspect(issued.accessToken).state).toBe('revoked')
    expect(fake.refusal('no')).toEqual({ status: 400, body: { error: 'no' } })
  })
})
