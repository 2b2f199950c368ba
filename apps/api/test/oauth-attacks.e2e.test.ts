import { randomBytes } from 'node:crypto'
import { type HttpRequest, startWorker } from '@postmcp/core'
import { approve, deny, type PlatformHandle } from '@postmcp/sandbox'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../src/index.js'
import {
  type AuthorizeStep,
  begin,
  connectAs,
  consent,
  goOn,
  openSimulatedInstallation,
  publicUrl,
  type SimulatedInstallation,
  type Tenant,
} from './support/simulated.js'
import { until } from './support/until.js'
import { hiddenOf, type Page, Visitor } from './support/visitor.js'

let product: SimulatedInstallation
let x: PlatformHandle
let mastodon: PlatformHandle
let anna: Tenant
let browser: Visitor

const callbackUrl = `${publicUrl}/accounts/oauth/callback`
const confirmUrl = `${publicUrl}/accounts/oauth/confirm`

beforeAll(async () => {
  product = await openSimulatedInstallation()
  x = product.platform('x')
  mastodon = product.platform('mastodon')
})
afterAll(() => product?.close())
beforeEach(async () => {
  anna = await product.newTenant('Anna & Co')
  browser = product.newBrowser()
  product.sent.length = 0
  // Nobody here meets the platforms' rate limits.
  product.sandbox.sandbox.clock.advance(24 * 3600)
})
afterEach(() => {
  product.answerWith(null)
  product.setAhead(0)
  for (const { badDays } of product.sandbox.platforms) badDays.heal()
})

/** The connection as its owner sees it. */
const connectionOf = ({ connectionId }: AuthorizeStep, tenant = anna) =>
  tenant.ok('GET', `/connections/${connectionId}`)
const accountsOf = async (tenant: Tenant) => (await tenant.ok('GET', '/accounts')).data
const personId = (platform: PlatformHandle, at: number) => platform.world.people()[at]?.id ?? ''
/** Token requests that left, in order. */
const tokenRequests = () => product.sent.filter(({ url }) => /token$/.test(new URL(url).pathname))
const withParameters = (address: string, parameters: Record<string, string>) => {
  const url = new URL(address)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** A page that tells what went wrong: the code, its status, and what to do next. */
function expectProblem(page: Page, code: string, status: number, next: RegExp) {
  expect(page).toMatchObject({ status, words: expect.stringContaining(`${code}, request `) })
  expect(page.words).toMatch(next)
  expectGuarded(page)
}

/** What every page of ours is sent with. */
function expectGuarded({ headers }: Page) {
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringMatching(
      /default-src 'none'.*frame-ancestors 'none'.*base-uri 'none'/,
    ),
  })
}

/** The connection has failed for this reason, and whoever asks the API is told it with what to do next. */
async function expectFailed(step: AuthorizeStep, code: string, status: number) {
  expect(await connectionOf(step)).toMatchObject({ state: 'failed', failureReason: code, step: null })
  const again = await anna.call('POST', `/connections/${step.connectionId}`, { targetIds: ['x'] })
  expect(again).toMatchObject({ status, body: { code, nextAction: expect.stringMatching(/\w{4,}/) } })
  expect(await accountsOf(anna)).toEqual([])
}

describe('at the consent page', () => {
  it('a no connects nothing and says so', async () => {
    const step = await begin(anna, x)
    const page = await browser.open(await deny(await goOn(browser, step)))
    expectProblem(page, 'authorization_denied', 422, /Connect again and consent, if that is what you want/)
    expect(page.words).toContain('Nothing was connected')
    expect(tokenRequests()).toEqual([])
    await expectFailed(step, 'authorization_denied', 422)
  })

  it('fewer permissions than are needed are given back, and those that lack are named', async () => {
    const tiktok = product.platform('tiktok')
    const step = await begin(anna, tiktok)
    const page = await consent(browser, step, { scopes: ['user.info.basic'] })
    expectProblem(page, 'missing_permission', 409, /Connect again and grant [\w., ]*video\./)
    expect(tiktok.tokens.grants().filter(({ revokedAt }) => revokedAt === null)).toEqual([])
    await expectFailed(step, 'missing_permission', 409)
  })

  it.each([
    ['invalid_scope', 'The scope is not known.'],
    ['server_error', ''],
    ['temporarily_unavailable', 'Later.'],
    ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)> &amp; \' `'],
    ['x'.repeat(3000), 'y'.repeat(3000)],
  ])('an error such as %.30s is told in its words, and only as words', async (error, description) => {
    const step = await begin(anna, x)
    const state = new URL(await goOn(browser, step)).searchParams.get('state') ?? ''
    const page = await browser.open(
      withParameters(callbackUrl, { state, error, error_description: description }),
    )
    expectProblem(
      page,
      'authorization_failed',
      422,
      /Connect again; what the platform said is in the message/,
    )
    expect(page.words).toContain(error.slice(0, 50))
    expect(page.words.length).toBeLessThan(700)
    expect(page.html).not.toMatch(/<script|<img/)
    expect(tokenRequests()).toEqual([])
    await expectFailed(step, 'authorization_failed', 422)
  })
})

