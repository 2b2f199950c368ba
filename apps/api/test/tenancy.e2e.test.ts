import { readFileSync } from 'node:fs'
import {
  createApiKey,
  createWorkspace,
  type IdKind,
  newId,
  type Scope,
  startWorker,
  type Worker,
} from '@postmcp/core'
import { type ProxiedTestPds, startTestPds } from '@postmcp/tooling/test-servers/pds'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Client, clientOf } from './support/client.js'
import { png } from './support/images.js'
import {
  connectNew,
  openTestInstallation,
  platformEnv,
  type TestInstallation,
} from './support/installation.js'
import { type OpenApiDocument, type Operation, operationsOf } from './support/openapi.js'
import { until } from './support/until.js'

/** What each parameter of a path names. A new one has to be entered here, so that it is tested. */
const kindOfParameter: Record<string, IdKind | 'public'> = {
  accountId: 'account',
  connectionId: 'connection',
  mediaId: 'media',
  postGroupId: 'postGroup',
  postId: 'post',
  apiKeyId: 'apiKey',
  platform: 'public',
}

type BodyWithId = { kind: IdKind; body: (id: string, own: Tenant) => object }

/** A file of a draft, named by the id in question, or with a thumbnail that is. */
const files = (id: string, own: Tenant, field: string) => [
  field === 'mediaId'
    ? { mediaId: id, altText: 'x' }
    : { mediaId: own.ids.media?.[0], thumbnailId: id, altText: 'x' },
]

/** Ids in a draft, by field. */
const draftsWithId: Record<string, BodyWithId> = {
  'targets[].accountId': {
    kind: 'account',
    body: (id, own) => ({
      content: { text: 'of another' },
      targets: [{ accountId: own.ids.account?.[0] }, { accountId: id }],
    }),
  },
  ...Object.fromEntries(
    ['mediaId', 'thumbnailId'].flatMap((field): [string, BodyWithId][] => [
      [
        `content.media[].${field}`,
        {
          kind: 'media',
          body: (id, own) => ({
            content: { text: 'of another', media: files(id, own, field) },
            targets: [{ accountId: own.ids.account?.[0] }],
          }),
        },
      ],
      [
        `targets[].overrides.media[].${field}`,
        {
          kind: 'media',
          body: (id, own) => ({
            content: { text: 'of another' },
            targets: [{ accountId: own.ids.account?.[0], overrides: { media: files(id, own, field) } }],
          }),
        },
      ],
    ]),
  ),
}

/** The same for ids in bodies, by operation and field; where they stand, and what is asked apart from them. */
const bodiesWithId: Record<string, BodyWithId> = Object.fromEntries(
  ['validatePostGroup', 'createPostGroup', 'changePostGroup'].flatMap((operation) =>
    Object.entries(draftsWithId).map(([field, { kind, body }]) => [
      `${operation} ${field}`,
      {
        kind,
        body: (id: string, own: Tenant) => ({
          ...body(id, own),
          ...(operation === 'changePostGroup' && { version: 1 }),
        }),
      },
    ]),
  ),
)

/** A body with which the operation would do something to what its path names. */
const bodies: Record<string, unknown> = {
  reconnectAccount: { fields: { appPassword: 'aaaa-bbbb-cccc-dddd' } },
  addAccounts: { targetIds: ['did:plc:nobody'] },
  continueConnection: { fields: { identifier: 'anna.test', appPassword: 'aaaa-bbbb-cccc-dddd' } },
  resolvePost: { as: 'failed' },
  changePostGroup: { version: 1, publishAt: null },
  setOwnClient: { fields: { clientId: 'x', clientSecret: 'y' } },
}

const withoutKey = ['getHealth', 'getReadiness']

interface Tenant extends Client {
  key: string
  scope: Scope
  ids: Record<string, string[]>
}

let pds: ProxiedTestPds
let product: TestInstallation
let worker: Worker
let anna: Tenant
let berta: Tenant

const document = JSON.parse(
  readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'),
) as OpenApiDocument
const operations = operationsOf(document)
const withId = operations.flatMap((operation) =>
  operation.pathParameters
    .filter((name) => kindOfParameter[name] !== 'public')
    .map((parameter) => ({ name: operation.id, operation, parameter })),
)

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  product = await openTestInstallation(platformEnv(pds))
  worker = await startWorker(product.core)
  anna = await settle('Anna')
  berta = await settle('Berta')
  await worker.stop()
  pds.proxy.forget()
}, 90_000)
afterAll(async () => {
  await worker?.stop()
  await product?.close()
  await pds?.close()
})

