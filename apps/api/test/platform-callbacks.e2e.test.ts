import { createHmac, randomBytes } from 'node:crypto'
import type { PlatformHandle } from '@postmcp/sandbox'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  connectAs,
  consent,
  openSimulatedInstallation,
  publicUrl,
  type SimulatedInstallation,
  type Tenant,
} from './support/simulated.js'

let product: SimulatedInstallation
let anna: Tenant

beforeAll(async () => {
  product = await openSimulatedInstallation()
})
afterAll(() => product?.close())
beforeEach(async () => {
  anna = await product.newTenant('Anna')
  product.sandbox.sandbox.clock.advance(24 * 3600)
})
afterEach(() => product.setAhead(0))

/** What a platform sends when somebody takes away our access. */
interface Signed {
  body: string
  headers: Record<string, string>
}
type Sign = (told: { app: Record<string, string>; subject: string; at: number; id: string }) => Signed

const hmac = (secret = '', text: string) => createHmac('sha256', secret).update(text)

const bySlack: Sign = ({ app, subject, at, id }) => {
  const [team_id, api_app_id] = subject.split('/')
  const body = JSON.stringify({
    type: 'event_callback',
    team_id,
    api_app_id,
    event_id: id,
    event: { type: 'app_uninstalled' },
  })
  const signature = `v0=${hmac(app.signingSecret, `v0:${at}:${body}`).digest('hex')}`
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': signature,
    },
  }
}
const byTikTok: Sign = ({ app, subject, at, id }) => {
  const body = JSON.stringify({
    client_key: app.clientId,
    event: 'authorization.removed',
    create_time: id,
    user_openid: subject,
    content: '{"reason":1}',
  })
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'tiktok-signature': `t=${at},s=${hmac(app.clientSecret, `${at}.${body}`).digest('hex')}`,
    },
  }
}
const byMeta: Sign = ({ app, subject, at, id }) => {
  const payload = JSON.stringify({ algorithm: 'HMAC-SHA256', user_id: subject, issued_at: at, id })
  const encoded = Buffer.from(payload).toString('base64url')
  const signature = hmac(app.clientSecret, encoded).digest('base64url')
  return {
    body: new URLSearchParams({ signed_request: `${signature}.${encoded}` }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }
}

/** Seconds by which a signature may not be off. */
const tooFar: Record<string, { sign: Sign; offs: number[] }> = {
  slack: { sign: bySlack, offs: [-600, 600] },
  tiktok: { sign: byTikTok, offs: [-600, 600] },
  // Meta names no window: what is a day old is refused, and what comes from the future.
  facebook: { sign: byMeta, offs: [-25 * 3600, 600] },
  instagram: { sign: byMeta, offs: [-25 * 3600, 600] },
  threads: { sign: byMeta, offs: [-25 * 3600, 600] },
}

const now = () => Math.floor(Date.now() / 1000)
const newEventId = () => randomBytes(6).toString('hex')
const send = async (path: string, { body, headers }: Signed, method = 'POST') => {
  const init = method === 'GET' ? { method, headers } : { method, headers, body }
  const answer = await product.app.request(`${publicUrl}${path}`, init)
  const text = await answer.text()
  return { status: answer.status, text, code: text.startsWith('{') ? JSON.parse(text).code : undefined }
}
const statusOf = (account: string, tenant = anna) => tenant.ok('GET', `/accounts/${account}`)
const subjectOf = async (tenant: Tenant): Promise<string> => {
  const [grant] = await product.database.query<{ subject: string }>(
    'select subject from grants where workspace_id = $1',
    [tenant.scope.workspaceId],
  )
  return grant?.subject ?? ''
}

/** An application of the workspace's own, with another secret; the platform accepts both. */
async function setOwnApplication(tenant: Tenant, { id, app, tokens, kit }: PlatformHandle) {
  const own = {
    ...app,
    clientSecret: `own-${newEventId()}-client-secret`,
    ...(app?.signingSecret && { signingSecret: `own-${newEventId()}-signing-secret` }),
  }
  tokens.registerClient({
    id: app?.clientId ?? '',
    name: 'PostMCP',
    secrets: [app?.clientSecret ?? '', own.clientSecret],
    redirectUris: kit.redirectUris,
  })
  const client = await tenant.ok('PUT', `/platforms/${id}/client`, { fields: own })
  return { own, ref: client.id as string }
}

describe.each(Object.entries(tooFar))('%s', (id, { sign, offs }) => {
  const platform = () => product.platform(id)
  const operator = `/hooks/${id}/operator`

  async function connected(tenant = anna) {
    const account = await connectAs(tenant, product.newBrowser(), platform())
    return { account, subject: await subjectOf(tenant) }
  }
  const signed = (subject: string, more: Partial<Parameters<Sign>[0]> = {}) =>
    sign({ app: platform().app ?? {}, subject, at: now(), id: newEventId(), ...more })

  it('that is told, well signed, of an access taken away says so of the account, and what to do', async () => {
    const { account, subject } = await connected()
    expect(await send(operator, signed(subject))).toMatchObject({ status: 200, text: '' })
    expect(await statusOf(account)).toMatchObject({
      status: 'revoked',
      reason: 'token_revoked',
      detectedBy: 'callback',
      canPublish: false,
      nextAction: { kind: 'reconnect', message: expect.stringMatching(/[Rr]econnect/) },
    })
  })

  it('is not believed without a good signature', async () => {
    const { account, subject } = await connected()
    const good = signed(subject)
    const app = platform().app ?? {}
    const without = (name: string) => /signature|timestamp/.test(name)
    const bare = Object.fromEntries(Object.entries(good.headers).filter(([name]) => !without(name)))
    const unsigned = Object.fromEntries(
      Object.keys(good.headers).map((name) => [name, without(name) ? 'x' : '']),
    )
    const forged: Signed[] = [
      signed(subject, { app: { ...app, clientSecret: 'guessed', signingSecret: 'guessed' } }),
      signed(subject, { app: { ...app, clientSecret: '', signingSecret: '' } }),
      { ...good, body: good.body.slice(0, -1) },
      { ...good, body: `${good.body}x` },
      { ...good, body: '' },
      // Meta puts the signature into the body.
      ...(sign === byMeta ? [] : [bare, unsigned].map((headers) => ({ ...good, headers }))),
    ]
    for (const each of forged) {
      const { status, code, text } = await send(operator, each)
      expect({ status, code }, `${text} ${each.body}`).toEqual({ status: 401, code: 'unauthorized' })
      expect(text).toMatch(/"nextAction":"\w+ \w+/)
    }
    expect(await statusOf(account)).toMatchObject({ status: 'active' })
  })

  it('is not believed when it was signed at another time, or our clock is wrong', async () => {
    const { account, subject } = await connected()
    for (const off of offs) {
      expect(await send(operator, signed(subject, { at: now() + off }))).toMatchObject({
        status: 401,
        code: 'unauthorized',
      })
      product.setAhead(-off)
      expect(await send(operator, signed(subject))).toMatchObject({ status: 401, code: 'unauthorized' })
      product.setAhead(0)
    }
    expect(await statusOf(account)).toMatchObject({ status: 'active' })
  })

  it('that tells the same again ends no account that was reconnected meanwhile', async () => {
    const { account, subject } = await connected()
    const event = signed(subject)
    expect((await send(operator, event)).status).toBe(200)
    const step = await anna.ok('POST', `/accounts/${account}/reconnect`, { fields: {} })
    await consent(product.newBrowser(), step)
    expect(await statusOf(account)).toMatchObject({ status: 'active' })
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(operator, event)))
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(await statusOf(account)).toMatchObject({ status: 'active' })
    // Something new is believed.
    expect((await send(operator, signed(subject))).status).toBe(200)
    expect(await statusOf(account)).toMatchObject({ status: 'revoked' })
  })

  it('that tells it of somebody else changes nothing here', async () => {
    const { account, subject } = await connected()
    const other = subject.includes('/') ? `T0OTHER/${subject.split('/')[1]}` : '1234509876'
    expect((await send(operator, signed(other))).status).toBe(200)
    expect(await statusOf(account)).toMatchObject({ status: 'active' })
  })

  it('ends only what was obtained with the application that is called, and takes no secret of another', async () => {
    const berta = await product.newTenant('Berta')
    const { own, ref } = await setOwnApplication(berta, platform())
    const hers = await connected(berta)
    const mine = await connected(anna)
    expect(hers.subject).toBe(mine.subject)
    const app = platform().app ?? {}
    const hook = `/hooks/${id}/${ref}`
    // The operator's secret opens nothing of a workspace, nor a workspace's anything of the operator.
    expect(await send(hook, signed(hers.subject, { app }))).toMatchObject({ status: 401 })
    expect(await send(operator, signed(mine.subject, { app: own }))).toMatchObject({ status: 401 })
    for (const [account, tenant] of [
      [hers.account, berta],
      [mine.account, anna],
    ] as const) {
      expect(await statusOf(account, tenant)).toMatchObject({ status: 'active' })
    }
    expect(await send(hook, signed(hers.subject, { app: own }))).toMatchObject({ status: 200 })
    expect(await statusOf(hers.account, berta)).toMatchObject({ status: 'revoked' })
    expect(await statusOf(mine.account)).toMatchObject({ status: 'active' })
    // Nor may one workspace's application be called under the name of another platform.
    const wrong = id === 'slack' ? 'tiktok' : 'slack'
    expect(await send(`/hooks/${wrong}/${ref}`, signed(hers.subject, { app: own }))).toMatchObject({
      status: 404,
      code: 'not_found',
    })
    expect((await send(hook, signed(mine.subject, { app: own }), 'GET')).status).toBeGreaterThanOrEqual(400)
  })
})

