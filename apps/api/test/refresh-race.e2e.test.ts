import { setTimeout as sleep } from 'node:timers/promises'
import { type ProxiedTestPds, startTestPds } from '@postmcp/tooling/test-servers/pds'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type ConnectedAccount,
  connectNew,
  openTestInstallation,
  platformEnv,
  type TestInstallation,
} from './support/installation.js'
import { killAll, type ProductProcess, startLocal } from './support/processes.js'
import { inTime, until } from './support/until.js'

const refresh = 'com.atproto.server.refreshSession'
const login = 'com.atproto.server.createSession'
const howMany = 8

interface StatusAnswer {
  status: string
  check: { source: string }
}
interface GroupAnswer {
  status: string
  posts: { platformPostId: string; failure: unknown }[]
}

let pds: ProxiedTestPds
let product: TestInstallation
let processes: ProductProcess[]
let account: ConnectedAccount

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  product = await openTestInstallation(platformEnv(pds))
  processes = await Promise.all(Array.from({ length: howMany }, () => startLocal(product.env)))
}, 90_000)
afterAll(async () => {
  await killAll()
  await product?.close()
  await pds?.close()
})
beforeEach(async () => {
  account = await connectNew(product, pds)
  await expireSession()
  pds.proxy.forget()
})
afterEach(() => pds.proxy.clearRules())

/** Two hours pass: the stored access token becomes one that the PDS itself refuses as expired, and its stored end is past. */
async function expireSession() {
  const { core, database } = product
  const [grant] = await database.query<{ workspace_id: `ws_${string}`; id: `grant_${string}` }>(
    'select workspace_id, id from grants where subject = $1',
    [account.at.did],
  )
  if (!grant) throw new Error('There is no grant.')
  const owner = { type: 'grant', id: grant.id, field: 'tokens' } as const
  const box = await core.vault.unlock(grant.workspace_id)
  const sealed = await core.store.credentials.get(grant.workspace_id, owner)
  if (!sealed) throw new Error('There are no tokens.')
  const tokens = JSON.parse(box.open(owner, sealed))
  const expired = {
    ...tokens,
    accessToken: pds.expireAccessToken(tokens.accessToken),
    accessTokenExpiresAt: new Date(Date.now() - 60_000).toISOString(),
  }
  await core.store.credentials.put(grant.workspace_id, owner, box.seal(owner, JSON.stringify(expired)))
  await database.query('update grants set access_token_expires_at = $2 where id = $1', [
    grant.id,
    expired.accessTokenExpiresAt,
  ])
}

/** Everybody publishes a post of his own through the one account. */
const allPublish = (by = processes) =>
  by.map((each) =>
    each.ask<GroupAnswer>({ verb: 'publish', accountId: account.id, text: `from ${each.pid}` }),
  )

async function expectAllPublished(groups: GroupAnswer[]) {
  expect(groups.map(({ status }) => status)).toEqual(groups.map(() => 'published'))
  const uris = groups.flatMap(({ posts }) => posts.map(({ platformPostId }) => platformPostId))
  const posts = await pds.listPosts(account.at.did)
  expect(posts.map(({ uri }) => uri).sort()).toEqual(uris.sort())
}

/** Healthy now, and never anything else; and the session that is stored works at the PDS. */
async function expectHealthy() {
  const { data: history } = await product.ok('GET', `/accounts/${account.id}/history`)
  expect(history.map(({ status }: { status: string }) => status)).toEqual(['active'])
  const grants = await product.database.query(
    'select status, refresh_fingerprint, refresh_lease_owner from grants where subject = $1',
    [account.at.did],
  )
  expect(grants).toEqual([{ status: 'active', refresh_fingerprint: null, refresh_lease_owner: null }])
  const [first] = processes
  const [group] = await Promise.all(allPublish(first && [first]))
  expect(group).toMatchObject({ status: 'published' })
  const status = await product.ok('GET', `/accounts/${account.id}/status?freshness=live`)
  expect(status).toMatchObject({ status: 'active', canPublish: true, check: { source: 'live' } })
}

describe(`${howMany} processes that need the same expired session at once`, () => {
  it('make one refresh to publish, and all of them publish', async () => {
    const held = pds.proxy.hold(refresh)
    const answers = Promise.all(allPublish())
    await inTime('a refresh', held.hit())
    await sleep(500) // for all the others to find that they need one too
    held.release()
    await expectAllPublished(await answers)
    expect(pds.proxy.count(refresh).received).toBe(1)
    expect(pds.proxy.count(login).received).toBe(0)
    // No call was made with the dead token.
    expect(
      pds.proxy.requests.filter(({ targetStatus }) => targetStatus === 400 || targetStatus === 401),
    ).toEqual([])
    await expectHealthy()
  })

  it('make one refresh to verify, and all of them have their proof', async () => {
    const held = pds.proxy.hold(refresh)
    const answers = processes.map((each) => each.ask<StatusAnswer>({ verb: 'status', accountId: account.id }))
    await inTime('a refresh', held.hit())
    await sleep(500)
    held.release()
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ status: 'active', check: { source: 'live' } })
    }
    expect(pds.proxy.count(refresh).received).toBe(1)
    await expectHealthy()
  })
})

describe('a refresh whose answer is lost', () => {
  it('is repeated with the same token within the grace of the platform, and nobody is asked to reconnect', async () => {
    const lost = pds.proxy.dropAfter(refresh)
    await expectAllPublished(await Promise.all(allPublish(processes.slice(0, 4))))
    expect(lost.hits).toBe(1)
    expect(pds.proxy.count(refresh).received).toBe(2)
    expect(pds.proxy.count(login).received).toBe(0)
    await expectHealthy()
  })

  it('with the refreshing process killed while it waited: another one takes over when the lease is over', async () => {
    const held = pds.proxy.hold(refresh, { at: 'answer' })
    const victim = await startLocal(product.env)
    const cut = victim.ask({ verb: 'publish', accountId: account.id, text: 'never sent by this one' })
    await inTime('the answer', held.hit())
    await victim.end('SIGKILL')
    await expect(cut).rejects.toThrow('ended before it answered')
    const marker = await product.database.query(
      'select refresh_fingerprint is not null as marked, refresh_lease_owner is not null as leased from grants where subject = $1',
      [account.at.did],
    )
    expect(marker).toEqual([{ marked: true, leased: true }])
    await expectAllPublished(await Promise.all(allPublish(processes.slice(0, 4))))
    expect(pds.proxy.count(refresh)).toMatchObject({ received: 2, answered: 2 })
    expect(pds.proxy.count(login).received).toBe(0)
    await expectHealthy()
    // The post of the killed one waits for a worker, and is not lost.
    const waiting = await product.database.query<{ state: string }>(
      `select state from posts where account_id = $1 and state <> 'published'`,
      [account.id],
    )
    expect(waiting).toHaveLength(1)
  })
})

it('does not end the account when the platform is away during the refresh', async () => {
  pds.proxy.dropBefore(refresh, { times: 3 })
  const status = await product.ok('GET', `/accounts/${account.id}/status?freshness=live`)
  expect(status).toMatchObject({
    status: 'active',
    check: { source: 'failed', error: { code: 'platform_unavailable' } },
  })
  pds.proxy.clearRules()
  await until('the account verifies again', async () => {
    const { check } = await product.ok('GET', `/accounts/${account.id}/status?freshness=live`)
    return check.source === 'live'
  })
  await expectHealthy()
})
