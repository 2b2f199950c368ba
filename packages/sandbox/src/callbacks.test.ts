import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFacebook } from './facebook/index.js'
import type { PlatformHandle } from './platform-handle.js'
import { type RunningSandbox, startSandbox } from './server.js'
import { createSlack } from './slack/index.js'
import { createTikTok } from './tiktok/index.js'
import { createX } from './x/index.js'

interface Heard {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

const nothing: Heard = { path: '', headers: {}, body: '' }

let application: Server
let origin: string
let heard: Heard[]
/** What the application answers; null: nothing at all. */
let answers: { status: number; headers?: Record<string, string>; body?: string } | null
let running: RunningSandbox

beforeEach(async () => {
  heard = []
  answers = { status: 200 }
  application = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      heard.push({ path: request.url ?? '', headers: request.headers, body })
      if (answers) response.writeHead(answers.status, answers.headers).end(answers.body)
    })
  })
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
})
afterEach(async () => {
  await running.close()
  application.closeAllConnections()
  application.close()
})

type Options = NonNullable<Parameters<typeof startSandbox>[0]>
async function start(options: Options = {}): Promise<void> {
  running = await startSandbox({
    platforms: [createSlack(), createTikTok(), createFacebook(), createX()],
    callbackUrl: (id) => `https://app.example/hooks/${id}`,
    reach: (address) => address.replace('https://app.example', origin),
    ...options,
  })
}

/** Somebody gives our application access. @returns the person's id */
function give({ app, tokens, world }: PlatformHandle, clientId = app?.clientId ?? ''): string {
  const personId = world.people()[0]?.id ?? ''
  tokens.issue({ clientId, personId, scopes: ['one'] })
  return personId
}
const deliveriesOf = (id: string) => running.platform(id).callbacks?.deliveries() ?? []
const tried = (id: string, times: number) =>
  vi.waitFor(() => expect(deliveriesOf(id).map(({ tries }) => tries.length)).toContain(times))
const hmac = (secret: string | undefined, text: string) => createHmac('sha256', secret ?? '').update(text)

describe('when a person takes back access', () => {
  it('Slack tells that the token is no more and that the app is gone, signed with the signing secret', async () => {
    await start()
    const slack = running.platform('slack')
    slack.removeAccess(give(slack))
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    const bodies = heard.map(({ body }) => JSON.parse(body))
    expect(bodies.map(({ event }) => event.type).sort()).toEqual(['app_uninstalled', 'tokens_revoked'])
    expect(new Set(bodies.map(({ event_id }) => event_id)).size).toBe(2)
    for (const { path, headers, body } of heard) {
      expect(path).toBe('/hooks/slack')
      const time = headers['x-slack-request-timestamp']
      expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60)
      const signature = hmac(slack.app?.signingSecret, `v0:${time}:${body}`).digest('hex')
      expect(headers['x-slack-signature']).toBe(`v0=${signature}`)
      expect(headers['x-slack-retry-num']).toBeUndefined()
    }
  })

  it('TikTok says why, signed with the client secret', async () => {
    await start()
    const tiktok = running.platform('tiktok')
    const personId = give(tiktok)
    tiktok.removeAccess(personId)
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    const [{ headers, body } = nothing] = heard
    expect(JSON.parse(body)).toMatchObject({
      client_key: tiktok.app?.clientId,
      event: 'authorization.removed',
      user_openid: personId,
      content: '{"reason":1}',
    })
    const [, time, signature] = /^t=(\d+),s=(\w+)$/.exec(String(headers['tiktok-signature'])) ?? []
    expect(signature).toBe(hmac(tiktok.app?.clientSecret, `${time}.${body}`).digest('hex'))
  })

  it.each([
    ['deleted', 2],
    ['banned', 4],
  ])('TikTok tells of an account that was %s as well', async (condition, reason) => {
    await start()
    const tiktok = running.platform('tiktok')
    tiktok.world.setCondition(give(tiktok), condition)
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    expect(JSON.parse(heard[0]?.body ?? '').content).toBe(JSON.stringify({ reason }))
  })

  it('Meta posts a signed request, and another one where everything shall be deleted', async () => {
    await start()
    const facebook = running.platform('facebook')
    const personId = give(facebook)
    facebook.removeAccess(personId)
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    facebook.wantDeletion(personId)
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(heard.map(({ path }) => path)).toEqual([
      '/hooks/facebook',
      '/hooks/facebook?request=data_deletion',
    ])
    for (const { body } of heard) {
      const [signature, payload = ''] = new URLSearchParams(body).get('signed_request')?.split('.') ?? []
      expect(signature).toBe(hmac(facebook.app?.clientSecret, payload).digest('base64url'))
      expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ user_id: personId })
    }
  })

  it('nobody is told who was given nothing, and by no platform that tells nobody', async () => {
    await start()
    const [slack, x] = [running.platform('slack'), running.platform('x')]
    slack.removeAccess(slack.world.people()[0]?.id ?? '')
    x.removeAccess(give(x))
    expect(deliveriesOf('slack')).toEqual([])
    expect(x.callbacks).toBeNull()
  })

  it('each application is called at its own address, with its own secret', async () => {
    await start()
    const tiktok = running.platform('tiktok')
    const other = { id: 'other', name: 'Other', secrets: ['other-secret'], redirectUris: [] }
    tiktok.tokens.registerClient({ ...other, facts: { callbackUrl: `${origin}/other` } })
    give(tiktok)
    tiktok.removeAccess(give(tiktok, 'other'))
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(heard.map(({ path }) => path).sort()).toEqual(['/hooks/tiktok', '/other'])
    const { headers, body } = heard.find(({ path }) => path === '/other') ?? nothing
    const [, time, signature] = /^t=(\d+),s=(\w+)$/.exec(String(headers['tiktok-signature'])) ?? []
    expect(signature).toBe(hmac('other-secret', `${time}.${body}`).digest('hex'))
  })

  it('what is signed bears the time of the machine, although time has passed in the sandbox', async () => {
    await start()
    running.sandbox.clock.advance(86_400)
    const slack = running.platform('slack')
    slack.removeAccess(give(slack))
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(Number(heard[0]?.headers['x-slack-request-timestamp'])).toBeLessThan(Date.now() / 1000 + 60)
  })
})