it('an address nobody gave out hears nothing, and says so', async () => {
  const { app } = product.platform('slack')
  const event = bySlack({ app: app ?? {}, subject: 'T1/A1', at: now(), id: newEventId() })
  for (const [path, status, code] of [
    ['/hooks/slack/client_00000000000000000000000000', 404, 'not_found'],
    ['/hooks/slack/acct_00000000000000000000000000', 404, 'not_found'],
    ['/hooks/slack/x', 404, 'not_found'],
    // No sandbox runs here, whose secrets everybody knows.
    ['/hooks/slack/sandbox', 404, 'not_found'],
    ['/hooks/x/operator', 404, 'not_found'],
    ['/hooks/nowhere/operator', 400, 'unknown_platform'],
    ['/hooks/__proto__/operator', 400, 'unknown_platform'],
  ] as const) {
    expect(await send(path, event), path).toMatchObject({ status, code })
  }
})

it('more than any platform sends is not read', async () => {
  const body = 'x'.repeat(1024 * 1024 + 1)
  expect(await send('/hooks/slack/operator', { body, headers: {} })).toMatchObject({
    status: 413,
    code: 'payload_too_large',
  })
})

it('a wish to delete everything of a person destroys what was sealed, and tells where to look after it', async () => {
  const facebook = product.platform('facebook')
  const account = await connectAs(anna, product.newBrowser(), facebook)
  const subject = await subjectOf(anna)
  const signed = byMeta({ app: facebook.app ?? {}, subject, at: now(), id: newEventId() })
  const { status, text } = await send('/hooks/facebook/operator?request=data_deletion', signed)
  expect(status).toBe(200)
  const { url, confirmation_code } = JSON.parse(text)
  expect(url).toBe(`${publicUrl}/deletion-requests/${confirmation_code}`)
  const sealed = await product.database.query(
    `select owner_type from credentials where workspace_id = $1 and owner_type in ('grant', 'account')`,
    [anna.scope.workspaceId],
  )
  expect(sealed).toEqual([])
  expect(await statusOf(account)).toMatchObject({ status: 'revoked', platformCode: 'deletion_requested' })
  // Disconnecting what has nothing left is possible still.
  expect(await anna.ok('POST', `/accounts/${account}/disconnect`)).toMatchObject({ status: 'disconnected' })
})
