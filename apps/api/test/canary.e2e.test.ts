import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localKeyProvider, parseKeyRing } from '@postmcp/core'
import { type ProxiedTestPds, startTestPds, type TestAccount } from '@postmcp/tooling/test-servers/pds'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { openInstallation } from '../src/index.js'
import { type Answer, type CallOptions, type Client, clientOfServer } from './support/client.js'
import { copyAllTables } from './support/copy-tables.js'
import { tempFolder } from './support/folder.js'
import { png } from './support/images.js'
import { platformEnv, quickTimings } from './support/installation.js'
import { killAll, startServer } from './support/processes.js'
import { type Recorder, startRecorder } from './support/recorder.js'
import { filesIn, type Search, type Secret, searchFor, textSecret, tokenSecret } from './support/secrets.js'
import { until } from './support/until.js'

let pds: ProxiedTestPds
let recorder: Recorder
let anna: TestAccount
let folder: Awaited<ReturnType<typeof tempFolder>>
let search: Search
let secrets: Secret[]
/** What is read back, by where it came from. */
const seen = { output: '', tables: new Map<string, Buffer>() }
const answers: { what: string; answer: Answer }[] = []
const planted = `planted-${randomBytes(16).toString('hex')}`

const routesCalled = new Set<string>()
let routes: string[]