describe('a code', () => {
  it('that comes again, in the same address, does nothing', async () => {
    const step = await begin(anna, x)
    const back = await approve(await goOn(browser, step))
    expect((await browser.open(back)).words).toContain('is connected')
    for (const again of [browser, product.newBrowser()]) {
      expectProblem(await again.open(back), 'connection_not_open', 409, /Start a new connection/)
    }
    expect(tokenRequests()).toHaveLength(1)
    expect(await accountsOf(anna)).toMatchObject([{ status: 'active' }])
  })

  it('that comes eight times at once is changed once', async () => {
    const step = await begin(anna, x)
    const back = await approve(await goOn(browser, step))
    const pages = await Promise.all(Array.from({ length: 8 }, () => browser.open(back)))
    expect(pages.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)])
    expect(tokenRequests()).toHaveLength(1)
    expect(await accountsOf(anna)).toHaveLength(1)
  })

  it('of one connection is of no use in another: the verifier is that of the other', async () => {
    const [one, two] = [await begin(anna, x), await begin(anna, x)]
    const code = new URL(await approve(await goOn(browser, one))).searchParams.get('code') ?? ''
    const state = new URL(await goOn(browser, two)).searchParams.get('state') ?? ''
    const page = await browser.open(withParameters(callbackUrl, { state, code }))
    expectProblem(page, 'refused_by_platform', 422, /\w+/)
    await expectFailed(two, 'refused_by_platform', 422)
    expect(page.html).not.toContain(code)
  })

  it('that was used at the platform already is refused there, and that is told', async () => {
    const one = await begin(anna, x)
    const back = await approve(await goOn(browser, one))
    await browser.open(back)
    const two = await begin(anna, x)
    const state = new URL(await goOn(browser, two)).searchParams.get('state') ?? ''
    const page = await browser.open(withParameters(back, { state }))
    expectProblem(page, 'refused_by_platform', 422, /\w+/)
    expect((await connectionOf(two)).failureReason).toBe('refused_by_platform')
    expect(await accountsOf(anna)).toHaveLength(1)
  })

  it.each([
    ['two codes', (url: URL) => url.searchParams.append('code', 'another'), 'authorization_failed', 422],
    ['no code', (url: URL) => url.searchParams.delete('code'), 'authorization_failed', 422],
    ['an empty code', (url: URL) => url.searchParams.set('code', ''), 'authorization_failed', 422],
    ['two states', (url: URL) => url.searchParams.append('state', 'another'), 'state_invalid', 400],
    [
      'the same state twice',
      (url: URL) => url.searchParams.append('state', url.searchParams.get('state') ?? ''),
      'state_invalid',
      400,
    ],
    ['no state', (url: URL) => url.searchParams.delete('state'), 'state_invalid', 400],
    [
      'a state nobody was given',
      (url: URL) => url.searchParams.set('state', 'x'.repeat(43)),
      'state_invalid',
      400,
    ],
    [
      'a code and an error',
      (url: URL) => url.searchParams.set('error', 'access_denied'),
      'authorization_denied',
      422,
    ],
    ['a huge state', (url: URL) => url.searchParams.set('state', 'x'.repeat(100_000)), 'state_invalid', 400],
  ])('with %s is not sent anywhere', async (_, change, code, status) => {
    const step = await begin(anna, x)
    const url = new URL(await approve(await goOn(browser, step)))
    change(url)
    expectProblem(await browser.open(url.href), code, status, /Connect again|Start a new connection/)
    expect(tokenRequests()).toEqual([])
    expect(await accountsOf(anna)).toEqual([])
  })
})