/** A workspace with something of everything. */
async function settle(name: string): Promise<Tenant> {
  const workspace = await createWorkspace(product.core, { name, mode: 'live', maxAccounts: null })
  const scope: Scope = { workspaceId: workspace.id, actor: 'test' }
  const { apiKey, secret } = await createApiKey(product.core, scope, `key of ${name}`)
  const client = clientOf((path, init) => product.app.request(path, init), secret)
  const { id: accountId } = await connectNew(client, pds)
  const pending = await client.ok('POST', '/accounts/connect', { platform: 'bluesky', fields: {} })
  const [connection] = await product.database.query<{ id: string }>(
    `select id from connections where workspace_id = $1 and state = 'connected'`,
    [workspace.id],
  )
  const media = await client.ok('POST', '/media', undefined, {
    raw: { type: 'application/octet-stream', content: png(2, 2) },
  })
  const content = { text: `hello from ${name}`, media: [{ mediaId: media.id, altText: 'noise' }] }
  const targets = [{ accountId }]
  const published = await client.ok(
    'POST',
    '/post-groups',
    { content, targets },
    { idempotencyKey: 'the-same-for-both' },
  )
  await until('the post is published', async () => {
    const { status } = await client.ok('GET', `/post-groups/${published.id}`)
    return status === 'published'
  })
  const publishAt = new Date(Date.now() + 86_400_000).toISOString()
  const scheduled = await client.ok('POST', '/post-groups', { content, targets, publishAt })
  const revoked = await client.ok('POST', '/api-keys', { name: 'old' })
  await client.ok('DELETE', `/api-keys/${revoked.id}`)
  return {
    ...client,
    key: secret,
    scope,
    ids: {
      workspace: [workspace.id],
      account: [accountId],
      connection: [pending.connectionId, connection?.id ?? ''],
      media: [media.id],
      postGroup: [published.id, scheduled.id],
      post: [published.posts[0].id, scheduled.posts[0].id],
      scheduled: [scheduled.id],
      apiKey: [apiKey.id, revoked.id],
    },
  }
}

/** Every row there is, of whomever. */
async function everything(): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  for (const table of Object.keys(await product.database.countRows())) {
    // The process itself says there every half minute that it lives.
    if (table === 'key_holders') continue
    all[table] = await product.database.query(`select t::text as row from "${table}" t order by 1`)
  }
  return all
}

/** What an answer says apart from the id it was asked for and its own number. */
function said(answer: Answer, id: string) {
  const requestId = answer.headers.get('x-request-id') ?? 'none'
  const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id')
  return {
    status: answer.status,
    headers,
    text: answer.text.replaceAll(id, '<id>').replaceAll(requestId, '<request>'),
  }
}

const pathWith = (operation: Operation, parameter: string, id: string) =>
  operation.path.replace(`{${parameter}}`, id)

describe('the OpenAPI document', () => {
  it('has no parameter, body id or body that these tests do not know', () => {
    const unknown = operations.flatMap(({ id, pathParameters, bodyIds, needsBody }) => [
      ...pathParameters.filter((name) => !(name in kindOfParameter)).map((name) => `${id} ${name}`),
      ...bodyIds.filter((field) => !(`${id} ${field}` in bodiesWithId)).map((field) => `${id} ${field}`),
      ...(needsBody && pathParameters.length > 0 && !(id in bodies) ? [`${id} body`] : []),
    ])
    expect(unknown).toEqual([])
  })

  it('is found to have every kind of id', () => {
    const kinds = new Set(withId.map(({ parameter }) => kindOfParameter[parameter]))
    expect(kinds).toEqual(new Set(['account', 'connection', 'media', 'postGroup', 'post', 'apiKey']))
    expect(operations.flatMap(({ bodyIds }) => bodyIds)).toHaveLength(Object.keys(bodiesWithId).length)
  })

  it('asks for a key everywhere but where health is told', () => {
    expect(operations.filter(({ needsKey }) => !needsKey).map(({ id }) => id)).toEqual(withoutKey)
  })

  it('is what the app serves', async () => {
    expect(await product.ok('GET', '/openapi.json', undefined, { key: null })).toEqual(document)
  })
})