/** The route of the document that an address belongs to. */
const routeOf = (method: string, path: string): string | undefined => {
  const fits = (route: string) =>
    new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`).test(`${method} ${path.split('?')[0]}`)
  return routes.find((route) => !route.includes('{') && fits(route)) ?? routes.find(fits)
}

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  recorder = await startRecorder(pds.directUrl)
  folder = await tempFolder()
  anna = await livingAtRecorder(await pds.createAccount())
  const dataDir = `${folder.path}/data`
  const env = {
    ...quickTimings,
    ...platformEnv(pds),
    POSTMCP_ALLOW_ORIGINS: [pds.url, pds.plcUrl, recorder.url].join(','),
    POSTMCP_DATA_DIR: dataDir,
    POSTMCP_LOG_LEVEL: 'trace',
  }
  secrets = [
    ...(await useEverything(env)),
    ...[...recorder.tokens].map((jwt, i) => tokenSecret(`token ${i}`, jwt)),
  ]
  await readBack(env, dataDir)
  search = searchFor(secrets)
}, 120_000)
afterAll(async () => {
  await killAll()
  await recorder?.close()
  await pds?.close()
  await folder?.remove()
})

/** The directory names the recorder as the server of the account, so that the product calls through it. */
async function livingAtRecorder(account: TestAccount): Promise<TestAccount> {
  const answer = await fetch(`${pds.directPlcUrl}/${account.did}`)
  const body = (await answer.text()).replaceAll(pds.url, recorder.url)
  pds.plcProxy.respond(
    { path: `/${account.did}` },
    { status: 200, headers: { 'content-type': 'application/json' }, body },
    { times: Number.POSITIVE_INFINITY },
  )
  return account
}

/** Everything the product does with secrets, good and bad, through a server of its own. @returns what must be found nowhere */
async function useEverything(env: Record<string, string>): Promise<Secret[]> {
  const server = await startServer('all', env)
  const apiKey = (await readFile(join(env.POSTMCP_DATA_DIR ?? '', 'api-key'), 'utf8')).trim()
  const plain = clientOfServer(server.url ?? '', apiKey)
  routes = Object.entries((await plain.call('GET', '/openapi.json')).body.paths).flatMap(([path, item]) =>
    Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  async function call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
    const answer = await plain.call(method, path, body, options)
    answers.push({ what: `${method} ${path}`, answer })
    routesCalled.add(routeOf(method, path) ?? path)
    return answer
  }
  const ok: Client['ok'] = async (...args) => {
    const answer = await call(...args)
    expect(answer.status, answer.text).toBeLessThan(300)
    return answer.body
  }

  const good = (await pds.createAppPassword(anna)).password
  const second = (await pds.createAppPassword(anna)).password
  const wrong = 'zzzz-yyyy-xxxx-wwww'
  const fields = { identifier: anna.handle, appPassword: good }

  // Connecting, and everything that is refused on the way.
  const { connectionId } = await ok('POST', '/accounts/connect', {
    platform: 'bluesky',
    fields: { identifier: anna.handle },
  })
  await ok('GET', `/connections/${connectionId}`)
  for (const appPassword of [wrong, anna.password]) {
    const refused = await call('POST', '/accounts/connect', {
      platform: 'bluesky',
      fields: { ...fields, appPassword },
    })
    expect(refused.status).toBe(422)
  }
  for (const misplaced of [
    { identifier: good, appPassword: good },
    { ...fields, service: good },
    { ...fields, service: `https://${good}` },
  ]) {
    expect(
      (await call('POST', '/accounts/connect', { platform: 'bluesky', fields: misplaced })).status,
    ).toBeGreaterThan(399)
  }
  recorder.repeatBack('createSession')
  expect((await call('POST', '/accounts/connect', { platform: 'bluesky', fields })).status).toBeGreaterThan(
    399,
  )
  recorder.repeatBack('getSession')
  expect((await call('POST', '/accounts/connect', { platform: 'bluesky', fields })).status).toBeGreaterThan(
    399,
  )
  recorder.repeatBack(undefined)
  const step = await ok('POST', `/connections/${connectionId}`, { fields })
  const accountId = step.accounts[0].id
  await ok('GET', `/connections/${connectionId}`)
  expect(
    (await call('POST', '/accounts/connect', { platform: 'bluesky', fields }, { idempotencyKey: 'canary' }))
      .status,
  ).toBe(200)
  const reused = { platform: 'bluesky', fields: { ...fields, appPassword: second } }
  expect((await call('POST', '/accounts/connect', reused, { idempotencyKey: 'canary' })).body.code).toBe(
    'idempotency_key_reused',
  )

  // Refreshes, good and refused.
  const live = () => ok('GET', `/accounts/${accountId}/status?freshness=live`)
  expect(await live()).toMatchObject({ status: 'active', check: { source: 'live' } })
  recorder.repeatBack('refreshSession')
  expect(await live()).toMatchObject({ status: 'active', check: { source: 'failed' } })
  recorder.repeatBack(undefined)
  expect(await live()).toMatchObject({ status: 'active', check: { source: 'live' } })

  // Publishing, good and refused.
  const media = await ok('POST', '/media?fileName=canary.png', undefined, {
    raw: { type: 'application/octet-stream', content: png(8, 8) },
  })
  await ok('GET', `/media/${media.id}`)
  const unused = await ok('POST', '/media', undefined, {
    raw: { type: 'application/octet-stream', content: png(2, 2) },
  })
  await ok('DELETE', `/media/${unused.id}`)
  const inside = `http://127.0.0.1:1/${good}`
  expect((await call('POST', '/media/fetch', { url: inside })).body.code).toBe('address_not_allowed')
  const draft = {
    content: { text: 'canary', media: [{ mediaId: media.id, altText: 'noise' }] },
    targets: [{ accountId }],
  }
  await ok('POST', '/post-groups/validate', draft)
  const kept = await ok('POST', '/post-groups', { ...draft, draft: true })
  await ok('PATCH', `/post-groups/${kept.id}`, { version: 1, graceSeconds: 600 })
  await ok('POST', `/post-groups/${kept.id}/cancel`)
  const group = await ok('POST', '/post-groups', draft)
  const postOf = (created: typeof group) => ok('GET', `/posts/${created.posts[0].id}`)
  await until('it is published', async () => (await postOf(group)).state === 'published')
  recorder.repeatBack('putRecord')
  const refused = await ok('POST', '/post-groups', draft)
  await until('it has failed', async () => (await postOf(refused)).state === 'failed')
  recorder.repeatBack('uploadBlob')
  await ok('POST', `/post-groups/${refused.id}/retry`)
  await until('it has failed again', async () => (await postOf(refused)).state === 'failed')
  recorder.repeatBack('deleteRecord')
  expect((await call('DELETE', `/posts/${group.posts[0].id}`)).status).toBeGreaterThan(399)
  recorder.repeatBack(undefined)
  await ok('DELETE', `/posts/${group.posts[0].id}`)
  await ok('POST', `/post-groups/${refused.id}/cancel`)
  expect((await call('POST', `/posts/${refused.posts[0].id}/resolve`, { as: 'failed' })).status).toBe(409)
  for (const path of [
    '/post-groups',
    `/post-groups/${group.id}`,
    '/accounts',
    `/accounts/${accountId}`,
    `/accounts/${accountId}/history`,
  ]) {
    await ok('GET', path)
  }

  // Reconnecting, disconnecting.
  await ok('POST', `/accounts/${accountId}/reconnect`, { fields: { appPassword: second } })
  await live()
  expect(await ok('POST', `/accounts/${accountId}/add`, {})).toMatchObject({ type: 'select_targets' })
  await ok('POST', `/accounts/${accountId}/disconnect`)
  await ok('POST', '/accounts/connect', { platform: 'bluesky', fields })

  // An application of the workspace's own.
  const clientSecret = `client-${randomBytes(24).toString('hex')}`
  await ok('PUT', '/platforms/x/client', { fields: { clientId: 'canary', clientSecret } })
  await ok('GET', '/platforms/x/client')
  await ok('DELETE', '/platforms/x/client')
  await ok('GET', '/doctor')

  // Keys, and what people put where it does not belong.
  const newKey = await plain.ok('POST', '/api-keys', { name: 'second' })
  routesCalled.add('POST /api-keys')
  await ok('GET', '/api-keys')
  await ok('DELETE', `/api-keys/${newKey.id}`)
  expect((await call('GET', '/workspace', undefined, { key: newKey.key })).status).toBe(401)
  for (const path of ['/workspace', '/platforms', '/platforms/bluesky', '/healthz', '/readyz'])
    await ok('GET', path)
  for (const path of [
    `/accounts?key=${apiKey}`,
    `/accounts/${good}`,
    `/platforms/${apiKey}`,
    `/${good}/${apiKey}`,
  ]) {
    // Its own answer may tell the caller what he asked for; the log may not keep it.
    await plain.call('GET', path)
  }
  await plain.call('POST', '/accounts/connect', undefined, {
    raw: { type: 'application/json', content: `{"appPassword":"${good}"` },
  })

  expect(await server.end()).toEqual({ code: 0, signal: null })
  seen.output = server.output()
  return [
    textSecret('app password', good),
    textSecret('second app password', second),
    textSecret('wrong app password', wrong),
    textSecret('main password', anna.password),
    textSecret('client secret', clientSecret),
    // Its first characters are shown, to tell keys apart.
    textSecret('API key', apiKey.slice(-32)),
    textSecret('revoked API key', newKey.key.slice(-32)),
  ]
}