describe('a state', () => {
  it('that comes too late is refused before anything is sent', async () => {
    const step = await begin(anna, x)
    const back = await approve(await goOn(browser, step))
    product.setAhead(601)
    expectProblem(await browser.open(back), 'connection_expired', 410, /Start a new connection/)
    expect(tokenRequests()).toEqual([])
    expect(await connectionOf(step)).toMatchObject({ state: 'expired', step: null })
    expectProblem(await browser.open(step.startUrl), 'connection_expired', 410, /Start a new connection/)
  })

  it('of another workspace cannot be pasted into a connection of this one', async () => {
    const berta = await product.newTenant('Berta')
    const [hers, mine] = [await begin(berta, x), await begin(anna, x)]
    const callback = await approve(hers.authorizationUrl)
    const paste = (id: string) => anna.call('POST', `/connections/${id}`, { callbackUrl: callback })
    expect(await paste(mine.connectionId)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(await paste(hers.connectionId)).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(tokenRequests()).toEqual([])
    expect((await connectionOf(mine)).state).toBe('pending')
    // It was not used up by that: whose it is can still use it.
    const done = await berta.ok('POST', `/connections/${hers.connectionId}`, { callbackUrl: callback })
    expect(done.type).toBe('connected')
    expect(await accountsOf(anna)).toEqual([])
  })

  it.each([
    '',
    'nonsense',
    'https://evil.example/?state=x&code=y',
    'javascript:alert(1)',
    `${callbackUrl}?code=x`,
  ])('cannot be pasted as %j', async (pasted) => {
    const step = await begin(anna, x)
    const answer = await anna.call('POST', `/connections/${step.connectionId}`, { callbackUrl: pasted })
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', nextAction: expect.any(String) },
    })
    expect((await connectionOf(step)).state).toBe('pending')
  })
})

/** Comes back in a browser that never saw our start page. */
async function inAnotherBrowser(step: AuthorizeStep, other = product.newBrowser()) {
  const page = await other.open(await approve(step.authorizationUrl))
  return { other, page, token: hiddenOf(page).token ?? '' }
}
const revocationsIn = (requests: readonly HttpRequest[]) =>
  requests.filter(({ url }) => new URL(url).pathname.endsWith('/revoke')).length

