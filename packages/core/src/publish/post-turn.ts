import { type CoreContext, providerContext } from '../core-context.js'
import { effectiveHealth, reportAccount } from '../health/account-report.js'
import type { Account } from '../model/account.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import { newId } from '../model/ids.js'
import type { Json } from '../model/json.js'
import type { Attempt, AttemptOutcome, Post, PostFailure, PostGroup, SentPost } from '../model/post.js'
import { type HookFailure, readHookFailure } from '../provider/hook-failure.js'
import type { Provider, PublishInput, PublishStep } from '../provider/provider.js'
import { type OpenGrant, openGrant, useGrant } from '../refresh/use-grant.js'
import { storeFailure } from '../refresh/verify-account.js'
import { saveSurely } from '../store/save-surely.js'
import type { PostUpdate, PostWakeUp } from '../store/store.js'
import { publishInput } from './publish-input.js'
import { nextTry } from './retry-policy.js'

/** After this long an unknown outcome is left to a person. */
const reconcileForMs = 3 * 24 * 60 * 60 * 1000

/** Thrown to leave a turn when the post has passed into other hands; nothing may be written any more. */
class FenceLost extends Error {}

/**
 * One turn of one post: takes it if it is due, carries it as far as it comes within the time of a turn, and puts it back in a
 * state from which anybody can go on. Never throws for what happens to the post; that is written on its row.
 *
 * The order in which things are written is the heart of it. An attempt is committed before the call that makes the post
 * public; its outcome after it. A turn that finds an attempt without outcome therefore knows that the post may be public and
 * looks before it does anything else. Every write carries the fence of its claim, so that a process which was stopped past
 * its lease and woken again writes nothing.
 *
 * @returns whether the post was taken
 */
export async function runPostTurn(core: CoreContext, wakeUp: PostWakeUp): Promise<boolean> {
  const post = await core.store.posts.claim(wakeUp.workspaceId, wakeUp.postId, {
    owner: core.processId,
    leaseSeconds: core.timings.postLease,
    now: core.clock.now(),
  })
  if (!post) return false
  const turn = new PostTurn(core, post)
  try {
    await turn.run()
  } catch (error) {
    if (error instanceof FenceLost) {
      core.logger.warn({ postId: post.id, fence: post.fence }, 'the post passed into other hands')
    } else if (isPostMcpError(error, 'database_unavailable')) {
      core.logger.error(
        { postId: post.id },
        'the database does not answer; the sweeper will look at the post again',
      )
    } else {
      await turn.putBackAfter(error)
    }
  }
  return true
}

/** What a turn works with once it has read what belongs to the post. */
interface Surroundings {
  provider: Provider
  group: PostGroup
  account: Account
  grant: Grant | undefined
}

class PostTurn {
  readonly #core: CoreContext
  #post: Post
  /** The turn ends at a step after this instant. */
  readonly #until: number
  /** An access token is replaced at most once per turn. */
  #tokenReplaced = false

  constructor(core: CoreContext, post: Post) {
    this.#core = core
    this.#post = post
    this.#until = Date.now() + core.timings.postTurn * 1000
  }

  async run(): Promise<void> {
    const around = await this.#look()
    const unsettled = await this.#unsettled()
    if (unsettled && !(await this.#reconcile(around, unsettled))) return
    await this.#advance(around)
  }

  /** The newest attempt that may have made the post public without our knowing. */
  async #unsettled(): Promise<Attempt | undefined> {
    const attempts = await this.#core.store.attempts.list(this.#post.workspaceId, this.#post.id)
    return attempts.findLast((attempt) => attempt.outcome === null || attempt.outcome === 'unknown')
  }

  async #look(): Promise<Surroundings> {
    const { workspaceId, groupId, accountId } = this.#post
    const { store, providers } = this.#core
    const group = await store.postGroups.get(workspaceId, groupId)
    const account = await store.accounts.get(workspaceId, accountId)
    if (!group || !account)
      throw new PostMcpError('internal_error', 'The post has lost its group or account.')
    const grant = account.grantId ? await store.grants.get(workspaceId, account.grantId) : undefined
    return { provider: providers.get(account.platform), group, account, grant }
  }

  // --- going forward -------------------------------------------------------------------------------------------------