/** All tables by COPY, and what the keys are, with the server gone. */
async function readBack(env: Record<string, string>, dataDir: string) {
  const installation = await openInstallation(env, { logLevel: 'silent' })
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') })
  const client = new pg.Client({ connectionString: postgres.connectionString })
  await client.connect()
  try {
    // Sealed it is there, or nothing would work.
    const { core, owner } = installation
    const sealed = await client.query(
      "select owner_id, field, sealed from credentials where field = 'secrets'",
    )
    expect(sealed.rows).toHaveLength(1)
    const box = await core.vault.unlock(owner.workspaceId)
    const [row] = sealed.rows
    const opened = box.open({ type: 'grant', id: row.owner_id, field: 'secrets' }, row.sealed)
    expect(JSON.parse(opened).appPassword).toBe(secrets[0]?.value.toString())

    const ring = parseKeyRing(await readFile(join(dataDir, 'keyring.json'), 'utf8'), 'the key ring')
    for (const { id, key } of ring.keys) secrets.push({ name: id, value: Buffer.from(key, 'base64') })
    const provider = localKeyProvider(ring)
    const dataKeys = await client.query('select id, key_scope, kek_id, wrapped from data_keys')
    expect(dataKeys.rows.length).toBeGreaterThan(0)
    for (const { id, key_scope, kek_id, wrapped } of dataKeys.rows) {
      const value = await provider.unwrap(kek_id, wrapped, ['data-key', key_scope, id])
      if (!value) throw new Error('A data key cannot be opened.')
      secrets.push({ name: id, value })
    }

    await client.query('create table planted (form text, value text, bytes bytea)')
    for (const [form, value] of Object.entries(plantedForms)) {
      await client.query('insert into planted values ($1, $2, $3)', [form, value, Buffer.from(value)])
    }
    seen.tables = await copyAllTables(client)
    await client.query('checkpoint')
  } finally {
    await client.end()
    await installation.close()
    await postgres.release()
  }
}