describe('another browser than the one it was started in', () => {
  it('is asked, by a page that names the workspace, and gets an account only for a yes', async () => {
    const step = await begin(anna, x)
    const { other, page } = await inAnotherBrowser(step)
    expect(page.status).toBe(200)
    expectGuarded(page)
    expect(page.words).toMatch(/Connect @ada_sandbox to Anna & Co\?.*was not started in this browser/)
    expect(page.html).toContain('Anna &amp; Co')
    expect(await connectionOf(step)).toMatchObject({ state: 'awaiting_confirmation' })
    expect(await accountsOf(anna)).toEqual([])
    // Whoever started it cannot go on without whoever sits there.
    const forced = await anna.call('POST', `/connections/${step.connectionId}`, {
      targetIds: [personId(x, 0)],
    })
    expect(forced).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect((await other.submit(page, { answer: 'confirm' })).words).toContain('@ada_sandbox is connected')
    expect(await accountsOf(anna)).toMatchObject([{ handle: 'ada_sandbox', status: 'active' }])
    expectProblem(
      await other.submit(page, { answer: 'confirm' }),
      'connection_not_open',
      409,
      /Start a new connection/,
    )
  })

  it('that says no ends the authorization at the platform', async () => {
    const step = await begin(anna, x)
    const { other, page } = await inAnotherBrowser(step)
    const access = product.sent.length
    expectProblem(
      await other.submit(page, { answer: 'decline' }),
      'authorization_denied',
      422,
      /Connect again/,
    )
    expect(revocationsIn(product.sent.slice(access))).toBeGreaterThan(0)
    await expectFailed(step, 'authorization_denied', 422)
  })

  it.each<[string, (token: string) => [RequestInit['body'], Record<string, string>?]]>([
    ['no token', () => [new URLSearchParams({ answer: 'confirm' })]],
    ['an empty token', () => [new URLSearchParams({ answer: 'confirm', token: '' })]],
    ['a made-up token', () => [new URLSearchParams({ answer: 'confirm', token: 'x'.repeat(43) })]],
    [
      'a token that is a little wrong',
      (token) => [new URLSearchParams({ answer: 'confirm', token: `${token}x` })],
    ],
    [
      'the token in another case',
      (token) => [new URLSearchParams({ answer: 'confirm', token: token.toUpperCase() })],
    ],
    ['no form', () => [null]],
    [
      'JSON',
      (token) => [JSON.stringify({ answer: 'confirm', token }), { 'content-type': 'application/json' }],
    ],
    ['plain text', (token) => [`answer=confirm&token=${token}`, { 'content-type': 'text/plain' }]],
    [
      'a broken multipart form',
      (token) => [`--a\r\n${token}`, { 'content-type': 'multipart/form-data; boundary=b' }],
    ],
    ['a multipart form without a boundary', (token) => [token, { 'content-type': 'multipart/form-data' }]],
    [
      'a file as the token',
      (token) => {
        const form = new FormData()
        form.set('answer', 'confirm')
        form.set('token', new File([token], token))
        return [form]
      },
    ],
  ])('that answers with %s is refused, and the question stays', async (_, forge) => {
    const step = await begin(anna, x)
    const { other, page, token } = await inAnotherBrowser(step)
    const [body, headers] = forge(token)
    expectProblem(await other.post(confirmUrl, body, headers), 'state_invalid', 400, /Start a new connection/)
    expect((await connectionOf(step)).state).toBe('awaiting_confirmation')
    expect(await accountsOf(anna)).toEqual([])
    expect(revocationsIn(product.sent)).toBe(0)
    expect((await other.submit(page, { answer: 'confirm' })).words).toContain('is connected')
  })

  it('that sends more than a form can be is refused', async () => {
    const step = await begin(anna, x)
    const { other, token } = await inAnotherBrowser(step)
    const body = new URLSearchParams({ answer: 'confirm', token, more: 'x'.repeat(20_000) })
    expectProblem(await other.post(confirmUrl, body), 'payload_too_large', 413, /Send less data/)
    expectProblem(await other.post(step.startUrl, body), 'payload_too_large', 413, /Send less data/)
    expect((await connectionOf(step)).state).toBe('awaiting_confirmation')
  })

  it('has nothing in the cookie of the browser that was bound later, without the token of the page', async () => {
    const step = await begin(anna, x)
    const bound = product.newBrowser()
    const back = await approve(await goOn(bound, step))
    await product.newBrowser().open(back) // comes first, in a browser that is not bound
    expect((await connectionOf(step)).state).toBe('awaiting_confirmation')
    expectProblem(await bound.open(back), 'connection_not_open', 409, /Start a new connection/)
    expectProblem(
      await bound.post(confirmUrl, new URLSearchParams({ answer: 'confirm' })),
      'state_invalid',
      400,
      /Start a new connection/,
    )
    expect((await connectionOf(step)).state).toBe('awaiting_confirmation')
    expect(await accountsOf(anna)).toEqual([])
  })

  it('that waits too long gets nothing, and its authorization is ended at the platform', async () => {
    const step = await begin(anna, x)
    const { other, page } = await inAnotherBrowser(step)
    product.setAhead(601)
    expectProblem(await other.submit(page, { answer: 'confirm' }), 'connection_expired', 410, /Start a new/)
    const worker = await startWorker(product.core)
    await until('it is ended at the platform', async () => revocationsIn(product.sent) > 0)
    await worker.stop()
    expect(await connectionOf(step)).toMatchObject({ state: 'expired' })
    const sealed = await product.database.query('select 1 from credentials where owner_id = $1', [
      step.connectionId,
    ])
    expect(sealed).toEqual([])
  })

  it('is not the right one because of the cookie of another connection, or of a made-up one', async () => {
    const [one, two] = [await begin(anna, x), await begin(anna, x)]
    const other = product.newBrowser()
    await goOn(other, one)
    other.cookies.set(`postmcp_connect_${two.connectionId}`, randomBytes(32).toString('base64url'))
    expect((await other.open(await approve(two.authorizationUrl))).words).toContain(
      'was not started in this browser',
    )
    expect((await connectionOf(two)).state).toBe('awaiting_confirmation')
  })
})

describe('the address an attacker came back with', () => {
  it('opened in the browser of somebody else connects nothing to the workspace of that person', async () => {
    const mallory = await product.newTenant('Mallory')
    // Anna is in the midst of a connection of her own.
    const hers = await begin(anna, x)
    const back = await goOn(browser, hers)
    const bait = await approve((await begin(mallory, x)).authorizationUrl, { personId: personId(x, 1) })
    const page = await browser.open(bait)
    expect(page.words).toMatch(/Connect @ben_sandbox to Mallory\?/)
    expect(await accountsOf(anna)).toEqual([])
    expect((await connectionOf(hers)).state).toBe('pending')
    // Her own goes on as if nothing had been.
    expect((await browser.open(await approve(back))).words).toContain('@ada_sandbox is connected')
    expect(await accountsOf(anna)).toMatchObject([{ handle: 'ada_sandbox' }])
    expect(await accountsOf(mallory)).toEqual([])
  })

  it('with the state of a victim gets nothing of the attacker into the workspace of the victim', async () => {
    const mallory = await product.newTenant('Mallory')
    const hers = await begin(anna, x)
    const state = new URL(await goOn(browser, hers)).searchParams.get('state') ?? ''
    const malicious = await approve((await begin(mallory, x)).authorizationUrl, { personId: personId(x, 1) })
    const page = await browser.open(withParameters(malicious, { state }))
    expectProblem(page, 'refused_by_platform', 422, /\w+/)
    expect(await accountsOf(anna)).toEqual([])
  })
})

