import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { approve } from '@postmcp/sandbox'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sandboxAdmin } from './journeys/sandbox-admin.js'
import { type Client, clientOfServer } from './support/client.js'
import { createDatabase, type Database } from './support/database.js'
import { tempFolder } from './support/folder.js'
import { quickTimings } from './support/installation.js'
import { killAll, type ProductProcess, startServer } from './support/processes.js'
import { firstAccount } from './support/simulated.js'
import { until } from './support/until.js'
import { Visitor } from './support/visitor.js'

// The sandbox as it runs beside the product, in processes of its own kind: who runs it, who finds it, whom it calls.

let database: Database
let folder: Awaited<ReturnType<typeof tempFolder>>
let env: Record<string, string>

beforeAll(async () => {
  database = await createDatabase()
  folder = await tempFolder()
  env = {
    ...quickTimings,
    DATABASE_URL: database.url,
    POSTMCP_DATA_DIR: join(folder.path, 'one'),
    POSTMCP_SANDBOX_PORT: '0',
  }
}, 60_000)
afterEach(killAll)
afterAll(async () => {
  await database?.drop()
  await folder?.remove()
})

const place = async () => {
  const [row] = await database.query<{ process_id: string; origin: string }>('select * from sandbox_place')
  return row
}

const findSandbox = () =>
  until('the sandbox is there', async () => {
    const found = await place()
    return found && { origin: found.origin, ...sandboxAdmin(found.origin) }
  })

async function clientOfSandbox(server: ProductProcess): Promise<Client> {
  const apiKey = await readFile(join(folder.path, 'one', 'sandbox-api-key'), 'utf8')
  return clientOfServer(server.url ?? '', apiKey.trim())
}

/** Connects as the first person who lives there, in a browser. */
async function connectInBrowser(
  client: Client,
  platform: string,
): Promise<{ account: string; person: string }> {
  const [person] = await (await findSandbox()).people(platform)
  const step = await client.ok('POST', '/accounts/connect', { platform, method: 'oauth2' })
  const browser = new Visitor(fetch)
  const { location } = await browser.submit(await browser.open(step.startUrl))
  await browser.open(await approve(location ?? '', { personId: person?.id ?? '' }))
  return { account: await firstAccount(client, step.connectionId), person: person?.id ?? '' }
}

describe('access that is taken away on the page of a simulated platform', () => {
  it('is known here without anybody asking, and the page shows what was sent and answered', async () => {
    const server = await startServer('all', env)
    const client = await clientOfSandbox(server)
    const sandbox = await findSandbox()
    for (const [platform, events] of [
      ['slack', ['tokens_revoked', 'app_uninstalled']],
      ['tiktok', ['authorization.removed']],
      ['facebook', ['deauthorize']],
      ['instagram', ['deauthorize']],
      ['threads', ['deauthorize']],
    ] as const) {
      const { account, person } = await connectInBrowser(client, platform)
      expect(await client.ok('GET', `/accounts/${account}`)).toMatchObject({ status: 'active' })
      // As the button of the page does.
      const body = new URLSearchParams({ personId: person })
      const page = await fetch(`${sandbox.origin}/${platform}/_sandbox/revoke`, { method: 'POST', body })
      expect(page.status).toBe(200)
      const told = await until(`${platform} has called`, async () => {
        const report = await client.ok('GET', `/accounts/${account}`)
        return report.status === 'active' ? null : report
      })
      expect(told).toMatchObject({
        status: 'revoked',
        reason: 'token_revoked',
        detectedBy: 'callback',
        canPublish: false,
        nextAction: { kind: 'reconnect' },
      })
      const view = await until('all answers are there', async () => {
        const { callbacks } = await readJson(`${sandbox.origin}/_sandbox/api/platforms/${platform}`)
        return callbacks.every(({ tries }) => tries.length === 1) && callbacks
      })
      const url = `${server.url}/hooks/${platform}/sandbox`
      expect(view).toMatchObject(
        events.map((event) => ({ event, url, tries: [{ status: 200 }], nextTryAt: null })),
      )
      const shown = await (await fetch(`${sandbox.origin}/${platform}/_sandbox`)).text()
      for (const event of events)
        expect(shown).toContain(`<h3>${event} <span class="quiet">to PostMCP, ${url}`)
    }
  })

  it('is told again by a platform that tries again, once somebody answers', async () => {
    // What it is told cannot be noted: the table for that is away.
    const server = await startServer('all', env)
    const client = await clientOfSandbox(server)
    const { account, person } = await connectInBrowser(client, 'tiktok')
    const sandbox = await findSandbox()
    const session = await database.connect()
    await session.query('alter table inbound_events rename to inbound_events_away')
    await sandbox.act('tiktok', 'revoke', { personId: person })
    const callbacks = async () =>
      (await readJson(`${sandbox.origin}/_sandbox/api/platforms/tiktok`)).callbacks.at(-1)
    const failed = await until('the first try is answered', async () => {
      const last = await callbacks()
      return last && last.tries.length > 0 ? last : null
    })
    expect(failed.tries).toMatchObject([{ status: 500 }])
    expect(Date.parse(failed.nextTryAt ?? '')).toBeGreaterThan(Date.now())
    expect(await client.ok('GET', `/accounts/${account}`)).toMatchObject({ status: 'active' })
    await session.query('alter table inbound_events_away rename to inbound_events')
    await session.end()
    await fetch(`${sandbox.origin}/_sandbox/api/clock`, { method: 'POST', body: '{"advanceSeconds":60}' })
    await until('it was told again', async () => {
      const { status } = await client.ok('GET', `/accounts/${account}`)
      return status === 'revoked'
    })
    expect((await callbacks())?.tries).toMatchObject([{ status: 500 }, { status: 200 }])
  })
})

