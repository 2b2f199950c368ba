import {
  type AccountId,
  addMedia,
  bindBrowser,
  type Content,
  completeAuthorization,
  connectAccount,
  createPostGroup,
  getConnectStep,
  getPostGroup,
  isFinal,
  listAttempts,
  openStartPage,
  publishGroupHere,
} from '@postmcp/core'
import { createSampleFiles } from '@postmcp/core/testing'
import { approve, createSlack, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openThrowAwayCore, type ThrowAwayCore } from '../../test/example/throw-away-core.js'
import { slack } from './index.js'

const files = createSampleFiles()
afterAll(() => files.close())

describe.each([
  ['an app that may read channels', ['channels:history']],
  ['an app that may not', []],
])('for %s', (_, optionalScopes) => {
  const mayRead = optionalScopes.length > 0
  let sandbox: RunningSandbox
  let opened: ThrowAwayCore
  let accountId: AccountId
  let aheadMs = 0

  const handle = () => sandbox.platform('slack')

  beforeAll(async () => {
    sandbox = await startSandbox({ platforms: [createSlack()] })
    opened = await openThrowAwayCore(slack, handle())
    const { core, scope } = opened
    const environment = core.environments.sandbox
    const client = environment?.clients.slack
    if (!environment || !client) throw new Error('There is no application.')
    environment.clients = { slack: { ...client, optionalScopes } }
    core.clock = { now: () => new Date(Date.now() + aheadMs) }

    const step = await connectAccount(core, scope, { platform: 'slack', fields: {} })
    if (step.type !== 'authorize') throw new Error(`The step is ${step.type}.`)
    const { connection, authorizationUrl } = await openStartPage(core, step.startUrl.split('/').at(-1) ?? '')
    const cookie = await bindBrowser(core, connection)
    // The workspace with one channel, in which the bot is not.
    const personId = handle().world.people()[1]?.id ?? ''
    const back = new URL(await approve(authorizationUrl, { personId }))
    await completeAuthorization(core, back.searchParams, [cookie])
    const connected = await getConnectStep(core, scope, step.connectionId)
    if (connected.type !== 'connected' || !connected.accounts[0]) throw new Error('Nothing is connected.')
    accountId = connected.accounts[0].id
  }, 60_000)
  afterAll(async () => {
    await opened.close()
    await sandbox.close()
  })
  beforeEach(() => {
    for (const { id } of handle().world.posts()) handle().world.deletePost(id)
    handle().badDays.heal()
    aheadMs = 0
  })

  const texts = () =>
    handle()
      .world.posts()
      .map(({ text }) => text)

  /** Publishes; time passes to whenever the post is to be looked at again, until it comes to an end. */
  async function publish({ replies = [], media = [], ...more }: Partial<Content> & { text: string }) {
    const { core, scope } = opened
    const draft = { content: { ...more, replies, media }, targets: [{ accountId }] }
    const { group } = await createPostGroup(core, scope, draft)
    for (let looks = 0; looks < 40; looks++) {
      await publishGroupHere(core, scope, group.id, new Date(core.clock.now().getTime() + 300))
      const [post] = (await getPostGroup(core, scope, group.id)).posts
      if (!post) throw new Error('There is no post.')
      if (isFinal(post)) {
        const attempts = await listAttempts(core, scope, post.id)
        return { post, outcomes: attempts.map(({ outcome }) => outcome) }
      }
      if (!post.wakeAt) throw new Error('Nobody looks at it again.')
      aheadMs = Math.max(aheadMs, post.wakeAt.getTime() - Date.now() + 1)
    }
    throw new Error('It comes to no end.')
  }

  const withImage = async () => {
    const { fileName, bytes, stream } = await files.image()
    const upload = { content: stream().open(), declaredBytes: bytes, fileName }
    const { id } = await addMedia(opened.core, opened.scope, upload)
    return [{ mediaId: id, altText: '' }]
  }

  const lose = (fault: 'lost_answer' | 'lost_request', method: string, after = 0) =>
    handle().badDays.set({ fault, path: `/api/${method}`, times: 1, after })

  it.each(['lost_answer', 'lost_request'] as const)(
    mayRead ? 'a message is out once after its %s' : 'a person is asked about a message after its %s',
    { timeout: 60_000 },
    async (fault) => {
      lose(fault, 'chat.postMessage')
      const { post, outcomes } = await publish({ text: 'Once', replies: ['Below'] })
      if (mayRead) {
        expect(texts()).toEqual(['Once', 'Below'])
        const [first, second] = handle().world.posts()
        expect(post).toMatchObject({
          state: 'published',
          sent: { platformPostId: first?.id, parts: [second?.id] },
        })
        expect(outcomes).toEqual(fault === 'lost_answer' ? ['sent', 'sent'] : ['not_sent', 'sent', 'sent'])
      } else {
        expect(texts()).toEqual(fault === 'lost_answer' ? ['Once'] : [])
        expect(post).toMatchObject({ state: 'unknown', failure: { code: 'outcome_unknown' } })
        expect(outcomes).toEqual(['unknown'])
      }
    },
  )

  it.each(['lost_answer', 'lost_request'] as const)(
    mayRead ? 'a reply is out once after its %s' : 'a person is asked about a reply after its %s',
    { timeout: 60_000 },
    async (fault) => {
      lose(fault, 'chat.postMessage', 1)
      const { post } = await publish({ text: 'Post', replies: ['Below', 'Last'] })
      expect(post.state).toBe('published')
      if (mayRead) {
        expect(post.failure).toBeNull()
        expect(texts()).toEqual(['Post', 'Below', 'Last'])
      } else {
        expect(post.failure).toMatchObject({ code: 'outcome_unknown' })
        expect(texts()).toEqual(fault === 'lost_answer' ? ['Post', 'Below'] : ['Post'])
      }
    },
  )

  it('files are found after their lost answer', { timeout: 60_000 }, async () => {
    lose('lost_answer', 'files.completeUploadExternal')
    const { post, outcomes } = await publish({ text: 'Files', media: await withImage() })
    const [first] = handle().world.posts()
    expect(texts()).toEqual(['Files'])
    expect(post).toMatchObject({ state: 'published', sent: { platformPostId: first?.id } })
    expect(outcomes).toEqual(['sent'])
  })

  it('files that do not turn up after a lost request are left to a person', { timeout: 60_000 }, async () => {
    lose('lost_request', 'files.completeUploadExternal')
    const { post, outcomes } = await publish({ text: 'Files', media: await withImage() })
    expect(texts()).toEqual([])
    expect(post).toMatchObject({ state: 'unknown', failure: { code: 'outcome_unknown' } })
    expect(outcomes).toEqual(['unknown'])
  })
})