describe('the start page', () => {
  it('says who asks for what, shows the code of the terminal, and cannot be framed or kept', async () => {
    const step = await begin(anna, x)
    const page = await browser.open(step.startUrl)
    expect(page.status).toBe(200)
    expectGuarded(page)
    expect(page.words).toContain('Connect X to Anna & Co')
    expect(page.words).toContain(step.userCode)
    const { status, headers, location } = await browser.submit(page)
    expect({ status, location }).toEqual({ status: 303, location: step.authorizationUrl })
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cache-control')).toBe('no-store')
    for (const line of headers.getSetCookie()) expect(line).toMatch(/; HttpOnly; Secure; SameSite=Lax$/)
    expect(headers.getSetCookie().join()).toMatch(/Path=\/accounts\/oauth;/)
  })

  it.each<[string, RequestInit]>([
    ['a look', { method: 'HEAD' }],
    ['a preview', { headers: { 'sec-purpose': 'prefetch;prerender', purpose: 'prefetch' } }],
    ['being opened', {}],
  ])('binds no browser by %s', async (_, init) => {
    const step = await begin(anna, x)
    const page = await browser.open(step.startUrl, init)
    expect(page.status).toBe(200)
    expect([...browser.cookies.keys()].filter((name) => name.startsWith('postmcp_connect_'))).toEqual([])
    const [row] = await product.database.query('select binding_hash from connections where id = $1', [
      step.connectionId,
    ])
    expect(row).toEqual({ binding_hash: null })
    expect((await browser.open(await approve(step.authorizationUrl))).words).toContain(
      'was not started in this browser',
    )
  })

  it('binds no browser that was made to press its button by the page of another', async () => {
    const mallory = await product.newTenant('Mallory')
    const step = await begin(mallory, x)
    // He opens it himself, and puts what is in it into a form on a page of his own.
    const seen = await product.newBrowser().open(step.startUrl)
    for (const stolen of [{}, hiddenOf(seen), { token: '' }]) {
      const page = await browser.post(step.startUrl, new URLSearchParams(stolen), {
        origin: 'https://evil.example',
      })
      expectProblem(page, 'state_invalid', 400, /Open the link itself, and go on from the page it shows/)
      expect(page.location).toBeNull()
    }
    expect([...browser.cookies]).toEqual([])
    // What the victim consents to at the platform is asked about once more.
    const page = await browser.open(await approve(step.authorizationUrl))
    expect(page.words).toContain('was not started in this browser')
    expect(await accountsOf(mallory)).toEqual([])
  })

  it('can be opened in two tabs, and both go on', async () => {
    const step = await begin(anna, x)
    const tabs = [await browser.open(step.startUrl), await browser.open(step.startUrl)]
    for (const tab of tabs) expect((await browser.submit(tab)).location).toBe(step.authorizationUrl)
  })

  it('leads nowhere once it was used, and to nobody who guesses', async () => {
    const step = await begin(anna, x)
    const shown = await browser.open(step.startUrl)
    await browser.open(await approve(await goOn(browser, step)))
    expectProblem(await browser.open(step.startUrl), 'connection_not_open', 409, /Start a new connection/)
    expectProblem(await browser.submit(shown), 'connection_not_open', 409, /Start a new connection/)
    const guesses = ['x', 'x'.repeat(43), '%00', '%E0%A4', step.connectionId, "'; drop table connections"]
    for (const guess of guesses) {
      expectProblem(
        await browser.open(`${publicUrl}/accounts/oauth/start/${guess}`),
        'state_invalid',
        400,
        /Start a new connection/,
      )
    }
  })

  it.each([
    '?next=https://evil.example',
    '?redirect_uri=https://evil.example/callback',
    '?url=//evil.example&return_to=https://evil.example',
    '?authorizationUrl=https://evil.example',
    '#https://evil.example',
  ])('leads to the platform and nowhere else, whatever is added to it: %s', async (added) => {
    const step = await begin(anna, x)
    const page = await browser.open(`${step.startUrl}${added}`)
    expect(page.html).not.toContain('evil.example')
    expect((await browser.submit(page)).location).toBe(step.authorizationUrl)
    const posted = await browser.post(
      `${step.startUrl}${added}`,
      new URLSearchParams({
        ...hiddenOf(page),
        next: 'https://evil.example',
        redirect_uri: 'https://evil.example',
      }),
    )
    expect(posted.location).toBe(step.authorizationUrl)
    expect(new URL(step.authorizationUrl).origin).toBe(new URL(x.base).origin)
  })

  it.each([
    '/accounts/oauth/start//evil.example',
    '/accounts/oauth/start/',
    '//evil.example/accounts/oauth/start/x',
  ])('is no way out by %s', async (path) => {
    const page = await browser.open(`${publicUrl}${path}`)
    expect(page.location).toBeNull()
    expect(page.status).toBeGreaterThanOrEqual(400)
  })
})

