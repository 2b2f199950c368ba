import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { platformRegistry } from '@postmcp/api'
import { waysOf } from '@postmcp/core'
import { approve } from '@postmcp/sandbox'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sandboxAdmin } from './journeys/sandbox-admin.js'
import { openBrowser } from './support/browser.js'
import { openTestInstallation, type TestInstallation } from './support/installation.js'
import { type AuthorizeStep, newTenant, publicUrl, type Tenant } from './support/simulated.js'
import { Visitor } from './support/visitor.js'

// An installation that says it is at https://postmcp.example, as behind a proxy, with a sandbox on this machine.

interface Reached {
  product: TestInstallation
  heardAt: string
  close(): Promise<void>
}

/** @param saysItIsAt its public address, which is not where it listens */
async function reach(saysItIsAt: string): Promise<Reached> {
  const product = await openTestInstallation(
    { POSTMCP_PUBLIC_URL: saysItIsAt, POSTMCP_SANDBOX: 'on', POSTMCP_SANDBOX_PORT: '0' },
    { withSandbox: true },
  )
  const server = createServer(getRequestListener(product.app.fetch, { overrideGlobalObjects: false }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const heardAt = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  product.sandboxAccess.hearAt(heardAt, saysItIsAt)
  return {
    product,
    heardAt,
    async close() {
      server.closeAllConnections()
      server.close()
      await product.close()
    },
  }
}

let reached: Reached
let product: TestInstallation
let tenant: Tenant

beforeAll(async () => {
  reached = await reach(publicUrl)
  product = reached.product
  tenant = await newTenant(product.core, product.app, 'Playground', { mode: 'sandbox' })
}, 60_000)
afterAll(() => reached?.close())

const newBrowser = () => new Visitor((url, init) => product.app.request(url, init))
/** Platforms with the ways through the browser, where there are several. */
const byBrowser = platformRegistry()
  .list()
  .filter(({ manifest }) => manifest.connect.oauth2)
  .flatMap(({ manifest }): { platform: string; way?: string }[] => {
    const ways = waysOf(manifest).map(({ id }) => ({ platform: manifest.id, way: id }))
    return ways.length > 0 ? ways : [{ platform: manifest.id }]
  })

async function begin(platform: string, way?: string): Promise<AuthorizeStep> {
  const [person] = await sandboxAdmin(product.sandboxUrl ?? '').people(platform)
  const { identifier, instance } = person?.connectFields ?? {}
  return tenant.ok('POST', '/accounts/connect', {
    platform,
    method: 'oauth2',
    ...(way !== undefined && { way }),
    fields: { ...(identifier && { identifier }), ...(instance && { instance }) },
  })
}

/** What a browser sends of a consent page where nothing was touched. */
function formOf(html: string): URLSearchParams {
  const fields = new URLSearchParams({ decision: 'allow' })
  for (const [tag] of html.matchAll(/<input [^>]+>/g)) {
    const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
    if (tag.includes(' checked')) fields.append(attribute('name'), attribute('value'))
  }
  return fields
}

describe.each(byBrowser)('$platform $way', ({ platform, way }) => {
  it('is connected by somebody whose browser is elsewhere, all along at the public address', async () => {
    const step = await begin(platform, way)
    expect(step.authorizationUrl).toMatch(new RegExp(`^${publicUrl}/sandbox/${platform}[/?]`))
    const browser = newBrowser()
    const start = await browser.open(step.startUrl)
    expect(start.words).toContain('Next you decide at postmcp.example')
    const { location } = await browser.submit(start)
    expect(location).toBe(step.authorizationUrl)
    const asked = await browser.open(location ?? '')
    expect(asked).toMatchObject({ status: 200 })
    expect(asked.html).toContain('Simulation.')
    // Nothing on it knows of this machine, nor is it allowed anything but to send its form.
    expect(asked.html).not.toMatch(/127\.0\.0\.1|localhost/)
    const policy = asked.headers.get('content-security-policy')
    expect(policy).toMatch(/^sandbox allow-forms; default-src 'none'; style-src 'unsafe-inline'; /)
    expect(asked.headers.getSetCookie()).toEqual([])
    const action = /<form method="post" action="([^"]+)"/.exec(asked.html)?.[1] ?? ''
    const decided = await browser.post(new URL(action, asked.url).href, formOf(asked.html))
    expect(decided.location).toMatch(new RegExp(`^${publicUrl}/accounts/oauth/callback\\?`))
    const last = await browser.open(decided.location ?? '')
    expect(last.words).toMatch(/is connected|is authorized/)
  })
})

