import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { localKeyProvider, parseKeyRing } from '@postmcp/core'
import { approve, deny, type PlatformHandle, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { openInstallation } from '../src/index.js'
import { type Answer, type Client, clientOfServer } from './support/client.js'
import { copyAllTables } from './support/copy-tables.js'
import { noHome, tempFolder } from './support/folder.js'
import { quickTimings } from './support/installation.js'
import { killAll, type ProductProcess, startServer } from './support/processes.js'
import { filesIn, type Search, type Secret, searchFor, textSecret } from './support/secrets.js'
import { type AuthorizeStep, operatorEnv, publicUrl } from './support/simulated.js'
import { hiddenOf, type Page, Visitor } from './support/visitor.js'

// As canary.e2e.test.ts, which does it for Bluesky's app passwords, for all platforms that are simulated: nothing secret is found
// anywhere. Bluesky is connected by OAuth here, as a client that is known by its documents and signs with a key.

const platforms = [
  'bluesky',
  'mastodon',
  'youtube',
  'slack',
  'discord',
  'telegram',
  'instagram',
  'facebook',
  'threads',
  'tiktok',
  'linkedin',
  'x',
  'pinterest',
]

let sandbox: RunningSandbox
let folder: Awaited<ReturnType<typeof tempFolder>>
let server: ProductProcess
let client: Client
let apiKey: string
const secrets = new Map<string, Secret>()
/** Secrets that some answers are meant to hold: they are let go of there, and only there. */
const waysOf = new Set<string>()
/** What was said to whom, by where. */
const said: { where: string; text: string }[] = []
const seen = { output: '', tables: new Map<string, Buffer>() }
let search: Search
let openedTokens = ''

/** From now on this must be found nowhere. */
function note(name: string, value: string | null | undefined) {
  if (value === null || value === undefined || secrets.has(value)) return
  if (value.length < 12) throw new Error(`${name} is too short to be told from chance: ${value}`)
  secrets.set(value, textSecret(`${name} #${secrets.size}`, value))
}

/** The private parts of keys in a text; JSON in JSON is escaped. */
function noteKeys(name: string, text: string) {
  for (const [, key] of text.matchAll(/"d\\*":\\*"([\w-]{43})\\*"/g)) note(name, key)
}

/** All that a platform gives out, and all verifiers it is shown, as they pass. */
function listen({ id, tokens, app, furtherApps }: PlatformHandle) {
  const noteIssued = <T extends { accessToken: string; refreshToken: string | null }>(issued: T): T => {
    note(`${id} access token`, issued.accessToken)
    note(`${id} refresh token`, issued.refreshToken)
    return issued
  }
  const { createCode, exchangeCode, refresh, issue, issueAccessToken, registerClient } = tokens
  tokens.createCode = (...args) => {
    const code = createCode.apply(tokens, args)
    note(`${id} code`, code)
    return code
  }
  tokens.exchangeCode = (exchange) => {
    note(`${id} verifier`, exchange.codeVerifier)
    return noteIssued(exchangeCode.call(tokens, exchange))
  }
  tokens.refresh = (request) => noteIssued(refresh.call(tokens, request))
  tokens.issue = (request) => noteIssued(issue.call(tokens, request))
  tokens.issueAccessToken = (...args) => {
    const issued = issueAccessToken.apply(tokens, args)
    note(`${id} further token`, issued.token)
    return issued
  }
  tokens.registerClient = (...args) => {
    const registered = registerClient.apply(tokens, args)
    for (const secret of registered.secrets) note(`${id} registered secret`, secret)
    return registered
  }
  for (const [name, value] of Object.entries(app ?? {})) if (name !== 'clientId') note(`${id} ${name}`, value)
  for (const [way, further] of Object.entries(furtherApps)) {
    for (const [name, value] of Object.entries(further)) {
      if (name !== 'clientId') note(`${id} ${way} ${name}`, value)
    }
  }
}

beforeAll(async () => {
  sandbox = await startSandbox({
    seed: randomBytes(8).toString('hex'),
    redirectUris: [`${publicUrl}/accounts/oauth/callback`],
    // The documents that describe us are read from the server itself.
    reach: (address) => address.replace(publicUrl, server.url ?? ''),
  })
  const handles = platforms.map((id) => sandbox.platform(id))
  handles.forEach(listen)
  folder = await tempFolder()
  const dataDir = `${folder.path}/data`
  const env = {
    ...quickTimings,
    ...operatorEnv(handles),
    POSTMCP_PUBLIC_URL: publicUrl,
    POSTMCP_SANDBOX: 'off',
    POSTMCP_DATA_DIR: dataDir,
    POSTMCP_LOG_LEVEL: 'trace',
  }
  server = await startServer('all', env)
  apiKey = (await readFile(join(dataDir, 'api-key'), 'utf8')).trim()
  note('API key', apiKey.slice(-32))
  client = listenedTo(clientOfServer(server.url ?? '', apiKey))
  for (const handle of handles) await useEverything(handle)
  await ownApplication()
  await documents()
  await callbackErrors()
  await commandLine()
  expect(await server.end()).toEqual({ code: 0, signal: null })
  seen.output = server.output()
  await readBack(env, dataDir)
  search = searchFor([...secrets.values()])
}, 170_000)
afterAll(async () => {
  await killAll()
  await sandbox?.close()
  await folder?.remove()
})

/** Keeps what the API says, without the addresses that are meant to be secret to whoever asked for them. */
function listenedTo(plain: Client): Client {
  const call: Client['call'] = async (method, path, body, options) => {
    const answer = await plain.call(method, path, body, options)
    keepAnswer(`${method} ${path.split('?')[0]}`, answer)
    return answer
  }
  return {
    call,
    async ok(...args) {
      const answer = await call(...args)
      expect(answer.status, `${args[0]} ${args[1]}: ${answer.text}`).toBeLessThan(300)
      return answer.body
    },
  }
}

function keepAnswer(where: string, { text, headers, body }: Answer) {
  const step = body?.type === 'authorize' ? body : body?.step?.type === 'authorize' ? body.step : null
  let shown = `${text}\n${JSON.stringify([...headers])}`
  if (step) {
    noteWay(step)
    for (const address of [step.authorizationUrl, step.startUrl]) {
      shown = shown.replaceAll(JSON.stringify(address), '""')
    }
  }
  said.push({ where, text: shown })
}

function noteWay({ authorizationUrl, startUrl }: AuthorizeStep) {
  const startToken = startUrl.slice(startUrl.lastIndexOf('/') + 1)
  note('state', new URL(authorizationUrl).searchParams.get('state'))
  note('start token', startToken)
  waysOf.add(startToken)
}

/** A browser whose pages are kept, without the token of their own form, their own address and the cookies they set. */
function newBrowser(): Visitor {
  const send = async (url: string, init: RequestInit) => {
    const answer = await fetch(url.replace(publicUrl, server.url ?? ''), init)
    const html = await answer.clone().text()
    const page = { html } as Page
    let shown = html
    for (const token of Object.values(hiddenOf(page))) {
      note('form token', token)
      shown = shown.replaceAll(`value="${token}"`, '')
    }
    shown = shown.replace(/action="[^"]*\/start\/[^"]*"/, '')
    // What the platform gave as its reason is told to the browser that brought it, and to nobody else.
    for (const name of ['error', 'error_description']) {
      shown = shown.replaceAll(new URL(url).searchParams.get(name) || '\0', '')
    }
    const headers = [...answer.headers].filter(([name]) => name !== 'set-cookie' && name !== 'location')
    for (const line of answer.headers.getSetCookie()) note('cookie', /^[^=]+=([^;]+)/.exec(line)?.[1])
    said.push({
      where: `page ${answer.status} ${new URL(url).pathname.replace(/[^/]{20,}/, '…')}`,
      text: `${shown}\n${JSON.stringify(headers)}`,
    })
    return answer
  }
  return new Visitor(send)
}

/** All that happens between a platform and us, good and bad. */
async function useEverything(platform: PlatformHandle) {
  const { id, world, tokens, badDays } = platform
  const personId = world.people()[0]?.id ?? ''
  const account = id === 'telegram' ? await connectBot(platform) : await connectInBrowser(platform, personId)
  const live = () => client.ok('GET', `/accounts/${account}/status?freshness=live`)
  expect(await live(), id).toMatchObject({ status: 'active' })
  badDays.failNext('server_error', 2)
  await live()
  badDays.failNext('garbage', 2)
  await live()
  badDays.heal()
  tokens.expireAccessTokens()
  await live()
  if (platform.platform.revokeAccess) platform.platform.revokeAccess(platform.kit, personId)
  else tokens.revokePerson(personId)
  expect(await live(), id).toMatchObject({ canPublish: false })
  if (id === 'bluesky') await beginWith(platform)
  for (const path of [`/accounts/${account}`, `/accounts/${account}/history`, `/platforms/${id}`]) {
    await client.ok('GET', path)
  }
  await client.ok('GET', `/doctor?platform=${id}`)
  await client.ok('POST', `/accounts/${account}/disconnect`)
  // What lives is what must be sealed.
  if (id === 'telegram') await connectBot(platform)
  else await connectInBrowser(platform, personId)
  for (const way of Object.keys(platform.furtherApps)) await connectByWay(platform, way, personId)
}

/** By another way than the first, with all targets that brings, and a look at what could be added. */
async function connectByWay(platform: PlatformHandle, way: string, personId: string) {
  const step: AuthorizeStep = await client.ok('POST', '/accounts/connect', {
    platform: platform.id,
    way,
    fields: platform.connectFields(),
  })
  const browser = newBrowser()
  const { location } = await browser.submit(await browser.open(step.startUrl))
  await browser.open(await approve(location ?? '', { personId }))
  const account = await finish({ ...step })
  await client.ok('POST', `/accounts/${account}/add`, {})
}

async function connectBot(platform: PlatformHandle): Promise<string> {
  const fields = platform.connectFields()
  for (const [name, value] of Object.entries(fields))
    if (/token/i.test(name)) note('telegram bot token', value)
  await client.call('POST', '/accounts/connect', {
    platform: 'telegram',
    fields: { ...fields, botToken: 'wrong' },
  })
  await client.call('POST', '/accounts/connect', {
    platform: 'telegram',
    fields: { instance: fields.botToken },
  })
  const step = await client.ok('POST', '/accounts/connect', { platform: 'telegram', fields })
  return finish(step)
}

async function finish(step: { type: string; connectionId: string }): Promise<string> {
  const { step: next, state, failureReason } = await client.ok('GET', `/connections/${step.connectionId}`)
  if (next?.type === 'connected') return next.accounts[0].id
  if (next?.type !== 'select_targets') throw new Error(`The connection is ${state}, ${failureReason}.`)
  const targetIds = next.targets.map(({ targetId }: { targetId: string }) => targetId)
  await client.call('POST', `/connections/${step.connectionId}`, { refreshTargets: true })
  await client.call('POST', `/connections/${step.connectionId}`, { targetIds: ['made-up'] })
  const done = await client.ok('POST', `/connections/${step.connectionId}`, { targetIds })
  return done.accounts[0].id
}

/** A connection that leads to a browser; nobody has to go there. */
function beginWith(platform: PlatformHandle): Promise<AuthorizeStep> {
  const { appPassword: _, ...fields } = platform.connectFields()
  return client.ok('POST', '/accounts/connect', { platform: platform.id, method: 'oauth2', fields })
}

async function connectInBrowser(platform: PlatformHandle, personId: string): Promise<string> {
  const { badDays } = platform
  const begin = () => beginWith(platform)
  const goOn = async (browser: Visitor, { startUrl }: AuthorizeStep) =>
    (await browser.submit(await browser.open(startUrl))).location ?? ''

  // Denied; refused by the platform; answered with what is none; used twice; with the parts of others.
  const denied = newBrowser()
  await denied.open(await deny(await goOn(denied, await begin())))
  for (const fault of ['server_error', 'garbage', 'lost_answer'] as const) {
    const browser = newBrowser()
    const back = await approve(await goOn(browser, await begin()), { personId })
    badDays.failNext(fault, 3)
    await browser.open(back)
    badDays.heal()
    await browser.open(back)
  }
  const wrong = newBrowser()
  const spoilt = new URL(await approve(await goOn(wrong, await begin()), { personId }))
  const code = spoilt.searchParams.get('code') ?? ''
  spoilt.searchParams.set('code', `${code}x`)
  await wrong.open(spoilt.href)
  spoilt.searchParams.set('error', code)
  spoilt.searchParams.set('error_description', code)
  await wrong.open(spoilt.href)

  // In another browser: asked, forged, declined.
  const other = newBrowser()
  const asked = await other.open(await approve((await begin()).authorizationUrl, { personId }))
  await other.post(
    `${publicUrl}/accounts/oauth/confirm`,
    new URLSearchParams({ token: 'x', answer: 'confirm' }),
  )
  await other.submit(asked, { answer: 'decline' })

  const browser = newBrowser()
  const step = await begin()
  await client.ok('GET', `/connections/${step.connectionId}`)
  const back = await approve(await goOn(browser, step), { personId })
  await browser.open(back)
  await browser.open(back)
  await browser.open(step.startUrl)
  await client.call('POST', `/connections/${step.connectionId}`, { callbackUrl: back })
  return finish({ ...step, type: 'authorize' })
}

/** What everybody may read of how we are known. */
async function documents() {
  for (const name of ['client-metadata.json', 'jwks.json', 'private.json', '__proto__']) {
    await client.call('GET', `/oauth/bluesky/${name}`, undefined, { key: null })
  }
}

/** Everything with which a browser can come back in vain, each with a code that is good and must not be repeated. */
async function callbackErrors() {
  const platform = sandbox.platform('mastodon')
  const callback = `${publicUrl}/accounts/oauth/callback`
  const comeBack = async (change: (back: URL) => void) => {
    const browser = newBrowser()
    const { location } = await browser.submit(await browser.open((await beginWith(platform)).startUrl))
    const back = new URL(await approve(location ?? ''))
    note('state', back.searchParams.get('state'))
    change(back)
    await browser.open(back.href)
  }
  const code = (back: URL) => back.searchParams.get('code') ?? ''
  await comeBack(({ searchParams }) => searchParams.append('state', 'another'))
  await comeBack(({ searchParams }) => searchParams.delete('state'))
  await comeBack(({ searchParams }) => searchParams.set('state', 'unknown'))
  await comeBack(({ searchParams }) => searchParams.append('code', 'another'))
  await comeBack(({ searchParams }) => searchParams.set('iss', 'https://elsewhere.example'))
  await comeBack(({ searchParams }) => searchParams.set('server', 'another'))
  await comeBack(({ searchParams }) => searchParams.delete('code'))
  await comeBack((back) => back.searchParams.set('error', code(back)))
  await comeBack((back) => {
    back.searchParams.set('error', 'server_error')
    back.searchParams.set('error_description', `${code(back)} ${back.searchParams.get('state')}`)
  })
  await comeBack((back) => {
    back.searchParams.set('state', code(back))
    back.searchParams.delete('code')
  })
  const browser = newBrowser()
  for (const query of ['', '?', '?code=a&state=b', '?error=access_denied', '?state=%00&code=%00']) {
    await browser.open(`${callback}${query}`)
  }
  await browser.post(`${callback}?code=a&state=b`, new URLSearchParams({ code: 'a' }))
}

/** An application of the workspace's own, good for nothing. */
async function ownApplication() {
  for (const id of platforms) {
    const { app } = sandbox.platform(id)
    if (!app) continue
    const entries = Object.keys(app).map((name) => [
      name,
      `own-${id}-${name}-${randomBytes(16).toString('hex')}`,
    ])
    const fields: Record<string, string> = Object.fromEntries(entries)
    for (const [name, value] of Object.entries(fields))
      if (name !== 'clientId') note(`${id} own ${name}`, value)
    await client.ok('PUT', `/platforms/${id}/client`, { fields })
    await client.ok('GET', `/platforms/${id}/client`)
    await client.ok('GET', `/doctor?platform=${id}`)
    await client.call('PUT', `/platforms/${id}/client`, {
      fields: { ...fields, clientId: '', more: fields.clientSecret },
    })
    await client.ok('DELETE', `/platforms/${id}/client`)
  }
}

/** What the command line prints of all this. */
async function commandLine() {
  const entry = fileURLToPath(new URL('../../cli/bin/run.js', import.meta.url))
  const run = (...args: string[]) =>
    new Promise<void>((resolve) => {
      const env = {
        PATH: process.env.PATH ?? '',
        HOME: noHome,
        POSTMCP_API_URL: server.url ?? '',
        POSTMCP_API_KEY: apiKey,
      }
      execFile(process.execPath, [entry, ...args], { env }, (_, stdout, stderr) => {
        let text = `${stdout}\n${stderr}`
        for (const [, address = ''] of text.matchAll(
          /(https?:\/\/[^\s"]*(?:\/start\/|[?&]state=)[^\s"]*)/g,
        )) {
          const { pathname, searchParams } = new URL(address)
          note('state', searchParams.get('state'))
          if (pathname.includes('/start/')) note('start token', pathname.slice(pathname.lastIndexOf('/') + 1))
          text = text.replaceAll(address, '')
        }
        said.push({ where: `postmcp ${args.join(' ')}`, text })
        resolve()
      })
    })
  await run('accounts', 'list', '--json')
  await run('accounts', 'list')
  await run('accounts', 'status', '--all', '--json')
  await run('platforms', 'show', 'slack')
  await run('accounts', 'connect', '--platform', 'x', '--json')
  await run('accounts', 'connect', '--platform', 'facebook')
  await run('accounts', 'list', '--verbose', '--nonsense')
}

/** All tables by COPY, and what is sealed, with the server gone. */
async function readBack(env: Record<string, string>, dataDir: string) {
  const installation = await openInstallation(env, { logLevel: 'silent' })
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') })
  const database = new pg.Client({ connectionString: postgres.connectionString })
  await database.connect()
  try {
    const { core, owner } = installation
    const box = await core.vault.unlock(owner.workspaceId)
    const { rows } = await database.query('select owner_type, owner_id, field, sealed from credentials')
    for (const { owner_type, owner_id, field, sealed } of rows) {
      const opened = box.open({ type: owner_type, id: owner_id, field }, sealed)
      noteKeys(`DPoP key of a ${owner_type}`, opened)
      openedTokens += `${opened}\n`
    }
    const systemBox = await core.vault.unlock('system')
    const { rows: kept } = await database.query('select name, sealed from system_secrets')
    for (const { name, sealed } of kept) {
      const opened = systemBox.open({ type: 'system', id: name, field: 'private_jwk' }, sealed)
      noteKeys('signing key', opened)
      openedTokens += `${opened}\n`
    }
    const ring = parseKeyRing(await readFile(join(dataDir, 'keyring.json'), 'utf8'), 'the key ring')
    const provider = localKeyProvider(ring)
    const keys = await database.query('select id, key_scope, kek_id, wrapped from data_keys')
    for (const { id, key_scope, kek_id, wrapped } of keys.rows) {
      const value = await provider.unwrap(kek_id, wrapped, ['data-key', key_scope, id])
      if (value) secrets.set(id, { name: id, value })
    }
    seen.tables = await copyAllTables(database)
    await database.query('checkpoint')
  } finally {
    await database.end()
    await installation.close()
    await postgres.release()
  }
}

/** Short-lived tokens are changed for longer ones where there are such. */
const tokensOf = (id: string) => new RegExp(`^${id} (access|further) token$`)

const kinds = () => [...new Set([...secrets.values()].map(({ name }) => name.replace(/ #\d+$/, '')))]

describe('the search itself', () => {
  it('looks for everything of every platform', () => {
    const withCode = platforms.filter((id) => id !== 'telegram')
    expect(kinds()).toEqual(
      expect.arrayContaining([
        ...withCode.flatMap((id) => [`${id} code`, `${id} access token`]),
        ...['x', 'youtube', 'tiktok', 'pinterest', 'discord'].map((id) => `${id} refresh token`),
        ...['x', 'mastodon'].map((id) => `${id} verifier`),
        'facebook further token',
        'instagram further token',
        'instagram facebook_login clientSecret',
        'mastodon registered secret',
        'slack clientSecret',
        'slack signingSecret',
        'discord botToken',
        'slack own signingSecret',
        'discord own botToken',
        ...['bluesky access token', 'bluesky refresh token', 'bluesky verifier'],
        ...['signing key', 'DPoP key of a grant', 'DPoP key of a connection'],
        ...['state', 'start token', 'form token', 'cookie', 'API key'],
      ]),
    )
    expect(kinds()).toContainEqual(expect.stringMatching(tokensOf('telegram')))
    expect(secrets.size).toBeGreaterThan(300)
    expect(waysOf.size).toBeGreaterThan(50)
  })

  it('finds them where they are: opened, and in the answers that are meant to hold them', () => {
    const found = search.in(openedTokens).map((name) => name.replace(/ #\d+$/, ''))
    for (const id of platforms) expect(found).toContainEqual(expect.stringMatching(tokensOf(id)))
    expect(found).toEqual(
      expect.arrayContaining([
        ...['mastodon registered secret', 'youtube refresh token', 'bluesky refresh token'],
        ...['signing key', 'DPoP key of a grant', 'DPoP key of a connection'],
      ]),
    )
    // The connections the command line began, which nobody went on with.
    expect(found).toEqual(expect.arrayContaining(['state', 'start token']))
  })

  it('has everything to look at: every table, the log, pages of every outcome', () => {
    expect([...seen.tables.keys()]).toEqual(
      expect.arrayContaining([
        'public.credentials',
        'public.connections',
        'public.oauth_clients',
        'pgboss.job',
      ]),
    )
    for (const id of platforms) expect(seen.tables.get('public.grants')?.toString()).toContain(id)
    expect(seen.output).toContain('"level":20')
    const statuses = said.flatMap(({ where }) => /^page (\d+)/.exec(where)?.[1] ?? [])
    expect([...new Set(statuses)]).toEqual(
      expect.arrayContaining(['200', '303', '400', '409', '422', '502', '503']),
    )
    const printed = said.filter(({ where }) => where.startsWith('postmcp '))
    expect(printed.map(({ text }) => text.length > 20)).toEqual(printed.map(() => true))
    expect(printed.find(({ where }) => where.includes('list --json'))?.text).toContain('mastodon')
  })
})

/** Where something was found, and what. */
const findIn = (places: Iterable<[place: string, content: Buffer | string]>) =>
  [...places]
    .map(([place, content]) => ({ place, found: search.in(content) }))
    .filter(({ found }) => found.length > 0)

describe('secrets, tokens, codes, states, verifiers, form tokens, cookies and keys are found nowhere', () => {
  it('in any table of any schema, pg-boss included', () => {
    expect(findIn(seen.tables)).toEqual([])
  })

  it('in the raw files of the data directory, but for the two that are theirs', async () => {
    let size = 0
    for await (const { path, bytes } of filesIn(`${folder.path}/data`)) {
      size += bytes.length
      const found = search.in(bytes)
      if (path.endsWith('/data/api-key')) expect(found).toEqual([expect.stringMatching(/^API key/)])
      else expect([path, found]).toEqual([path, []])
    }
    expect(size).toBeGreaterThan(10_000_000)
  })

  it('in the log at its most verbose, or in anything else the server wrote', () => {
    expect(findIn(seen.output.split('\n').map((line) => [line, line]))).toEqual([])
  })

  it('in any answer of the API, page, header or error text, but for the ones that are meant to hold them', () => {
    expect(
      findIn(
        said
          .filter(({ where }) => !where.startsWith('postmcp '))
          .map(({ where, text }) => [`${where}: ${text.slice(0, 2000)}`, text]),
      ),
    ).toEqual([])
  })

  it('in anything the command line prints', () => {
    expect(
      findIn(
        said.filter(({ where }) => where.startsWith('postmcp ')).map(({ where, text }) => [where, text]),
      ),
    ).toEqual([])
  })
})