describe('the key of one workspace with an id of another', () => {
  it.each(withId)(
    '$name: answers as if there were no such $parameter, and does nothing',
    async ({ operation, parameter }) => {
      const kind = kindOfParameter[parameter] as IdKind
      const missing = newId(kind)
      const before = await everything()
      const ask = (client: Client, id: string) =>
        client.call(operation.method, pathWith(operation, parameter, id), bodies[operation.id])
      const nothing = said(await ask(berta, missing), missing)
      expect(nothing).toMatchObject({ status: 404, text: expect.stringContaining('"code":"not_found"') })
      for (const id of anna.ids[kind] ?? []) expect(said(await ask(berta, id), id)).toEqual(nothing)
      expect(await everything()).toEqual(before)
      expect(pds.proxy.requests).toEqual([])
    },
  )

  it.each(Object.keys(bodiesWithId))(
    '%s: answers as if it were not there, and makes nothing',
    async (name) => {
      const operation = operations.find(({ id }) => id === name.split(' ')[0])
      const sample = bodiesWithId[name]
      if (!operation || !sample) throw new Error(`There is no ${name}.`)
      const missing = newId(sample.kind)
      const before = await everything()
      const path = pathWith(operation, 'postGroupId', berta.ids.scheduled?.[0] ?? '')
      const ask = (id: string) => berta.call(operation.method, path, sample.body(id, berta))
      const nothing = said(await ask(missing), missing)
      expect(nothing.text).toContain('<id>')
      const [foreign = ''] = anna.ids[sample.kind] ?? []
      expect(said(await ask(foreign), foreign)).toEqual(nothing)
      expect(await everything()).toEqual(before)
      // The same request with an id of her own is fine: it was the id that was refused.
      const [own = ''] = berta.ids[sample.kind] ?? []
      if (sample.kind === 'media') {
        const { version: _, ...draft } = sample.body(own, berta) as { version?: number }
        expect(await berta.ok('POST', '/post-groups/validate', draft)).toEqual({
          valid: true,
          issues: [],
        })
      }
    },
  )

  it('sees nothing of another in any list, wherever it is told to begin', async () => {
    const foreign = Object.values(anna.ids).flat()
    const lists = operations.filter(
      ({ method, needsKey, pathParameters }) => method === 'GET' && needsKey && pathParameters.length === 0,
    )
    expect(lists.length).toBeGreaterThan(4)
    for (const { path, queryParameters } of lists) {
      const queries = queryParameters.includes('after')
        ? ['', ...[...foreign, 'zzzz'].map((id) => `?after=${id}`)]
        : ['']
      if (queryParameters.includes('from')) {
        queries.push(...queries.map((query) => `${query || '?'}&from=2020-01-01T00:00:00Z`))
      }
      for (const query of queries) {
        const { status, text } = await berta.call('GET', `${path}${query}`)
        expect(status).toBe(200)
        expect(foreign.filter((id) => text.includes(id))).toEqual([])
      }
    }
    // Her own she does see, and Anna hers: the lists are not simply empty.
    for (const tenant of [anna, berta]) {
      expect((await tenant.call('GET', '/accounts')).text).toContain(tenant.ids.account?.[0])
      expect((await tenant.call('GET', '/post-groups')).text).toContain(tenant.ids.postGroup?.[0])
    }
  })

  it('names an account of another in a query: answers as if there were none', async () => {
    const withAccount = operations.filter(({ queryParameters }) => queryParameters.includes('accountId'))
    expect(withAccount.map(({ id }) => id)).toEqual(['listPostGroups'])
    const missing = newId('account')
    for (const { path } of withAccount) {
      const ask = (id: string) => berta.call('GET', `${path}?accountId=${id}&state=published`)
      const nothing = said(await ask(missing), missing)
      expect(nothing).toMatchObject({ status: 404, text: expect.stringContaining('"code":"not_found"') })
      for (const id of anna.ids.account ?? []) expect(said(await ask(id), id)).toEqual(nothing)
      const [own = ''] = berta.ids.account ?? []
      expect((await ask(own)).text).toContain(berta.ids.post?.[0])
    }
  })

  it('shares no Idempotency-Key with another', async () => {
    // Both made a group with the same one; each was published at her own account.
    expect(anna.ids.postGroup).not.toEqual(berta.ids.postGroup)
    expect((await berta.ok('GET', `/post-groups/${berta.ids.postGroup?.[0]}`)).content.text).toBe(
      'hello from Berta',
    )
  })
})

describe('without a key that is valid', () => {
  it.each(operations.filter(({ needsKey }) => needsKey))(
    '$id answers 401 and nothing else',
    async (operation) => {
      const path = operation.pathParameters.reduce((text, name) => {
        const kind = kindOfParameter[name]
        return text.replace(`{${name}}`, kind === 'public' ? 'bluesky' : (anna.ids[kind ?? '']?.[0] ?? ''))
      }, operation.path)
      const before = await everything()
      const revoked = await createApiKey(product.core, anna.scope, 'short-lived')
      await anna.ok('DELETE', `/api-keys/${revoked.apiKey.id}`)
      const keys = [
        null,
        `postmcp_${'x'.repeat(43)}`,
        revoked.secret,
        anna.key.slice(0, -1),
        anna.key.toUpperCase(),
        'x',
        `${anna.key} ${anna.key}`,
      ]
      const answers: unknown[] = []
      for (const key of keys) {
        const answer = await anna.call(operation.method, path, bodies[operation.id], { key })
        expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } })
        expect(answer.headers.get('www-authenticate')).toBe('Bearer')
        const { detail: _, requestId: __, ...rest } = answer.body
        answers.push(rest)
      }
      for (const answer of answers) expect(answer).toEqual(answers[0])
      const after = await everything()
      for (const table of ['api_keys', 'audit_log']) {
        delete before[table]
        delete after[table]
      }
      expect(after).toEqual(before)
    },
  )
})