describe('of the sandbox', () => {
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await product.app.request(`${publicUrl}${path}`, init)
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  const post = (body: string, type = 'application/x-www-form-urlencoded') => ({
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })

  it.each([
    ['/sandbox', {}],
    ['/sandbox/slack', {}],
    ['/sandbox/slack/', {}],
    ['/sandbox/slack/_sandbox', {}],
    ['/sandbox/slack/_sandbox/avatar/1', {}],
    ['/sandbox/slack/_sandbox/revoke', post('personId=1')],
    ['/sandbox/_sandbox/api/platforms', {}],
    ['/sandbox/slack/_sandbox/api/platforms', {}],
    ['/sandbox/slack/api/auth.test', {}],
    ['/sandbox/slack/api/chat.postMessage', post('{}', 'application/json')],
    ['/sandbox/slack/api/oauth.v2.access', post('code=x')],
    ['/sandbox/slack/app_redirect', {}],
    ['/sandbox/mastodon/api/v1/apps', post('client_name=x')],
    ['/sandbox/mastodon/api/v1/timelines/public', {}],
    ['/sandbox/bluesky/xrpc/com.atproto.server.createSession', post('{}', 'application/json')],
    ['/sandbox/bluesky/oauth/par', post('client_id=x')],
    ['/sandbox/bluesky/profile/ada.test', {}],
    ['/sandbox/telegram/t.me/ada_publishes', {}],
    ['/sandbox/youtube/accounts/o/oauth2/token', post('code=x')],
    ['/sandbox/x/i/oauth2/authorize', { method: 'PUT' }],
    ['/sandbox/x/i/oauth2/authorize/', {}],
    ['/sandbox/x/_consent/', post('decision=allow')],
    ['/sandbox/constructor/oauth', {}],
    ['/sandbox/nowhere/oauth/authorize', {}],
  ] as [string, RequestInit][])('%s is shown to nobody from outside', async (path, init) => {
    const { status, text } = await ask(path, init)
    expect([401, 404], text).toContain(status)
    expect(text).not.toMatch(/Simulation|"simulated"|xox|Ada Sandbox/)
  })

  it('a decision that nobody was asked for leads nowhere', async () => {
    const { status, headers } = await ask('/sandbox/x/_consent/made-up', post('decision=allow&person=1'))
    expect(status).toBe(410)
    expect(headers.get('location')).toBeNull()
  })

  it('more than a decision takes is not read', async () => {
    const { status } = await ask('/sandbox/x/_consent/made-up', post('x'.repeat(65 * 1024)))
    expect(status).toBe(413)
  })

  it('a page that refuses says so without anything that could run', async () => {
    const mark = '<script>alert(1)</script>'
    const query = new URLSearchParams({ client_id: mark, redirect_uri: mark, scope: mark, state: mark })
    for (const { platform: id, way } of byBrowser) {
      const step = await begin(id, way)
      const { pathname } = new URL(step.authorizationUrl)
      const { text, headers } = await ask(`${pathname}?${query}`)
      expect(text, id).not.toContain('<script')
      expect(headers.get('content-security-policy'), id).toMatch(/^sandbox allow-forms; default-src 'none'/)
      expect(headers.get('x-content-type-options'), id).toBe('nosniff')
      expect(headers.get('content-type'), id).toMatch(/^text\/(html|plain); charset=utf-8$/)
      expect(headers.get('location'), id).toBeNull()
    }
  })

  /** As typed into the wire: no client of ours would send such paths. */
  const raw = (path: string, method = 'GET') =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(reached.heardAt)
      const socket = connect(Number(port), hostname, () =>
        socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`),
      )
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk.toString()
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
    })

  it.each([
    '/sandbox/slack/oauth/v2/authorize/../../../_sandbox',
    '/sandbox/slack/oauth/v2/authorize/../../../../_sandbox/api/platforms',
    '/sandbox/slack/oauth/v2/%2e%2e/%2e%2e/_sandbox',
    '/sandbox/slack/oauth/v2/authorize%2f..%2f..%2f..%2f_sandbox',
    '/sandbox/slack/oauth/v2/authorize/..%5c..%5c_sandbox',
    '/sandbox/slack/oauth/v2/authorize%3f/../_sandbox',
    '/sandbox/slack/oauth/v2/authorize;/../../../_sandbox',
    '/sandbox/slack//oauth/v2/authorize',
    '/sandbox/slack/%5fsandbox',
    '/sandbox/facebook/www/v26.0/dialog/oauth/../../../../graph/v26.0/me',
    '/sandbox/facebook/www/v26.0/dialog/oauth%0a',
    '/sandbox/%2e%2e/%2e%2e/_sandbox/api/platforms',
    '/sandbox/..%2f_sandbox/api/platforms',
    '/sandbox/slack@127.0.0.1/oauth/v2/authorize',
    '/sandbox/slack/../x/_sandbox',
    '/sandbox/mastodon/oauth/authorize/../../api/v1/instance',
    '//sandbox/slack/_sandbox',
  ])('%s is no way to anything else', async (path) => {
    const answer = await raw(path)
    expect(answer).toMatch(/^HTTP\/1\.1 40[014] /)
    expect(answer).not.toMatch(/Simulation|"simulated"|Ada Sandbox/)
  })

  it('leads from its pages to none of our routes with what the browser holds for us', async () => {
    const { text } = await ask('/sandbox/slack/oauth/v2/authorize/../../../../accounts')
    expect(JSON.parse(text)).toMatchObject({ code: 'unauthorized' })
  })
})

it('tokens and pages cannot be guessed from the seed that everybody knows', async () => {
  const { startSandbox } = await import('@postmcp/sandbox')
  const guessed = await startSandbox({ redirectUris: [`${publicUrl}/accounts/oauth/callback`] })
  try {
    const codeOf = async (base: string, query: string) =>
      new URL(await approve(`${base}/i/oauth2/authorize${query}`)).searchParams.get('code')
    const { search } = new URL((await begin('x')).authorizationUrl)
    const [theirs, guess] = await Promise.all([
      codeOf(`${product.sandboxUrl}/x`, search),
      codeOf(guessed.platform('x').base, search),
    ])
    expect(theirs).not.toBe(guess)
    // People are the same, so that accounts are reconnected after a restart.
    const [person] = await sandboxAdmin(product.sandboxUrl ?? '').people('x')
    expect(person?.id).toBe(guessed.platform('x').world.people()[0]?.id)
  } finally {
    await guessed.close()
  }
})

describe('in a real browser', () => {
  /** By http, for nobody vouches for a name of ours by https here. */
  const named = 'http://postmcp.example'
  let reached: Reached
  let browser: Browser

  beforeAll(async () => {
    reached = await reach(named)
    const { host } = new URL(reached.heardAt)
    browser = await openBrowser([`--host-resolver-rules=MAP postmcp.example:80 ${host}`])
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await reached?.close()
  })

  it('the consent page sends its form and is led back, with the cookie that binds the browser, and has no origin', async () => {
    const { product } = reached
    const playful = await newTenant(product.core, product.app, 'Playground', { mode: 'sandbox' })
    const step = await playful.ok('POST', '/accounts/connect', { platform: 'facebook', method: 'oauth2' })
    const page = await browser.newPage()
    await page.goto(step.startUrl)
    await page.getByRole('button', { name: /^Continue/ }).click()
    await page.waitForURL(`${named}/sandbox/facebook/**`)
    expect(await page.textContent('h1')).toContain('Facebook: allow PostMCP?')
    // Its origin is nobody's: not even a script that got in would be the API's.
    expect(await page.evaluate('self.origin')).toBe('null')
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.waitForURL(/\/accounts\/oauth\/callback/)
    // Without the cookie there would be a question first.
    expect(await page.textContent('h1')).toBe('Facebook is authorized')
  })
})