  async #advance(around: Surroundings): Promise<void> {
    const health = effectiveHealth(around.account, around.grant)
    if (!around.grant || health.status !== 'active') return this.#failUnpublishable(around)
    for (;;) {
      if (Date.now() > this.#until) return this.#putBack(this.#core.clock.now())
      const goOn = this.#post.checkpointSends ? await this.#send(around) : await this.#step(around)
      if (!goOn) return
    }
  }

  /** A step that nobody can see. @returns whether the turn goes on */
  async #step(around: Surroundings): Promise<boolean> {
    await this.#chooseDedupeKey(around.provider)
    const open = await this.#use(around)
    if (!open) return false
    try {
      return await this.#take(await this.#call(around, open, this.#post.checkpoint, new Date(this.#until)))
    } catch (error) {
      return this.#afterFailure(around, open, readHookFailure(around.provider, error, 'publish'))
    }
  }

  /** The call that makes the post public, between the two halves of its journal entry. @returns whether the turn goes on */
  async #send(around: Surroundings): Promise<boolean> {
    const open = await this.#use(around)
    if (!open) return false
    const attempt = await this.#openAttempt()
    let step: PublishStep
    try {
      step = await this.#call(around, open, attempt.body, attempt.sendDeadline)
    } catch (error) {
      return this.#afterFailedSend(around, open, attempt, readHookFailure(around.provider, error, 'publish'))
    }
    if (step.type === 'done') {
      await this.#published(attempt, step.sent)
      return false
    }
    await this.#finish(attempt, 'sent', null, {}, false)
    return this.#take(step)
  }

  /** Keeps where publishing stands. @returns whether the turn goes on */
  async #take(step: PublishStep): Promise<boolean> {
    switch (step.type) {
      case 'done':
        await this.#write({ ...this.#asPublished(step.sent) }, true)
        return false
      case 'send':
        await this.#write({ checkpoint: step.checkpoint, checkpointSends: true }, false)
        return true
      case 'wait': {
        const dueAt = new Date(this.#core.clock.now().getTime() + step.resumeAfterSeconds * 1000)
        await this.#write({ checkpoint: step.checkpoint, checkpointSends: false, dueAt, wakeAt: dueAt }, true)
        return false
      }
    }
  }

  async #call(
    around: Surroundings,
    open: OpenGrant,
    checkpoint: Json | null,
    deadline: Date,
  ): Promise<PublishStep> {
    const ctx = providerContext(this.#core, around.provider, { deadline })
    const input = await this.#input(around, open)
    return checkpoint === null
      ? around.provider.startPublish(ctx, input)
      : around.provider.continuePublish(ctx, input, checkpoint)
  }

  async #input(around: Surroundings, open: OpenGrant): Promise<PublishInput> {
    const { dedupeKey } = this.#post
    if (dedupeKey === null) throw new PostMcpError('internal_error', 'No dedupe key was chosen.')
    return publishInput(
      this.#core,
      { ...this.#post, dedupeKey },
      around.group.content,
      around.account,
      open.access,
    )
  }

  async #chooseDedupeKey(provider: Provider): Promise<void> {
    if (this.#post.dedupeKey !== null) return
    const now = this.#core.clock.now()
    await this.#write({ dedupeKey: provider.createDedupeKey(now), dedupeKeyAt: now }, false)
  }

  /** The grant with tokens that can be used; null when it cannot be had, which is then written on the post. */
  async #use(around: Surroundings): Promise<OpenGrant | null> {
    const { account, provider } = around
    if (!account.grantId) return null
    try {
      return await useGrant(this.#core, account.workspaceId, account.grantId)
    } catch (error) {
      if (!(error instanceof PostMcpError) || error.code === 'database_unavailable') throw error
      if (error.code === 'account_not_publishable') {
        await this.#failUnpublishable({ ...around, ...(await this.#look()) })
      } else if (error.code === 'platform_unavailable' || error.code === 'rate_limited') {
        await this.#later(provider, error)
      } else {
        await this.#fail(error)
      }
      return null
    }
  }

  // --- when a call fails ---------------------------------------------------------------------------------------------

  async #afterFailedSend(
    around: Surroundings,
    open: OpenGrant,
    attempt: Attempt,
    failure: HookFailure,
  ): Promise<boolean> {
    const unknown = (update: PostUpdate, release: boolean) =>
      this.#finish(attempt, 'unknown', failure.error, { state: 'unknown', ...update }, release)
    if (failure.classification.kind === 'already_sent') {
      await unknown({}, false)
      const found = await this.#lookFor(around, attempt)
      if (found === 'not_there') await this.#leaveToPerson()
      return false
    }
    if (failure.effect === 'maybe') {
      const dueAt = this.#retryAt(failure.error) ?? new Date(this.#core.clock.now().getTime() + 60_000)
      const failedTurns = this.#post.failedTurns + 1
      await unknown({ failure: this.#failure(failure.error), failedTurns, dueAt, wakeAt: dueAt }, true)
      return false
    }
    await this.#finish(attempt, 'not_sent', failure.error, {}, false)
    return this.#afterFailure(around, open, failure)
  }

  /** After a failure that certainly left nothing behind. @returns whether the turn goes on */
  async #afterFailure(around: Surroundings, open: OpenGrant, failure: HookFailure): Promise<boolean> {
    const { classification, error } = failure
    const { account, provider } = around
    switch (classification.kind) {
      case 'access_token_expired': {
        if (this.#tokenReplaced || !account.grantId) {
          await this.#later(provider, error)
          return false
        }
        this.#tokenReplaced = true
        const need = { kind: 'replacement', refusedVersion: open.grant.version } as const
        try {
          await useGrant(this.#core, account.workspaceId, account.grantId, need)
          return true
        } catch (refreshError) {
          if (!(refreshError instanceof PostMcpError)) throw refreshError
          if (refreshError.code === 'account_not_publishable')
            await this.#failUnpublishable(await this.#look())
          else await this.#later(provider, refreshError)
          return false
        }
      }
      case 'rate_limited':
      case 'unavailable':
        await this.#later(provider, error)
        return false
      case 'grant_lost':
      case 'account_unusable':
        await storeFailure(this.#core, account, open.grant, failure, 'publish')
        await this.#failUnpublishable(await this.#look())
        return false
      default:
        await this.#fail(error)
        return false
    }
  }

  /** Puts the post back for a later turn, or gives it up when there were too many. */
  async #later(provider: Provider, error: PostMcpError): Promise<void> {
    const dueAt = this.#retryAt(error)
    if (!dueAt) return this.#fail(error)
    this.#core.logger.info(
      { postId: this.#post.id, platform: provider.manifest.id, code: error.code },
      'trying again later',
    )
    await this.#write(
      {
        state: this.#post.state === 'unknown' ? 'unknown' : 'queued',
        failure: this.#failure(error),
        failedTurns: this.#post.failedTurns + 1,
        dueAt,
        wakeAt: dueAt,
      },
      true,
    )
  }

  #retryAt(error: PostMcpError): Date | null {
    return nextTry(this.#post.failedTurns + 1, error.retryAfter, this.#core.clock.now(), Math.random())
  }

  /** Ends the post as failed, unless an attempt of it may still turn out to have worked: that is cleared up first. */
  async #fail(error: PostMcpError): Promise<void> {
    const unsettled = await this.#unsettled()
    if (unsettled) {
      const settledAt = new Date(unsettled.sendDeadline.getTime() + this.#core.timings.reconcileMargin * 1000)
      const dueAt =
        settledAt > this.#core.clock.now() ? settledAt : new Date(this.#core.clock.now().getTime() + 60_000)
      const failedTurns = this.#post.failedTurns + 1
      return this.#write(
        { state: 'unknown', failure: this.#failure(error), failedTurns, dueAt, wakeAt: dueAt },
        true,
      )
    }
    await this.#write(
      {
        state: 'failed',
        failure: this.#failure(error),
        wakeAt: null,
        checkpoint: null,
        checkpointSends: false,
      },
      true,
    )
  }

  async #failUnpublishable({ account, grant, provider }: Surroundings): Promise<void> {
    const { health, nextAction } = reportAccount(account, grant, provider.manifest)
    const why = health.reason ? `${health.status}, ${health.reason}` : health.status
    await this.#fail(
      new PostMcpError('account_not_publishable', `@${account.handle} cannot publish: ${why}.`, {
        accountId: account.id,
        platform: account.platform,
        platformCode: health.platformCode ?? undefined,
        nextAction: `${nextAction.message} Then run \`postmcp post retry --post-group-id ${this.#post.groupId}\`.`,
      }),
    )
  }

  #failure(error: PostMcpError): PostFailure {
    return {
      code: error.code,
      message: error.message,
      nextAction: error.nextAction,
      platformCode: error.platformCode,
      at: this.#core.clock.now(),
    }
  }

  // --- when the outcome of an attempt is not known ---------------------------------------------------------------------

  /** Clears up an attempt before anything else is done. @returns true when the turn may go on */
  async #reconcile(around: Surroundings, attempt: Attempt): Promise<boolean> {
    if (attempt.outcome === null) {
      // Its sender is gone: nothing else leaves an attempt without outcome under a lease that is over.
      await this.#finish(attempt, 'unknown', null, { state: 'unknown' }, false)
    }
    const { account, grant, provider } = around
    const settledAt = new Date(attempt.sendDeadline.getTime() + this.#core.timings.reconcileMargin * 1000)
    const settled = settledAt <= this.#core.clock.now()
    // With a key a repetition is safe even while the first request is on its way; otherwise we wait until it cannot be.
    const repeatable = this.#keyHolds(provider) && effectiveHealth(account, grant).status === 'active'
    if (!settled && !repeatable) {
      await this.#write({ state: 'unknown', dueAt: settledAt, wakeAt: settledAt }, true)
      return false
    }
    if (!account.grantId || (!provider.findPublished && !repeatable)) {
      await this.#leaveToPerson()
      return false
    }
    if (provider.findPublished) {
      if ((await this.#lookFor(around, attempt)) !== 'not_there') return false
      if (settled) await this.#finish(attempt, 'not_sent', null, {}, false)
    }
    await this.#write({ state: 'publishing', checkpoint: attempt.body, checkpointSends: true }, false)
    return true
  }

  /** Asks the platform; a post that is found is published, and after trouble we look again later. */
  async #lookFor(around: Surroundings, attempt: Attempt): Promise<'not_there' | 'settled_or_later'> {
    const { provider } = around
    try {
      const found = await this.#find(around, attempt)
      if (!found) return 'not_there'
      await this.#published(attempt, found)
    } catch (error) {
      if (error instanceof FenceLost || isPostMcpError(error, 'database_unavailable')) throw error
      await this.#lookAgain(attempt, readHookFailure(provider, error, 'verify').error)
    }
    return 'settled_or_later'
  }

  /** Whether the platform still recognises a repetition by our key. */
  #keyHolds({ manifest: { publish } }: Provider): boolean {
    if (publish.reconcile !== 'key' || !publish.dedupe) return false
    const { windowSeconds } = publish.dedupe
    const chosenAt = this.#post.dedupeKeyAt
    if (windowSeconds === null) return chosenAt !== null
    return chosenAt !== null && this.#core.clock.now().getTime() - chosenAt.getTime() < windowSeconds * 1000
  }

  async #find(around: Surroundings, attempt: Attempt): Promise<SentPost | null> {
    const { account, provider } = around
    if (!account.grantId || !provider.findPublished) return null
    const open = await openGrant(this.#core, account.workspaceId, account.grantId)
    const { dedupeKey } = this.#post
    return provider.findPublished(
      providerContext(this.#core, provider, { deadline: new Date(this.#until) }),
      {
        access: open.access,
        account: { targetId: account.targetId, handle: account.handle },
        dedupeKey: dedupeKey ?? '',
      },
      attempt.body,
    )
  }

  async #lookAgain(attempt: Attempt, problem: PostMcpError): Promise<void> {
    const now = this.#core.clock.now()
    if (now.getTime() - attempt.startedAt.getTime() > reconcileForMs) return this.#leaveToPerson()
    const failedTurns = this.#post.failedTurns + 1
    const dueAt = nextTry(Math.min(failedTurns, 10), problem.retryAfter, now, Math.random()) ?? now
    await this.#write(
      { state: 'unknown', failure: this.#failure(problem), failedTurns, dueAt, wakeAt: dueAt },
      true,
    )
  }

  async #leaveToPerson(): Promise<void> {
    const error = new PostMcpError(
      'outcome_unknown',
      'The answer of the platform was lost and it cannot be asked: the post may be public or not.',
      {
        nextAction: `Look at the platform, then run \`postmcp post resolve --post ${this.#post.id} --as published\` (or \`--as failed\`).`,
      },
    )
    await this.#write({ state: 'unknown', failure: this.#failure(error), wakeAt: null }, true)
  }

  // --- the journal -----------------------------------------------------------------------------------------------------

  /** Commits that we are about to send, and what. */
  async #openAttempt(): Promise<Attempt> {
    const { store, timings } = this.#core
    const { workspaceId, id, checkpoint, dedupeKey } = this.#post
    if (checkpoint === null) throw new PostMcpError('internal_error', 'There is nothing prepared to send.')
    const earlier = await store.attempts.list(workspaceId, id)
    // Measured by the clock of the machine, as the deadline of a running request must be.
    const startedAt = new Date()
    const attempt: Attempt = {
      id: newId('attempt', startedAt),
      workspaceId,
      postId: id,
      number: earlier.length + 1,
      fence: this.#post.fence,
      body: checkpoint,
      dedupeKey,
      startedAt,
      sendDeadline: new Date(startedAt.getTime() + timings.send * 1000),
      finishedAt: null,
      outcome: null,
      failure: null,
    }
    await store.transaction(async (tx) => {
      if (!(await tx.posts.write(workspaceId, id, this.#post.fence, { state: 'publishing' }, false)))
        throw new FenceLost()
      await tx.attempts.insert(attempt)
    })
    this.#post = { ...this.#post, state: 'publishing' }
    return attempt
  }

  /** Commits what came of an attempt together with what it means for the post. */
  async #finish(
    attempt: Attempt,
    outcome: AttemptOutcome,
    error: PostMcpError | null,
    update: PostUpdate,
    release: boolean,
  ): Promise<void> {
    const { store, logger, clock } = this.#core
    const { workspaceId, id, fence } = this.#post
    await saveSurely(logger, 'outcome of an attempt', () =>
      store.transaction(async (tx) => {
        if (!(await tx.posts.write(workspaceId, id, fence, update, release))) throw new FenceLost()
        await tx.attempts.finish(workspaceId, attempt.id, outcome, error && this.#failure(error), clock.now())
      }),
    )
    this.#post = { ...this.#post, ...update }
  }

  async #published(attempt: Attempt, sent: SentPost): Promise<void> {
    const { store, logger, clock } = this.#core
    const { workspaceId, id, fence, accountId, groupId } = this.#post
    const now = clock.now()
    await saveSurely(logger, 'outcome of an attempt', () =>
      store.transaction(async (tx) => {
        if (!(await tx.posts.write(workspaceId, id, fence, this.#asPublished(sent), true)))
          throw new FenceLost()
        await tx.attempts.finish(workspaceId, attempt.id, 'sent', null, now)
        await tx.accounts.update(workspaceId, accountId, { lastUsedAt: now })
        await tx.events.add(
          workspaceId,
          'post.published',
          { postId: id, groupId, accountId, permalink: sent.permalink },
          now,
        )
      }),
    )
  }

  #asPublished(sent: SentPost): PostUpdate {
    return { state: 'published', sent, publishedAt: this.#core.clock.now(), failure: null, wakeAt: null }
  }

  async #write(update: PostUpdate, release: boolean): Promise<void> {
    const { workspaceId, id, fence } = this.#post
    if (!(await this.#core.store.posts.write(workspaceId, id, fence, update, release))) throw new FenceLost()
    this.#post = { ...this.#post, ...update }
  }

  async #putBack(dueAt: Date): Promise<void> {
    await this.#write({ dueAt, wakeAt: dueAt }, true)
  }

  /** After something nobody foresaw: the post goes back for a later turn; an attempt that is open stays open. */
  async putBackAfter(error: unknown): Promise<void> {
    const words =
      error instanceof PostMcpError ? error.message : 'Something unforeseen happened while publishing.'
    const problem =
      error instanceof PostMcpError ? error : new PostMcpError('internal_error', words, { cause: error })
    this.#core.logger.error(
      { postId: this.#post.id, code: problem.code, error: problem.message },
      'turn failed',
    )
    try {
      const dueAt = this.#retryAt(problem)
      if (!dueAt) return await this.#fail(problem)
      const failedTurns = this.#post.failedTurns + 1
      await this.#write({ failure: this.#failure(problem), failedTurns, dueAt, wakeAt: dueAt }, true)
    } catch (second) {
      if (!(second instanceof FenceLost) && !isPostMcpError(second, 'database_unavailable')) throw second
    }
  }
}