/** What the sandbox tells of a platform, as far as it is looked at here. */
interface PlatformView {
  callbacks: { event: string; tries: { status: number | null }[]; nextTryAt: string | null }[]
  posts: { text: string }[]
}

async function readJson(url: string) {
  return (await fetch(url)).json() as Promise<PlatformView>
}

describe('a worker alone', () => {
  it('refreshes and publishes for sandbox workspaces, by the sandbox of another process', async () => {
    const worker = await startServer('worker', env)
    const server = await startServer('api', env)
    const client = await clientOfSandbox(server)
    const sandbox = await findSandbox()

    const { account } = await connectInBrowser(client, 'x')
    const versionOf = async () => {
      const [grant] = await database.query<{ version: number }>(
        'select version from grants where id = (select grant_id from accounts where id = $1)',
        [account],
      )
      return grant?.version ?? 0
    }
    const before = await versionOf()
    await sandbox.act('x', 'expire-tokens')
    await until(
      'the worker has verified, and refreshed for it',
      async () => {
        // What it could not do is put off for a day; nobody has to sit through that.
        await database.query('update accounts set verify_at = now() where id = $1', [account])
        return (await versionOf()) > before
      },
      60_000,
    )
    expect(await client.ok('GET', `/accounts/${account}`)).toMatchObject({ status: 'active' })

    const [person] = await sandbox.people('bluesky')
    const step = await client.ok('POST', '/accounts/connect', {
      platform: 'bluesky',
      fields: person?.connectFields,
    })
    const group = await client.ok('POST', '/post-groups', {
      targets: [{ accountId: step.accounts[0].id }],
      content: { text: 'Hello from another process' },
    })
    const published = await until(
      'the worker has published',
      async () => {
        const { posts } = await client.ok('GET', `/post-groups/${group.id}`)
        return ['queued', 'publishing', 'scheduled'].includes(posts[0].state) ? null : posts[0]
      },
      60_000,
    )
    expect(published).toMatchObject({ state: 'published' })
    const { posts } = await readJson(`${sandbox.origin}/_sandbox/api/platforms/bluesky/posts`)
    expect(posts).toMatchObject([{ text: 'Hello from another process' }])
    expect(worker.output()).not.toContain('"level":50')
  })
})

describe('of several APIs on one database', () => {
  it('one runs the sandbox, the others use it, and one of them goes on when its process ends', async () => {
    const first = await startServer('api', env)
    const ring = await readFile(join(folder.path, 'one', 'keyring.json'), 'utf8')
    const other = { ...env, POSTMCP_DATA_DIR: join(folder.path, 'two'), POSTMCP_KEYRING: ring }
    const second = await startServer('api', other)
    const [atFirst, atSecond] = [await clientOfSandbox(first), await clientOfSandbox(second)]
    const { account } = await connectInBrowser(atFirst, 'x')
    const begun = await place()
    expect(await atSecond.ok('GET', `/accounts/${account}/status?freshness=live`)).toMatchObject({
      status: 'active',
      check: { source: 'live' },
    })
    // Its consent pages are shown by both.
    const step = await atSecond.ok('POST', '/accounts/connect', { platform: 'x', method: 'oauth2' })
    const { pathname, search } = new URL(step.authorizationUrl)
    for (const { url } of [first, second]) {
      const page = await fetch(`${url}/sandbox${pathname}${search}`)
      expect(await page.text()).toContain('X: allow PostMCP?')
    }

    first.kill('SIGKILL')
    const taken = await until('the other one has taken the place', async () => {
      const now = await place()
      return now && now.process_id !== begun?.process_id && now
    })
    expect(taken.origin).not.toBe(begun?.origin)
    const again = await connectInBrowser(atSecond, 'x')
    // The same people live there, so that it is the same account.
    expect(again.account).toBe(account)
    await second.end()
    expect(await place()).toBeUndefined()
  })
})
