import { hostname } from 'node:os'
import { type Logger, PostMcpError, type SandboxPlace } from '@postmcp/core'
import { startSandbox } from '@postmcp/sandbox'
import { afterEach, expect, it } from 'vitest'
import { joinSandbox, type SandboxAccess } from './sandbox-access.js'

const processId = 'this-process'
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A store with one place, which is somebody's or free. */
function storeWith(place: SandboxPlace | undefined, { isClaimable = true } = {}) {
  const kept = { place, left: [] as string[] }
  return {
    kept,
    sandboxPlace: {
      async claim(claimed: SandboxPlace, _seconds: number, instead?: string) {
        const isFree = kept.place === undefined || [claimed.processId, instead].includes(kept.place.processId)
        if (isFree && isClaimable) kept.place = claimed
        return isFree && isClaimable
      },
      find: async () => kept.place,
      async leave(id: string) {
        kept.left.push(id)
      },
    },
  }
}

const warnings: unknown[] = []
const logger: Logger = { debug() {}, info() {}, warn: (fields) => void warnings.push(fields), error() {} }

async function join(
  store: ReturnType<typeof storeWith>,
  { mayRun = false, publicUrl = 'https://postmcp.example' } = {},
) {
  const settings = { sandboxPort: 0, redirectUris: [], publicUrl }
  const access = await joinSandbox({
    store,
    processId,
    settings,
    clients: {},
    optionalScopes: {},
    logger,
    mayRun,
  })
  closers.push(() => access.close())
  return access
}

const isAway = (access: SandboxAccess) => {
  expect([access.environment(), access.origin(), access.pageAt('x', 'GET', '/i/oauth2/authorize')]).toEqual([
    null,
    null,
    null,
  ])
}

/** As another process of this machine has it. */
async function runElsewhere(): Promise<SandboxPlace> {
  const running = await startSandbox()
  closers.push(() => running.close())
  const bases = Object.fromEntries(running.platforms.map(({ id, base }) => [id, base]))
  return { processId: 'other-process', host: hostname(), origin: running.origin, bases }
}

it('a process that may runs the sandbox where none runs, and leaves the place when it ends', async () => {
  const store = storeWith(undefined)
  const access = await join(store, { mayRun: true })
  expect(store.kept.place).toMatchObject({ processId, host: hostname(), origin: access.origin() })
  await access.close()
  expect(store.kept.left).toEqual([processId])
  await expect(fetch(access.origin() ?? 'http://127.0.0.1:9')).rejects.toThrow()
})

it('a process that may not runs none, and has none where none runs', async () => {
  const store = storeWith(undefined)
  isAway(await join(store))
  expect(store.kept.place).toBeUndefined()
})

it.each([true, false])(
  'one that runs already is used, also by a process that may run it: %s',
  async (mayRun) => {
    const place = await runElsewhere()
    const store = storeWith(place)
    const access = await join(store, { mayRun })
    expect(access.origin()).toBe(place.origin)
    expect(access.environment()?.endpoints.slack).toEqual({ web: place.bases.slack })
    const { status } =
      (await access
        .environment()
        ?.http.request({ method: 'GET', url: `${place.bases.mastodon}/api/v1/instance` })) ?? {}
    expect(status).toBe(200)
    expect(store.kept.place).toBe(place)
    await access.close()
    expect(store.kept.left).toEqual([])
  },
)

it('no other address of this machine is opened with it', async () => {
  const access = await join(storeWith(await runElsewhere()))
  const { http } = access.environment() ?? {}
  await expect(http?.request({ method: 'GET', url: 'http://127.0.0.1:9/' })).rejects.toMatchObject({
    reason: 'address_not_allowed',
  })
})

it.each([
  ['on another machine', { host: 'elsewhere' }],
  ['at an address of another machine', { origin: 'http://10.0.0.1:4478' }],
  ['with one platform at an address of another machine', { bases: { x: 'http://169.254.169.254/x' } }],
])('one %s is not called, and none is started beside it', async (_, differing) => {
  const place = { ...(await runElsewhere()), ...differing }
  const store = storeWith(place)
  isAway(await join(store, { mayRun: true }))
  expect(store.kept.place).toBe(place)
})

it('one whose process was killed on this machine need not be waited for', async () => {
  const place = { ...(await runElsewhere()), origin: 'http://127.0.0.1:9' }
  const store = storeWith(place)
  const access = await join(store, { mayRun: true })
  expect(store.kept.place?.processId).toBe(processId)
  expect(access.environment()).not.toBeNull()
})

it('a process that comes second ends what it started', async () => {
  const store = storeWith(undefined, { isClaimable: false })
  const access = await join(store, { mayRun: true })
  isAway(access)
  await access.close()
  expect(store.kept.left).toEqual([])
})

it('a database that does not answer is said to be so, and nothing is left running', async () => {
  const store = storeWith(undefined)
  store.sandboxPlace.claim = async () => {
    throw new PostMcpError('database_unavailable', 'The database does not answer.')
  }
  await expect(join(store, { mayRun: true })).rejects.toMatchObject({ code: 'database_unavailable' })
})

it('browsers are sent to the public address, and to the sandbox itself where that is on this machine', async () => {
  const place = await runElsewhere()
  const outside = (await join(storeWith(place))).environment()?.browserAddress
  const publicOf = (id: string, rest: string) => `https://postmcp.example/sandbox/${id}${rest}`
  for (const [id, base] of Object.entries(place.bases)) {
    expect(outside?.(`${base}/a/b?c=d`)).toBe(publicOf(id, '/a/b?c=d'))
  }
  expect(outside?.('https://x.com/i/oauth2/authorize')).toBe('https://x.com/i/oauth2/authorize')
  expect(outside?.(`${place.origin}/xylophone`)).toBe(`${place.origin}/xylophone`)
  const here = await join(storeWith(place), { publicUrl: 'http://127.0.0.1:4477' })
  expect(here.environment()?.browserAddress).toBeUndefined()
})