const plantedForms = {
  text: `before ${planted} after`,
  base64: Buffer.from(`x${planted}`).toString('base64'),
  base64url: Buffer.from(`xy${planted}z`).toString('base64url'),
  hex: Buffer.from(planted).toString('hex'),
}

describe('the search itself', () => {
  it.each(Object.keys(plantedForms) as (keyof typeof plantedForms)[])(
    'finds what is planted as %s, in a text',
    (form) => {
      expect(searchFor([textSecret('planted', planted)]).in(plantedForms[form])).toEqual(['planted'])
    },
  )

  it('finds what is planted in a table, in its COPY and in the raw files', async () => {
    const forPlanted = searchFor([textSecret('planted', planted)])
    expect(forPlanted.in(seen.tables.get('public.planted') ?? '')).toEqual(['planted'])
    const hits: string[] = []
    for await (const { path, bytes } of filesIn(`${folder.path}/data/postgres`)) {
      if (forPlanted.in(bytes).length > 0) hits.push(path)
    }
    expect(hits.some((path) => path.includes('/base/'))).toBe(true)
    expect(hits.some((path) => path.includes('/pg_wal/'))).toBe(true)
  })

  it('looks for everything there is', () => {
    const names = secrets.map(({ name }) => name.replace(/[ _][0-9a-z]+$/, ''))
    expect(names).toEqual(expect.arrayContaining(['app', 'main', 'token', 'kek', 'dk']))
    // Two logins at least, each with a pair, and a pair for every refresh.
    expect(recorder.tokens.size).toBeGreaterThan(8)
    for (const { value } of secrets) expect(value.length).toBeGreaterThan(11)
  })

  it('has read everything there is: every table, the files, every route', async () => {
    expect([...seen.tables.keys()]).toEqual(
      expect.arrayContaining(['public.credentials', 'public.audit_log', 'public.events', 'pgboss.job']),
    )
    expect(seen.tables.get('public.posts')?.toString()).toContain('bluesky')
    expect(routes.filter((route) => !routesCalled.has(route))).toEqual([])
    expect(seen.output).toContain('"level":20')
  })
})

/** Where something was found, and what. */
const findIn = (places: [place: string, content: Buffer | string][]) =>
  places
    .map(([place, content]) => ({ place, found: search.in(content) }))
    .filter(({ found }) => found.length > 0)

describe('passwords, tokens and keys are found nowhere', () => {
  it('in any table of any schema', () => {
    expect(findIn([...seen.tables])).toEqual([])
  })

  it('in the raw files of the data directory, but for the two that are theirs', async () => {
    let size = 0
    for await (const { path, bytes } of filesIn(`${folder.path}/data`)) {
      size += bytes.length
      const found = search.in(bytes)
      if (path.endsWith('/data/keyring.json')) expect(found).toEqual([expect.stringMatching(/^kek_/)])
      else if (path.endsWith('/data/api-key')) expect(found).toEqual(['API key'])
      else expect([path, found]).toEqual([path, []])
    }
    expect(size).toBeGreaterThan(10_000_000)
  })

  it('in the log at its most verbose, or in anything else the server wrote', () => {
    expect(findIn(seen.output.split('\n').map((line) => [line, line]))).toEqual([])
  })

  it('in any answer of the API, its headers and error texts included', () => {
    const all = answers.map(({ what, answer }): [string, string] => [
      `${what}: ${answer.text}`,
      `${answer.text}\n${JSON.stringify([...answer.headers])}`,
    ])
    expect(findIn(all)).toEqual([])
  })
})
