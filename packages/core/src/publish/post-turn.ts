import { randomUUID } from 'node:crypto'
import type { CoreContext } from '../core-context.js'
import { effectiveHealth, reportAccount } from '../health/account-report.js'
import type { Account } from '../model/account.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import { type GrantId, newId } from '../model/ids.js'
import type { Json, JsonObject } from '../model/json.js'
import type {
  Attempt,
  AttemptOutcome,
  Post,
  PostFailure,
  PostGroup,
  PostState,
  SentPost,
} from '../model/post.js'
import { providerContext, providerContexts } from '../oauth/provider-context.js'
import { isGranted } from '../oauth/scopes.js'
import { type HookFailure, readHookFailure } from '../provider/hook-failure.js'
import type { Provider, PublishInput, PublishStep, TargetAccess } from '../provider/provider.js'
import type { TokenNeed } from '../refresh/refresh-policy.js'
import { openTarget } from '../refresh/target-access.js'
import { type OpenGrant, openGrant, useGrant } from '../refresh/use-grant.js'
import { asFinal, storeFailure } from '../refresh/verify-account.js'
import { saveSurely } from '../store/save-surely.js'
import type { PostUpdate, PostWakeUp, StoreOperations } from '../store/store.js'
import { paceOf } from './pace.js'
import { deletePostSecrets, openPostSecrets, savePostSecrets } from './post-secrets.js'
import { publishInput } from './publish-input.js'
import { nextTry } from './retry-policy.js'
import { decideOptions } from './target-content.js'

/** After this long an unknown outcome is left to a person. */
const reconcileForMs = 3 * 24 * 60 * 60 * 1000

/** A grant is looked at again before each step that begins later than this after the last look. */
const openForMs = 2000

/** Trouble of the moment with a grant. */
const passing = ['platform_unavailable', 'rate_limited', 'platform_response_invalid'] as const

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

/** What came of attempts. */
interface Outcomes {
  attempts: readonly Attempt[]
  outcome: AttemptOutcome
  error: PostMcpError | null
}

