import type { CoreContext } from '../core-context.js'
import type { Account } from '../model/account.js'
import type { PostId } from '../model/ids.js'
import { type Attempt, type Content, isFinal, type Post } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import { createPostGroup, type PostGroupDraft } from '../publish/create-post-group.js'
import { runPostTurn } from '../publish/post-turn.js'
import { createFakeClock, type FakeClock } from './fake-clock.js'
import { createMemoryPlatform, type MemoryPlatform, type MemoryPlatformOptions } from './memory-platform.js'
import { connectUser, createScope, createTestCore, type TestCoreOptions } from './test-core.js'
import type { TestDatabase } from './test-database.js'

/** An account on a memory platform and a post for it, with time in the test's hands. */
export interface PublishingWorld {
  platform: MemoryPlatform
  clock: FakeClock
  core: CoreContext
  scope: Scope
  account: Account
  /** Another process on the same database. */
  startProcess(options?: Partial<TestCoreOptions>): Promise<CoreContext>
  createPost(
    text?: string,
    more?: Omit<Partial<PostGroupDraft>, 'content'> & { content?: Partial<Content> },
  ): Promise<Post>
  get(id: PostId): Promise<Post>
  attempts(id: PostId): Promise<Attempt[]>
  /** Lets time pass until the post is due, whoever held it being long gone, and gives it one turn. */
  nextTurn(id: PostId, by?: CoreContext): Promise<Post>
  /** Turns until nothing more happens by itself. */
  finish(id: PostId, by?: CoreContext): Promise<Post>
}

const most = 40

export async function createPublishingWorld(
  database: TestDatabase,
  options: Omit<MemoryPlatformOptions, 'clock'> & { core?: Partial<TestCoreOptions> } = {},
): Promise<PublishingWorld> {
  const clock = createFakeClock()
  const platform = createMemoryPlatform({ ...options, clock })
  const startProcess = (more: Partial<TestCoreOptions> = {}) =>
    createTestCore(database, { platforms: [platform], clock, ...options.core, ...more })
  const core = await startProcess()
  const scope = await createScope(core)
  const account = await connectUser(core, scope, platform, 'ann')
  const { workspaceId } = scope

  const world: PublishingWorld = {
    platform,
    clock,
    core,
    scope,
    account,
    startProcess,
    async createPost(text = 'Hello', { content = {}, ...more } = {}) {
      const draft = {
        content: { text, media: [], ...content },
        targets: [{ accountId: account.id }],
        ...more,
      }
      const { posts } = await createPostGroup(core, scope, draft)
      const [post] = posts
      if (!post) throw new Error('no post was made')
      return post
    },
    async get(id) {
      const post = await core.store.posts.get(workspaceId, id)
      if (!post) throw new Error('the post is gone')
      return post
    },
    attempts: (id) => core.store.attempts.list(workspaceId, id),
    async nextTurn(id, by = core) {
      const { dueAt } = await world.get(id)
      const secondsLeft = (dueAt.getTime() - clock.now().getTime()) / 1000
      if (secondsLeft > 0) clock.advance(secondsLeft)
      await database.query('update posts set lease_until = now() where id = $1 and lease_until is not null', [
        id,
      ])
      await runPostTurn(by, { workspaceId, postId: id })
      return world.get(id)
    },
    async finish(id, by = core) {
      for (let turn = 0; turn < most; turn++) {
        const post = await world.nextTurn(id, by)
        if (isFinal(post)) return post
      }
      throw new Error(`the post is not final after ${most} turns`)
    },
  }
  return world
}
