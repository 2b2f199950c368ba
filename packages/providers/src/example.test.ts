import { readFile } from 'node:fs/promises'
import {
  bindBrowser,
  completeAuthorization,
  connectAccount,
  continueConnection,
  createPostGroup,
  disconnectAccount,
  getConnectStep,
  openStartPage,
  publishGroupHere,
  verifyAccount,
} from '@postmcp/core'
import { approve, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { example } from '../test/example/provider/index.js'
import { createExample } from '../test/example/simulation/index.js'
import { openThrowAwayCore, type ThrowAwayCore } from '../test/example/throw-away-core.js'

const root = new URL('../../../', import.meta.url)

let sandbox: RunningSandbox
let opened: ThrowAwayCore
beforeAll(async () => {
  sandbox = await startSandbox({ platforms: [createExample()] })
  opened = await openThrowAwayCore(example, sandbox.platform('example'))
})
afterAll(async () => {
  await opened.close()
  await sandbox.close()
})

/** Starts a connection and goes through the browser: start page, consent, callback. */
async function throughTheBrowser() {
  const { core, scope } = opened
  const step = await connectAccount(core, scope, { platform: 'example', fields: {} })
  if (step.type !== 'authorize') throw new Error(`The step is ${step.type}.`)
  const { connection, authorizationUrl } = await openStartPage(core, step.startUrl.split('/').at(-1) ?? '')
  const cookie = await bindBrowser(core, connection)
  const { searchParams } = new URL(await approve(authorizationUrl))
  await completeAuthorization(core, searchParams, [cookie])
  return getConnectStep(core, scope, step.connectionId)
}

it('is connected by the engine of core, publishes, and is let go, with nothing of it in core', async () => {
  const { core, scope } = opened
  const { world, tokens } = sandbox.platform('example')
  const step = await throughTheBrowser()
  if (step.type !== 'select_targets') throw new Error(`The step is ${step.type}.`)
  expect(step.targets).toMatchObject([
    { handle: 'recipes', displayName: 'Recipes', kind: 'page' },
    { handle: 'bicycles', displayName: 'Bicycles', kind: 'page' },
  ])

  const chosen = await continueConnection(core, scope, step.connectionId, {
    targetIds: step.targets.map(({ targetId }) => targetId),
  })
  if (chosen.type !== 'connected') throw new Error(`The step is ${chosen.type}.`)
  const [account] = chosen.accounts
  if (!account) throw new Error('There is no account.')
  const status = async () => (await verifyAccount(core, scope, account.id, 'live')).health
  expect(await status()).toMatchObject({ status: 'active' })

  const draft = { content: { text: 'Hello, example.', media: [] }, targets: [{ accountId: account.id }] }
  const { group } = await createPostGroup(core, scope, draft)
  await publishGroupHere(core, scope, group.id, new Date(Date.now() + 20_000))
  expect(world.posts({ resourceId: account.targetId })).toMatchObject([{ text: 'Hello, example.' }])

  sandbox.sandbox.clock.advance(2 * 3600)
  expect(await status()).toMatchObject({ status: 'active' })
  for (const { id } of chosen.accounts) await disconnectAccount(core, scope, id)
  expect(tokens.grants().filter(({ revokedAt }) => revokedAt === null)).toEqual([])
})

it('is what docs/adding-a-platform.md shows', async () => {
  const page = await readFile(new URL('docs/adding-a-platform.md', root), 'utf8')
  const quoted = [...page.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)]
  expect(quoted.map(([, path]) => path)).not.toEqual([])
  for (const [, path = '', code] of quoted) {
    expect(code, path).toBe(await readFile(new URL(path, root), 'utf8'))
  }
  for (const [, link = ''] of page.matchAll(/\]\((\.\.\/[^)#]+)/g)) {
    await expect(readFile(new URL(link, new URL('docs/', root))), link).resolves.toBeDefined()
  }
})