/** Whether the platform can be asked for a post whose answer was lost, with what was granted. */
function canLookFor({ manifest, findPublished }: Provider, grant: Grant | undefined): boolean {
  const { reconcile } = manifest.publish
  if (!findPublished) return false
  if (typeof reconcile !== 'object' || !grant) return true
  const isDeclared = manifest.scopes.some(({ name }) => reconcile.read.includes(name))
  return !isDeclared || isGranted(manifest, reconcile.read, grant.grantedScopes)
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
  /** What earlier steps gave to be kept sealed; null until it was looked for. A post that has not begun has none. */
  #secrets: Record<string, string> | null
  #target: TargetAccess | null = null
  /** Aborted when the post has passed into other hands, so that a call that still runs is given up. */
  readonly #lost = new AbortController()
  /** The grant as it was opened last, and when. */
  #opened: { open: OpenGrant; at: number } | null = null
  /** What calls are handed, as long as the grant is not opened again. */
  #contexts: Awaited<ReturnType<typeof providerContexts>> | null = null
  /** How many attempts the journal has: while we hold the post, nobody else adds one. */
  #attempts = 0

  constructor(core: CoreContext, post: Post) {
    this.#core = core
    this.#post = post
    this.#secrets = post.checkpoint === null ? {} : null
    this.#until = Date.now() + core.timings.postTurn * 1000
  }

  async run(): Promise<void> {
    const stop = this.#holdLease()
    try {
      const around = await this.#look()
      if (await this.#reconcile(around)) await this.#advance(around)
    } finally {
      stop()
    }
  }

  /** What the journal says: attempts that may have made the post public without our knowing, and those the platform took. */
  async #journal(): Promise<{ unsettled: Attempt[]; taken: Attempt[] }> {
    const attempts = await this.#core.store.attempts.list(this.#post.workspaceId, this.#post.id)
    this.#attempts = attempts.length
    return {
      unsettled: attempts.filter(({ outcome }) => outcome === null || outcome === 'unknown'),
      taken: attempts.filter(({ outcome }) => outcome === 'sent'),
    }
  }

  /** From when on a request of this attempt can no longer arrive. */
  #settledAt(attempt: Attempt, { manifest }: Provider): Date {
    const { reconcile } = manifest.publish
    const listed = typeof reconcile === 'object' ? (reconcile.afterSeconds ?? 0) : 0
    const margin = Math.max(this.#core.timings.reconcileMargin, listed)
    return new Date(attempt.sendDeadline.getTime() + margin * 1000)
  }

  async #look(): Promise<Surroundings> {
    const { workspaceId, groupId, accountId } = this.#post
    const { store, providers } = this.#core
    const group = await store.postGroups.get(workspaceId, groupId)
    const account = await store.accounts.get(workspaceId, accountId)
    if (!group || !account)
      throw new PostMcpError('internal_error', 'The post has lost its group or account.')
    const grant = account.grantId ? await store.grants.get(workspaceId, account.grantId) : undefined
    return { provider: providers.get(account.platform, grant?.way), group, account, grant }
  }

  // --- going forward -------------------------------------------------------------------------------------------------

  async #advance(around: Surroundings): Promise<void> {
    const health = effectiveHealth(around.account, around.grant)
    if (!around.grant || health.status !== 'active') return this.#failUnpublishable(around)
    if (this.#isTooLate(around.group)) return this.#failTooLate(around.group)
    if (!(await this.#waitForSlot(around))) return
    if (this.#post.state === 'unknown') await this.#write({ state: 'publishing' }, false)
    for (;;) {
      if (Date.now() > this.#until) return this.#putBack(this.#core.clock.now())
      const goOn = this.#post.checkpointSends ? await this.#send(around) : await this.#step(around)
      if (!goOn) return
    }
  }

  /** Whether it was due so long ago, without anybody having begun, that it must not go out any more. */
  #isTooLate({ publishAt, graceSeconds }: PostGroup): boolean {
    const { dedupeKey, slotAt, failedTurns } = this.#post
    if (publishAt === null || dedupeKey !== null || slotAt !== null || failedTurns > 0) return false
    // A post that is retried is due anew.
    const dueAt = Math.max(publishAt.getTime(), this.#post.dueAt.getTime())
    return this.#core.clock.now().getTime() > dueAt + graceSeconds * 1000
  }

  #failTooLate({ publishAt, graceSeconds }: PostGroup): Promise<void> {
    const minutes = Math.round(graceSeconds / 60)
    const words = `It was due at ${publishAt?.toISOString()}, and nothing was published here at that time, nor in the ${minutes} minutes after it.`
    return this.#fail(new PostMcpError('schedule_missed', words))
  }

  /** Takes a place in the queues of its account and its application, once. @returns whether its turn has come */
  async #waitForSlot({ provider, account, grant }: Surroundings): Promise<boolean> {
    if (this.#post.slotAt !== null || this.#post.checkpoint !== null) return true
    const slotAt = await paceOf(this.#core, provider.manifest, account, grant)
    if (slotAt === null) return true
    const now = this.#core.clock.now()
    if (slotAt <= now) {
      await this.#write({ slotAt }, false)
      return true
    }
    await this.#write({ state: 'queued', slotAt, dueAt: slotAt, wakeAt: slotAt }, true)
    return false
  }

  /** A step that nobody can see. @returns whether the turn goes on */
  async #step(around: Surroundings): Promise<boolean> {
    this.#chooseDedupeKey(around.provider)
    const open = await this.#use(around)
    if (!open) return false
    try {
      const input = await this.#input(around, open)
      const deadline = new Date(Date.now() + this.#core.timings.step * 1000)
      const step = await this.#call(around, input, this.#post.checkpoint, deadline)
      return await this.#take(step)
    } catch (error) {
      if (error instanceof FenceLost) throw error
      return this.#afterFailure(around, open, this.#read(around, open, error))
    }
  }

  /** The call that makes the post public, between the two halves of its journal entry. @returns whether the turn goes on */
  async #send(around: Surroundings): Promise<boolean> {
    const open = await this.#use(around)
    if (!open) return false
    const input = await this.#input(around, open)
    // By the clock of the machine, as a running request must be measured; begun no later than what the journal says.
    const seconds = this.#sendSeconds(around.provider)
    const deadline = new Date(Date.now() + seconds * 1000)
    const attempt = await this.#openAttempt(seconds)
    let step: PublishStep
    try {
      step = await this.#call(around, input, attempt.body, deadline)
    } catch (error) {
      return this.#afterFailedSend(around, open, attempt, this.#read(around, open, error))
    }
    return this.#take(step, attempt)
  }

  /**
   * Keeps where publishing stands, in one with the outcome of the attempt that brought it there: between the two the post would
   * look as if its last step were still to be sent.
   * @returns whether the turn goes on
   */
  async #take(step: PublishStep, attempt: Attempt | null = null): Promise<boolean> {
    if (step.type === 'done') {
      await this.#published(attempt, step.sent)
      return false
    }
    const isSend = step.type === 'send'
    const goOn = isSend || step.resumeAfterSeconds === 0
    const { dedupeKey, dedupeKeyAt } = this.#post
    const update: PostUpdate = {
      checkpoint: step.checkpoint,
      checkpointSends: isSend,
      dedupeKey,
      dedupeKeyAt,
    }
    if (step.progress) update.progress = step.progress
    if (isSend && step.published) {
      update.sent = step.published
      update.publishedAt = this.#post.publishedAt ?? this.#core.clock.now()
    }
    if (!goOn) {
      update.dueAt = new Date(this.#core.clock.now().getTime() + step.resumeAfterSeconds * 1000)
      update.wakeAt = update.dueAt
    }
    if (step.secrets) this.#secrets = step.secrets
    await this.#finish(attempt ? [attempt] : [], 'sent', null, update, !goOn, step.secrets)
    return goOn
  }

  #sendSeconds({ manifest }: Provider): number {
    return Math.max(this.#core.timings.send, manifest.publish.sendSeconds ?? 0)
  }

  #read({ provider }: Surroundings, open: OpenGrant, error: unknown): HookFailure {
    return asFinal(readHookFailure(provider, error, 'publish'), provider, open)
  }

  async #call(
    around: Surroundings,
    input: PublishInput,
    checkpoint: Json | null,
    deadline: Date,
  ): Promise<PublishStep> {
    const { provider, grant } = around
    const { startPublish, continuePublish, manifest } = provider
    if (!startPublish || !continuePublish) {
      throw new PostMcpError('validation_failed', `PostMCP does not publish to ${manifest.name} yet.`)
    }
    const { workspaceId } = this.#post
    const { signal } = this.#lost
    this.#contexts ??= await providerContexts(this.#core, provider, { workspaceId, client: grant?.client })
    const ctx = this.#contexts({ deadline, signal })
    return checkpoint === null
      ? startPublish.call(provider, ctx, input)
      : continuePublish.call(provider, ctx, input, checkpoint)
  }

  /** Prolongs the lease for as long as the turn lasts, for a call may take long. @returns how to let go of it */
  #holdLease(): () => void {
    const { store, timings, clock } = this.#core
    const { workspaceId, id, fence } = this.#post
    const beat = async () => {
      try {
        const lease = { seconds: timings.postLease, now: clock.now() }
        if (await store.posts.renew(workspaceId, id, fence, lease)) return
        clearInterval(timer)
        this.#lost.abort()
      } catch {
        // The next beat tries again; a lease that ran out is noticed by whoever writes next.
      }
    }
    const timer = setInterval(() => void beat(), (timings.postLease * 1000) / 3)
    timer.unref()
    return () => clearInterval(timer)
  }

  async #input(around: Surroundings, open: OpenGrant): Promise<PublishInput> {
    const { dedupeKey } = this.#post
    if (dedupeKey === null) throw new PostMcpError('internal_error', 'No dedupe key was chosen.')
    const whom = { ...around, content: around.group.content }
    const given = { access: open.access, account: await this.#access(around), secrets: await this.#sealed() }
    return publishInput(this.#core, { ...this.#post, dedupeKey }, whom, given)
  }

  async #access({ account }: Pick<Surroundings, 'account'>): Promise<TargetAccess> {
    this.#target ??= await openTarget(this.#core, account)
    return this.#target
  }

  async #sealed(): Promise<Record<string, string>> {
    this.#secrets ??= await openPostSecrets(this.#core, this.#post)
    return this.#secrets
  }

  /** It is written down with the first step that brings the post on, which is before anything is public. */
  #chooseDedupeKey(provider: Provider): void {
    if (this.#post.dedupeKey !== null) return
    const dedupeKeyAt = this.#core.clock.now()
    const dedupeKey = provider.createDedupeKey?.(dedupeKeyAt) ?? randomUUID()
    this.#post = { ...this.#post, dedupeKey, dedupeKeyAt }
  }

  /** The grant with tokens that can be used; null when it cannot be had, which is then written on the post. */
  async #use({ account, provider }: Surroundings, need?: TokenNeed): Promise<OpenGrant | null> {
    if (!account.grantId) return null
    if (!need && this.#opened && Date.now() - this.#opened.at < openForMs) return this.#opened.open
    try {
      const open = await useGrant(this.#core, account.workspaceId, account.grantId, need)
      this.#opened = { open, at: Date.now() }
      this.#contexts = null
      return open
    } catch (error) {
      if (!(error instanceof PostMcpError) || error.code === 'database_unavailable') throw error
      if (error.code === 'account_not_publishable') {
        await this.#failUnpublishable(await this.#look())
      } else if (isPostMcpError(error, ...passing)) {
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
      this.#finish([attempt], 'unknown', failure.error, { state: this.#uncertain(), ...update }, release)
    if (failure.classification.kind === 'already_sent') {
      await unknown({}, false)
      const found = canLookFor(around.provider, around.grant)
        ? await this.#lookFor(around, attempt)
        : 'not_there'
      if (found === 'not_there') await this.#leaveToPerson()
      return found === 'goes_on'
    }
    if (failure.effect === 'maybe') {
      const dueAt = this.#retryAt(failure.error) ?? new Date(this.#core.clock.now().getTime() + 60_000)
      const failedTurns = this.#post.failedTurns + 1
      await unknown({ failure: this.#failure(failure.error), failedTurns, dueAt, wakeAt: dueAt }, true)
      return false
    }
    await this.#finish([attempt], 'not_sent', failure.error, {}, false)
    return this.#afterFailure(around, open, failure)
  }

  /** After a failure of a call that certainly left nothing behind. @returns whether the turn goes on */
  async #afterFailure(around: Surroundings, open: OpenGrant, failure: HookFailure): Promise<boolean> {
    const { classification, error } = failure
    const { account, provider } = around
    switch (classification.kind) {
      case 'access_token_expired': {
        if (this.#tokenReplaced) {
          await this.#later(provider, error)
          return false
        }
        this.#tokenReplaced = true
        return (await this.#use(around, { kind: 'replacement', refusedVersion: open.grant.version })) !== null
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
        // What the platform took to publish later and then refused is certainly not public; earlier parts of it may be.
        await this.#fail(error, !this.#post.checkpointSends)
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
    const { unsettled, taken } = await this.#journal()
    await this.#write(
      {
        // Only a post that certainly is not public may look as if it had not begun: it can be cancelled.
        state: unsettled.length > 0 ? this.#uncertain() : taken.length > 0 ? 'publishing' : 'queued',
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

  /**
   * Ends the post as failed, unless an attempt of it may still turn out to have worked: that is cleared up first, or left to a
   * person.
   * @param isRefused the platform itself says that what it took will not be public
   */
  async #fail(error: PostMcpError, isRefused = false): Promise<void> {
    const { unsettled, taken } = await this.#journal()
    const newest = unsettled.at(-1)
    if (newest) {
      const retryAt = this.#retryAt(error)
      if (!retryAt) return this.#leaveToPerson(error.message)
      const provider = this.#core.providers.get(this.#post.platform)
      const settledAt = this.#settledAt(newest, provider)
      const dueAt = new Date(Math.max(settledAt.getTime(), retryAt.getTime()))
      const failedTurns = this.#post.failedTurns + 1
      return this.#write(
        { state: this.#uncertain(), failure: this.#failure(error), failedTurns, dueAt, wakeAt: dueAt },
        true,
      )
    }
    const failure = this.#failure(error)
    if (this.#post.sent) return this.#published(null, this.#post.sent, failure)
    if (taken.length > 0 && !isRefused) return this.#leaveToPerson(error.message)
    const failed = {
      state: 'failed',
      failure,
      wakeAt: null,
      checkpoint: null,
      checkpointSends: false,
      progress: null,
    } as const
    const outcomes = { attempts: taken, outcome: 'not_sent', error } as const
    await this.#end(failed, outcomes, 'post.failed', { code: failure.code })
  }

  /** What a post is while it is not known whether a call made something public: if that was a reply, the post itself is known. */
  #uncertain(): 'unknown' | 'publishing' {
    return this.#post.sent ? 'publishing' : 'unknown'
  }

  async #failUnpublishable({ account, grant, provider }: Surroundings): Promise<void> {
    const { health, nextAction } = reportAccount(account, grant, provider.manifest)
    if (grant && health.status === 'active') {
      // The verdict was about an authorization that has been replaced meanwhile.
      const words = 'The account was reconnected while the post was being published.'
      return this.#later(provider, new PostMcpError('platform_unavailable', words))
    }
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

  /** Clears up attempts of unknown outcome before anything else is done. @returns true when the turn may go on */
  async #reconcile(around: Surroundings): Promise<boolean> {
    const { unsettled } = await this.#journal()
    const newest = unsettled.at(-1)
    if (!newest) return true
    // Whose sender is gone: nothing else leaves an attempt without outcome under a lease that is over.
    const open = unsettled.filter((attempt) => attempt.outcome === null)
    if (open.length > 0) await this.#finish(open, 'unknown', null, { state: this.#uncertain() }, false)

    const { account, grant, provider } = around
    const settledAt = this.#settledAt(newest, provider)
    const settled = settledAt <= this.#core.clock.now()
    // With a key a repetition is safe even while the first request is on its way; otherwise we wait until it cannot be.
    const repeatable =
      this.#keyHolds(provider, account) && effectiveHealth(account, grant).status === 'active'
    if (!settled && !repeatable) {
      await this.#write({ state: this.#uncertain(), dueAt: settledAt, wakeAt: settledAt }, true)
      return false
    }
    const canLook = canLookFor(provider, grant)
    if (!account.grantId || (!canLook && !repeatable)) {
      await this.#leaveToPerson()
      return false
    }
    if (canLook) {
      const found = await this.#lookFor(around, newest)
      if (found !== 'not_there') return found === 'goes_on'
      if (settled) await this.#finish(unsettled, 'not_sent', null, {}, false)
    }
    const { failure, failedTurns } = this.#post
    if (failure && nextTry(failedTurns, undefined, this.#core.clock.now(), 0) === null) {
      await this.#fail(new PostMcpError(failure.code, failure.message, failure))
      return false
    }
    await this.#write({ state: 'publishing', checkpoint: newest.body, checkpointSends: true }, false)
    return true
  }

  /** Asks the platform; what is found goes on as if its answer had come, and after trouble we look again later. */
  async #lookFor(
    around: Surroundings,
    attempt: Attempt,
  ): Promise<'not_there' | 'goes_on' | 'settled_or_later'> {
    const { account, provider } = around
    if (!account.grantId || !provider.findPublished) return 'not_there'
    let open = await this.#openToLook(account, account.grantId)
    for (let again = true; ; again = false) {
      try {
        const found = await this.#find(around, open, attempt)
        if (!found) return 'not_there'
        return (await this.#take(found, attempt)) ? 'goes_on' : 'settled_or_later'
      } catch (error) {
        if (error instanceof FenceLost) throw error
        const failure = readHookFailure(provider, error, 'verify')
        if (failure.classification.kind !== 'access_token_expired' || !again) {
          await storeFailure(this.#core, account, open.grant, failure, 'publish')
          // Looking again would tell no more.
          if (failure.error.code === 'outcome_unknown') await this.#leaveToPerson(failure.error.message)
          else await this.#lookAgain(attempt, failure.error)
          return 'settled_or_later'
        }
        const need = { kind: 'replacement', refusedVersion: open.grant.version } as const
        open = await this.#openToLook(account, account.grantId, need)
      }
    }
  }

  /** Tokens to look with: good ones where they can be had; else those there are, for some platforms show posts to anybody. */
  async #openToLook(account: Account, grantId: GrantId, need?: TokenNeed): Promise<OpenGrant> {
    try {
      return await useGrant(this.#core, account.workspaceId, grantId, need)
    } catch (error) {
      if (!isPostMcpError(error, 'account_not_publishable', ...passing)) throw error
      return openGrant(this.#core, account.workspaceId, grantId)
    }
  }

  /** Whether the platform still recognises a repetition by our key. */
  #keyHolds({ manifest: { publish } }: Provider, { kind }: Account): boolean {
    if (publish.reconcile !== 'key' || !publish.dedupe) return false
    const { windowSeconds, exceptKinds } = publish.dedupe
    if (exceptKinds?.includes(kind)) return false
    const chosenAt = this.#post.dedupeKeyAt
    if (windowSeconds === null) return chosenAt !== null
    const arrivesAt = this.#core.clock.now().getTime() + this.#core.timings.send * 1000
    return chosenAt !== null && arrivesAt - chosenAt.getTime() < windowSeconds * 1000
  }

  async #find(
    { account, provider }: Surroundings,
    { access, grant }: OpenGrant,
    attempt: Attempt,
  ): Promise<PublishStep | null> {
    const ctx = await providerContext(this.#core, provider, {
      workspaceId: account.workspaceId,
      client: grant.client,
      deadline: new Date(this.#until),
    })
    const input = {
      access,
      account: await this.#access({ account }),
      options: decideOptions(provider.manifest, this.#post.target.options),
      dedupeKey: attempt.dedupeKey ?? '',
      secrets: await this.#sealed(),
      sentAt: attempt.startedAt,
    }
    return (await provider.findPublished?.(ctx, input, attempt.body)) ?? null
  }

  async #lookAgain(attempt: Attempt, problem: PostMcpError): Promise<void> {
    const now = this.#core.clock.now()
    if (now.getTime() - attempt.startedAt.getTime() > reconcileForMs) return this.#leaveToPerson()
    const failedTurns = this.#post.failedTurns + 1
    const dueAt = nextTry(Math.min(failedTurns, 10), problem.retryAfter, now, Math.random()) ?? now
    await this.#write(
      { state: this.#uncertain(), failure: this.#failure(problem), failedTurns, dueAt, wakeAt: dueAt },
      true,
    )
  }

  async #leaveToPerson(why = 'The answer of the platform was lost and it cannot be asked.'): Promise<void> {
    const { sent } = this.#post
    if (sent) {
      const words = `${why} A reply below the post may be public or not.`
      const nextAction = 'Look at the post, and add the reply by hand if it is missing.'
      const failure = this.#failure(new PostMcpError('outcome_unknown', words, { nextAction }))
      return this.#published(null, sent, failure)
    }
    const error = new PostMcpError('outcome_unknown', `${why} The post may be public or not.`, {
      nextAction: `Look at the platform, then run \`postmcp post resolve --post ${this.#post.id} --as published\` (or \`--as failed\`).`,
    })
    const unknown = { state: 'unknown', failure: this.#failure(error), wakeAt: null } as const
    await this.#end(unknown, null, 'post.unknown')
  }

  // --- the journal -----------------------------------------------------------------------------------------------------

  /** Commits that we are about to send, and what. */
  async #openAttempt(seconds: number): Promise<Attempt> {
    const { store, clock } = this.#core
    const { workspaceId, id, checkpoint, dedupeKey } = this.#post
    if (checkpoint === null) throw new PostMcpError('internal_error', 'There is nothing prepared to send.')
    const startedAt = clock.now()
    const attempt: Attempt = {
      id: newId('attempt', startedAt),
      workspaceId,
      postId: id,
      number: this.#attempts + 1,
      fence: this.#post.fence,
      body: checkpoint,
      dedupeKey,
      startedAt,
      sendDeadline: new Date(startedAt.getTime() + seconds * 1000),
      finishedAt: null,
      outcome: null,
      failure: null,
    }
    await store.transaction(async (tx) => {
      if (!(await tx.posts.write(workspaceId, id, this.#post.fence, { state: 'publishing' }, false)))
        throw new FenceLost()
      await tx.attempts.insert(attempt)
    })
    this.#attempts++
    this.#post = { ...this.#post, state: 'publishing' }
    return attempt
  }

  /** Commits what came of attempts, if there are any, together with what it means for the post. */
  async #finish(
    attempts: Attempt[],
    outcome: AttemptOutcome,
    error: PostMcpError | null,
    update: PostUpdate,
    release: boolean,
    secrets?: Record<string, string>,
  ): Promise<void> {
    const { store, logger, vault } = this.#core
    const { workspaceId, id, fence } = this.#post
    const box = secrets && (await vault.unlock(workspaceId))
    const save = async (to: StoreOperations) => {
      if (!(await to.posts.write(workspaceId, id, fence, update, release))) throw new FenceLost()
      await this.#note(to, { attempts, outcome, error })
      if (box) await savePostSecrets(to, box, this.#post, secrets)
    }
    // A step that nobody can see is one statement, which is whole by itself.
    const isOne = attempts.length === 0 && !box
    await saveSurely(logger, 'outcome of an attempt', () => (isOne ? save(store) : store.transaction(save)))
    this.#post = { ...this.#post, ...update }
  }

  /** Commits a state in which nothing more happens by itself, tells about it, and forgets what was only needed on the way. */
  async #end(
    update: PostUpdate & { state: PostState },
    outcomes: Outcomes | null,
    event: string,
    payload: JsonObject = {},
  ): Promise<void> {
    const { store, logger, clock } = this.#core
    const { workspaceId, id, fence, accountId, groupId } = this.#post
    const now = clock.now()
    await saveSurely(logger, 'outcome of an attempt', () =>
      store.transaction(async (tx) => {
        if (!(await tx.posts.write(workspaceId, id, fence, update, true))) throw new FenceLost()
        if (outcomes) await this.#note(tx, outcomes)
        const mayHaveSecrets = this.#secrets === null || Object.keys(this.#secrets).length > 0
        if (update.state !== 'unknown' && mayHaveSecrets) await deletePostSecrets(tx, this.#post)
        if (update.state === 'published')
          await tx.accounts.update(workspaceId, accountId, { lastUsedAt: now })
        await tx.events.add(workspaceId, event, { postId: id, groupId, accountId, ...payload }, now)
      }),
    )
    this.#post = { ...this.#post, ...update }
  }

  /** The second half of journal entries. */
  async #note(tx: StoreOperations, { attempts, outcome, error }: Outcomes): Promise<void> {
    const failure = error && this.#failure(error)
    for (const { id } of attempts) {
      await tx.attempts.finish(this.#post.workspaceId, id, outcome, failure, this.#core.clock.now())
    }
  }

  async #published(
    attempt: Attempt | null,
    sent: SentPost,
    failure: PostFailure | null = null,
  ): Promise<void> {
    const publishedAt = this.#post.publishedAt ?? this.#core.clock.now()
    const published = {
      state: 'published',
      sent,
      publishedAt,
      failure,
      wakeAt: null,
      progress: null,
    } as const
    const outcomes = { attempts: attempt ? [attempt] : [], outcome: 'sent', error: null } as const
    await this.#end(published, outcomes, 'post.published', { permalink: sent.permalink })
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
      // The lease runs out by itself, and the sweeper looks again.
      const words = second instanceof Error ? second.message : 'unknown'
      this.#core.logger.error({ postId: this.#post.id, error: words }, 'could not put the post back')
    }
  }
}