describe('an address to come back to', () => {
  it.each([
    'https://evil.example/accounts/oauth/callback',
    `${callbackUrl}/`,
    `${callbackUrl}?next=https://evil.example`,
    `${callbackUrl}#x`,
    callbackUrl.toUpperCase(),
    `${publicUrl}.evil.example/accounts/oauth/callback`,
    `${publicUrl}@evil.example/accounts/oauth/callback`,
    `${publicUrl}/accounts/oauth/callback/../../../evil`,
    'http://postmcp.example/accounts/oauth/callback',
    'javascript:alert(1)',
    'urn:ietf:wg:oauth:2.0:oob',
  ])('that the operator does not allow is refused: %s', async (redirectUri) => {
    const answer = await anna.call('POST', '/accounts/connect', { platform: 'x', fields: {}, redirectUri })
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'redirect_uri_not_allowed', detail: expect.stringContaining(`Allowed: ${callbackUrl}.`) },
    })
    expect(answer.body.nextAction).toBe('Use one of the addresses the message lists.')
  })
})

describe('a server of the user that lies', () => {
  const metadata = (base: string, more = {}) => ({
    issuer: `${base}/`,
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/token`,
    revocation_endpoint: `${base}/oauth/revoke`,
    app_registration_endpoint: `${base}/api/v1/apps`,
    scopes_supported: ['profile', 'write:statuses', 'write:media'],
    ...more,
  })
  const lie = (more: object) =>
    product.answerWith(({ url }) =>
      new URL(url).pathname === '/.well-known/oauth-authorization-server'
        ? { status: 200, body: metadata(mastodon.base, more) }
        : null,
    )
  const connect = () =>
    anna.call('POST', '/accounts/connect', { platform: 'mastodon', fields: mastodon.connectFields() })

  it.each([
    ['its issuer', { issuer: 'https://mastodon.social/' }],
    ['its issuer, by a path', { issuer: 'http://127.0.0.1/other' }],
    ['where people consent', { authorization_endpoint: 'https://evil.example/oauth/authorize' }],
    ['where tokens come from', { token_endpoint: 'https://evil.example/oauth/token' }],
    ['where tokens end', { revocation_endpoint: 'http://169.254.169.254/oauth/revoke' }],
    ['where to register', { app_registration_endpoint: 'http://127.0.0.1:1/api/v1/apps' }],
    ['where people consent, as a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ])('about %s is refused before anything of ours is sent', async (_, more) => {
    lie(more)
    const answer = await connect()
    expect(answer).toMatchObject({ status: 400, body: { code: 'issuer_mismatch', platform: 'mastodon' } })
    expect(answer.body.nextAction).toMatch(/if you trust it|people who run the instance/)
    expect(product.sent.filter(({ method }) => method === 'POST')).toEqual([])
    expect(new Set(product.sent.map(({ url }) => new URL(url).origin))).toEqual(new Set([mastodon.base]))
  })

  it.each([
    ['none', undefined],
    ['that of another server', 'https://mastodon.social/'],
    ['nearly its own', `${'http://127.0.0.1'}/`],
    ['its own twice', 'twice'],
  ])('and answers with an issuer that is %s is not given the code', async (_, iss) => {
    lie({ authorization_response_iss_parameter_supported: true })
    const step = await begin(anna, mastodon)
    const url = new URL(await approve(await goOn(browser, step)))
    if (iss === 'twice') for (const _ of [1, 2]) url.searchParams.append('iss', `${mastodon.base}/`)
    else if (iss !== undefined) url.searchParams.set('iss', iss)
    expectProblem(
      await browser.open(url.href),
      iss === 'twice' ? 'authorization_failed' : 'issuer_mismatch',
      iss === 'twice' ? 422 : 400,
      /do not trust that server|Connect again/,
    )
    expect(tokenRequests()).toEqual([])
  })

  it('and answers with its own issuer is believed', async () => {
    lie({ authorization_response_iss_parameter_supported: true })
    const step = await begin(anna, mastodon)
    const back = await approve(await goOn(browser, step))
    const page = await browser.open(withParameters(back, { iss: `${mastodon.base}/` }))
    expect(page.words).toContain('is connected')
  })

  it('and sends people to the consent page of another server gets no code of that server', async () => {
    // Mallory's own instance, and a connection of his own at the honest one, whose challenge he knows how to answer.
    const mallory = await product.newTenant('Mallory')
    const his = await begin(mallory, mastodon)
    const evil = 'https://evil.example.org'
    product.answerWith(({ url, method }) => {
      const { origin, pathname } = new URL(url)
      if (origin !== evil) return null
      if (pathname === '/.well-known/oauth-authorization-server') return { status: 200, body: metadata(evil) }
      if (pathname === '/api/v2/instance')
        return { status: 200, body: { domain: 'evil.example.org', version: '4.6.2' } }
      if (pathname === '/api/v1/apps' && method === 'POST') {
        return { status: 200, body: { client_id: 'of-evil', client_secret: 'secret-of-evil' } }
      }
      return { status: 404, body: {} }
    })
    const hers: AuthorizeStep = await anna.ok('POST', '/accounts/connect', {
      platform: 'mastodon',
      fields: { instance: evil },
    })
    const state = new URL(await goOn(browser, hers)).searchParams.get('state') ?? ''
    // The evil server sends her on to the honest one, in the name of his connection, with the state of hers.
    const back = await approve(withParameters(his.authorizationUrl, { state }))
    const page = await browser.open(back)
    expectProblem(page, 'issuer_mismatch', 400, /do not trust that server/)
    const code = new URL(back).searchParams.get('code') ?? 'none'
    const told = product.sent.filter(
      ({ url, body }) => url.toString().startsWith(evil) && String(body).includes(code),
    )
    expect(told).toEqual([])
    await expectFailed(hers, 'issuer_mismatch', 400)
    expect(await accountsOf(mallory)).toEqual([])
  })

  it('answers the code with what is no token: nothing is kept, and nothing it says is repeated as HTML', async () => {
    const evil = '<b>bold</b><script>alert(1)</script>'
    const answers: [number, unknown, string, number][] = [
      [200, { token_type: 'Bearer' }, 'platform_response_invalid', 502],
      [200, { access_token: '' }, 'platform_response_invalid', 502],
      [200, { access_token: { nested: true } }, 'platform_response_invalid', 502],
      [200, [], 'platform_response_invalid', 502],
      [200, 'access_token=x&token_type=bearer', 'platform_response_invalid', 502],
      [200, '<html>', 'platform_response_invalid', 502],
      [200, 'null', 'platform_response_invalid', 502],
      [302, '', 'platform_response_invalid', 502],
      [400, { error: evil, error_description: evil }, 'refused_by_platform', 422],
      [401, { error: 'invalid_client', error_description: evil }, 'config_invalid', 500],
      [429, {}, 'rate_limited', 429],
      [503, {}, 'platform_unavailable', 503],
    ]
    for (const [status, body, code, ours] of answers) {
      product.answerWith(null)
      const step = await begin(anna, mastodon)
      const back = await approve(await goOn(browser, step))
      product.answerWith(({ url }) => (String(url).endsWith('/oauth/token') ? { status, body } : null))
      const page = await browser.open(back)
      expect({ status: page.status, words: page.words }).toEqual({
        status: ours,
        words: expect.stringContaining(`${code}, request `),
      })
      expectGuarded(page)
      expect(page.html).not.toMatch(/<script|<b>/)
      expect((await connectionOf(step)).failureReason).toBe(code)
    }
    expect(await accountsOf(anna)).toEqual([])
  })
})

describe('text of others', () => {
  const evil = `</h1><script>alert(1)</script>"'><img src=x onerror=alert(1)>&lt;`

  it('is text on our pages: the name of a workspace', async () => {
    const tenant = await product.newTenant(evil)
    const step = await begin(tenant, x)
    const start = await browser.open(step.startUrl)
    const { page } = await inAnotherBrowser(step)
    for (const { html, words } of [start, page]) {
      expect(html).not.toMatch(/<script|<img/)
      expect(words).toContain('<script>alert(1)</script>')
    }
  })

  it('is text on our pages: the names of accounts', async () => {
    const person = x.world.addPerson({ name: evil, handle: evil })
    const step = await begin(anna, x)
    const asked = await product
      .newBrowser()
      .open(await approve(step.authorizationUrl, { personId: person.id }))
    const other = await begin(anna, x)
    const connected = await consent(browser, other, { personId: person.id })
    for (const { html, status } of [asked, connected]) {
      expect(status).toBeLessThan(500)
      expect(html).not.toMatch(/<script|<img/)
    }
  })
})

describe('a reconnect', () => {
  it('by another person is refused, that authorization is ended, and the account stays as it was', async () => {
    const account = await connectAs(anna, browser, x, personId(x, 0))
    const step = await anna.ok('POST', `/accounts/${account}/reconnect`, { fields: {} })
    const before = product.sent.length
    const page = await consent(browser, step, { personId: personId(x, 1) })
    expectProblem(page, 'identity_mismatch', 409, /Reconnect with the credentials of the same account/)
    expect(page.words).toContain('is for @ben_sandbox, not for @ada_sandbox')
    expect(revocationsIn(product.sent.slice(before))).toBeGreaterThan(0)
    expect(await connectionOf(step)).toMatchObject({ state: 'failed', failureReason: 'identity_mismatch' })
    expect(await anna.ok('GET', `/accounts/${account}/status?freshness=live`)).toMatchObject({
      status: 'active',
    })
    expect(await accountsOf(anna)).toHaveLength(1)
  })

  it('of an account of another workspace is not found', async () => {
    const account = await connectAs(anna, browser, x)
    const berta = await product.newTenant('Berta')
    const answer = await berta.call('POST', `/accounts/${account}/reconnect`, { fields: {} })
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

describe('a refresh', () => {
  const live = (account: string) => anna.ok('GET', `/accounts/${account}/status?freshness=live`)
  const history = async (account: string) =>
    (await anna.ok('GET', `/accounts/${account}/history`)).data.map(
      ({ status }: { status: string }) => status,
    )

  it('with a token the platform has revoked asks to reconnect, says so, and a reconnect heals it', async () => {
    const account = await connectAs(anna, browser, x, personId(x, 0))
    x.tokens.revokePerson(personId(x, 0))
    x.tokens.expireAccessTokens(personId(x, 0))
    const status = await live(account)
    expect(status).toMatchObject({ canPublish: false, reason: 'token_revoked' })
    expect(['needs_reauth', 'revoked']).toContain(status.status)
    expect(status.nextAction).toMatchObject({
      kind: 'reconnect',
      message: expect.stringMatching(/[Rr]econnect/),
    })
    const step = await anna.ok('POST', `/accounts/${account}/reconnect`, { fields: {} })
    await consent(browser, step, { personId: personId(x, 0) })
    expect(await live(account)).toMatchObject({ id: account, status: 'active' })
  })

  it('whose answer is lost is not repeated where a token works once: it asks to reconnect, once and for all', async () => {
    const account = await connectAs(anna, browser, x, personId(x, 0))
    x.tokens.expireAccessTokens(personId(x, 0))
    x.badDays.set({ fault: 'lost_answer', path: '/2/oauth2/token', times: 1 })
    expect(await live(account)).toMatchObject({ check: { source: 'failed' } })
    const status = await live(account)
    expect(status).toMatchObject({
      status: 'needs_reauth',
      reason: 'refresh_outcome_lost',
      canPublish: false,
    })
    expect(status.nextAction.kind).toBe('reconnect')
    const asked = tokenRequests().length
    await live(account)
    expect(tokenRequests()).toHaveLength(asked)
    const step = await anna.ok('POST', `/accounts/${account}/reconnect`, { fields: {} })
    await consent(browser, step, { personId: personId(x, 0) })
    expect(await live(account)).toMatchObject({ status: 'active' })
    expect(await history(account)).toEqual(['active', 'needs_reauth', 'active'])
  })

  it('that meets trouble on the way changes no status', async () => {
    const account = await connectAs(anna, browser, x, personId(x, 0))
    x.tokens.expireAccessTokens(personId(x, 0))
    for (const fault of ['rate_limited', 'server_error', 'garbage', 'lost_request'] as const) {
      x.badDays.set({ fault, path: '/2/oauth2/token', times: 1 })
      expect(await live(account)).toMatchObject({ status: 'active', check: { source: 'failed' } })
    }
  })
})

it('a page below the path of a proxy binds the browser there, and its forms lead there', async () => {
  const below = createApp({ ...product.core, publicUrl: `${publicUrl}/below` })
  // The proxy takes the path away.
  const visitor = new Visitor((url, init) => below.request(url.replace('/below/', '/'), init))
  const step = await begin(anna, x)
  const start = await visitor.open(step.startUrl)
  expect(start.html).toContain('action="/below/accounts/oauth/start/')
  const { headers } = await visitor.submit(start)
  expect(headers.getSetCookie().join()).toContain('Path=/below/accounts/oauth;')
  visitor.cookies.clear()
  const asked = await visitor.open(await approve(step.authorizationUrl))
  expect(asked.html).toContain('action="/below/accounts/oauth/confirm"')
})