describe('an application that does not answer well', () => {
  it('is told again by Slack at once, after one minute and after five, with the reason, and then no more', async () => {
    await start()
    answers = { status: 503, body: 'Not now.' }
    const slack = running.platform('slack')
    slack.removeAccess(give(slack))
    await tried('slack', 2)
    const [first] = deliveriesOf('slack')
    expect(first?.tries).toMatchObject([
      { status: 503, answer: 'Not now.' },
      { status: 503, answer: 'Not now.' },
    ])
    running.sandbox.clock.advance(59)
    expect(deliveriesOf('slack')[0]?.tries).toHaveLength(2)
    running.sandbox.clock.advance(1)
    await tried('slack', 3)
    running.sandbox.clock.advance(300)
    await tried('slack', 4)
    expect(deliveriesOf('slack')[0]?.nextTryAt).toBeNull()
    running.sandbox.clock.advance(86_400)
    const ofOne = heard.filter(({ body }) => body.includes('app_uninstalled'))
    expect(ofOne.map(({ headers }) => headers['x-slack-retry-num'])).toEqual([undefined, '1', '2', '3'])
    expect(ofOne[1]?.headers['x-slack-retry-reason']).toBe('http_error')
    expect(new Set(ofOne.map(({ body }) => body)).size).toBe(1)
  })

  it('is left alone by Slack where it says so', async () => {
    await start()
    answers = { status: 500, headers: { 'x-slack-no-retry': '1' } }
    const slack = running.platform('slack')
    slack.removeAccess(give(slack))
    await tried('slack', 1)
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(deliveriesOf('slack').map(({ nextTryAt }) => nextTryAt)).toEqual([null, null])
  })

  it('is told again by TikTok for 72 hours, ever more seldom, until it says 200', async () => {
    await start()
    answers = { status: 204 }
    const tiktok = running.platform('tiktok')
    tiktok.removeAccess(give(tiktok))
    await tried('tiktok', 1)
    const waits = tiktok.platform.callbacks?.retryAfterSeconds ?? []
    expect(waits.slice(0, 4)).toEqual([60, 120, 240, 480])
    const sum = waits.reduce((all, wait) => all + wait, 0)
    expect(sum).toBeLessThanOrEqual(72 * 3600)
    expect(sum).toBeGreaterThan(36 * 3600)
    running.sandbox.clock.advance(60)
    await tried('tiktok', 2)
    answers = { status: 200 }
    running.sandbox.clock.advance(120)
    await tried('tiktok', 3)
    expect(deliveriesOf('tiktok')[0]?.nextTryAt).toBeNull()
  })

  it('is told once by Meta', async () => {
    await start()
    answers = { status: 500 }
    const facebook = running.platform('facebook')
    facebook.removeAccess(give(facebook))
    await tried('facebook', 1)
    expect(deliveriesOf('facebook')).toMatchObject([{ tries: [{ status: 500 }], nextTryAt: null }])
  })

  it('and is not there is said to be so', async () => {
    await start({ reach: (address) => address.replace('https://app.example', 'http://127.0.0.1:9') })
    const tiktok = running.platform('tiktok')
    tiktok.removeAccess(give(tiktok))
    await tried('tiktok', 1)
    expect(deliveriesOf('tiktok')[0]?.tries).toMatchObject([
      { status: null, answer: 'The connection failed.' },
    ])
  })
})

describe('nothing leaves this machine', () => {
  it('when an address lies elsewhere', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    await start({ reach: (address) => address })
    const facebook = running.platform('facebook')
    facebook.removeAccess(give(facebook))
    await tried('facebook', 1)
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
    expect(deliveriesOf('facebook')[0]).toMatchObject({
      url: 'https://app.example/hooks/facebook',
      tries: [{ status: null, answer: 'Nobody answers there on this machine.' }],
    })
  })

  it('nor when no address is configured', async () => {
    await start({ callbackUrl: () => null })
    const facebook = running.platform('facebook')
    facebook.removeAccess(give(facebook))
    expect(deliveriesOf('facebook')).toMatchObject([{ event: 'deauthorize', url: null, tries: [] }])
    const page = await (await fetch(`${facebook.base}/_sandbox`)).text()
    expect(page).toContain('No callback address is configured')
  })
})
