import {
  type AccountId,
  bindBrowser,
  completeAuthorization,
  connectAccount,
  createPostGroup,
  getConnectStep,
  getPostGroup,
  listAttempts,
  openStartPage,
  publishGroupHere,
} from '@postmcp/core'
import { approve, platforms, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { openThrowAwayCore, type ThrowAwayCore } from '../../test/example/throw-away-core.js'
import { threads } from './index.js'

let sandbox: RunningSandbox
let opened: ThrowAwayCore
let accountId: AccountId

beforeAll(async () => {
  sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'threads') })
  opened = await openThrowAwayCore(threads, handle())
  const { core, scope } = opened
  const environment = core.environments.sandbox
  const client = environment?.clients.threads
  if (!environment || !client) throw new Error('There is no application.')
  environment.clients = { threads: { ...client, optionalScopes: ['threads_manage_replies'] } }
  // Short enough that a lost answer is cleared up while the test waits.
  core.timings = { ...core.timings, send: 1, reconcileMargin: 0 }

  const step = await connectAccount(core, scope, { platform: 'threads', fields: {} })
  if (step.type !== 'authorize') throw new Error(`The step is ${step.type}.`)
  const { connection, authorizationUrl } = await openStartPage(core, step.startUrl.split('/').at(-1) ?? '')
  const cookie = await bindBrowser(core, connection)
  await completeAuthorization(core, new URL(await approve(authorizationUrl)).searchParams, [cookie])
  const connected = await getConnectStep(core, scope, step.connectionId)
  if (connected.type !== 'connected' || !connected.accounts[0]) throw new Error('Nothing is connected.')
  accountId = connected.accounts[0].id
}, 60_000)
afterAll(async () => {
  await opened.close()
  await sandbox.close()
})

const handle = () => sandbox.platform('threads')
beforeEach(() => {
  for (const { id } of handle().world.posts()) handle().world.deletePost(id)
})

async function publish(text: string, replies: string[], waitMs: number) {
  const { core, scope } = opened
  const draft = { content: { text, media: [], replies }, targets: [{ accountId }] }
  const { group } = await createPostGroup(core, scope, draft)
  await publishGroupHere(core, scope, group.id, new Date(Date.now() + waitMs))
  const [post] = (await getPostGroup(core, scope, group.id)).posts
  if (!post) throw new Error('There is no post.')
  const attempts = await listAttempts(core, scope, post.id)
  return { post, outcomes: attempts.map(({ outcome }) => outcome) }
}

it('a chain goes out through core, with an attempt for every step that was announced', async () => {
  const { post, outcomes } = await publish('One', ['Two', 'Three'], 20_000)
  const [first, second, third] = handle().world.posts()
  expect([first?.text, second?.text, third?.text]).toEqual(['One', 'Two', 'Three'])
  expect(post).toMatchObject({
    state: 'published',
    failure: null,
    sent: { platformPostId: first?.id, parts: [second?.id, third?.id] },
  })
  expect(second?.inReplyTo).toBe(first?.id)
  expect(third?.inReplyTo).toBe(second?.id)
  expect(outcomes).toEqual(['sent', 'sent', 'sent', 'sent', 'sent'])
})

it('a post whose answer was lost is found through core and not sent again', { timeout: 60_000 }, async () => {
  handle().badDays.set({ fault: 'lost_answer', path: /\/threads_publish$/, times: 1 })
  const { post, outcomes } = await publish('Once', ['Below'], 40_000)
  const [first, second, ...others] = handle().world.posts()
  expect(others).toEqual([])
  expect(post).toMatchObject({ state: 'published', sent: { platformPostId: first?.id, parts: [second?.id] } })
  expect(outcomes).toEqual(['sent', 'sent', 'sent'])
})

it('a reply that is refused leaves the post published, and says what is missing', async () => {
  handle().tokens.dropScopes(handle().world.people()[0]?.id ?? '', ['threads_manage_replies'])
  const { post } = await publish('Alone', ['Below'], 20_000)
  expect(
    handle()
      .world.posts()
      .map(({ text }) => text),
  ).toEqual(['Alone'])
  expect(post).toMatchObject({
    state: 'published',
    failure: { code: 'refused_by_platform', platformCode: 'reply/10' },
  })
})
