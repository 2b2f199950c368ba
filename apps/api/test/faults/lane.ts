import { createHash } from 'node:crypto'
import { type AccountId, type CoreContext, isFinal, isGranted, type Post, type Provider } from '@postmcp/core'
import { runPostTurn, whyNot } from '@postmcp/core/testing'
import { approve, type PlatformHandle, type SandboxAccount } from '@postmcp/sandbox'
import { createApp } from '../../src/index.js'
import type { TestInstallation } from '../support/installation.js'
import { commonPicture, smallestVideo } from '../support/sample-files.js'
import { begin, goOn, newTenant, type Tenant } from '../support/simulated.js'
import type { Time } from '../support/time.js'
import { Visitor } from '../support/visitor.js'
import { judge } from './verdict.js'

/** What a post of the matrix holds, beside its text and a reply. */
export const contentKinds = ['images', 'video'] as const
export type ContentKind = (typeof contentKinds)[number]

/** A request as it is named in the tables. */
export interface Step {
  method: string
  path: string
  /** Whether it makes something public, as the journal says at that moment. */
  sends: boolean
  /** Whether time had to pass before. */
  waits: boolean
}

/** One post on its way, and who is to publish it. */
export interface LanePost {
  id: Post['id']
  tag: string
  kind: ContentKind
  replies: string[]
  account: LaneAccount
}

interface LaneAccount extends SandboxAccount {
  id: string
  /** Whether the platform can be asked what became of a post, with what was granted. */
  canBeAsked: boolean
  connectedAt: Date
  posts: number
}

/** Accounts are changed before tokens need to be refreshed, and before a quota ends. */
const accountSeconds = 900
const postsOfAccount = 6
const dayAndMore = 26 * 3600

/** Gives lanes new accounts if one of them needs one, a day later, so that whatever is counted by the day begins anew. */
export async function freshen(lanes: readonly Lane[]): Promise<void> {
  if (!lanes.some(({ isStale }) => isStale)) return
  for (const lane of lanes) await lane.disconnect()
  for (const time of new Set(lanes.map((lane) => lane.time))) time.advance(dayAndMore)
  for (const lane of lanes) await lane.connect()
}

/** One platform, and everything needed to publish there again and again with time in the test's hands. */
export class Lane {
  readonly handle: PlatformHandle
  readonly time: Time
  readonly core: CoreContext
  readonly provider: Provider
  readonly kinds: ContentKind[]
  readonly #product: TestInstallation
  readonly #app: ReturnType<typeof createApp>
  readonly #media = new Map<ContentKind, { mediaId: string; altText: string; sha256: string }[]>()
  #tenant: Tenant | null = null
  #account: LaneAccount | null = null
  #count = 0

  constructor(product: TestInstallation, handle: PlatformHandle, time: Time) {
    this.#product = product
    this.handle = handle
    this.time = time
    this.core = { ...product.core, clock: time }
    this.#app = createApp(this.core, product.sandboxAccess)
    this.provider = this.core.providers.get(handle.id)
    const { limits } = this.provider.manifest.publish
    this.kinds = contentKinds.filter((kind) => {
      return whyNot(kind === 'images' ? 'image' : 'video', limits) === null
    })
  }

  get id(): string {
    return this.handle.id
  }

  /** Whether PostMCP publishes there. */
  get publishes(): boolean {
    return this.provider.startPublish !== undefined
  }

  /** Makes a post with media and, where the platform has that, a reply. It waits to be published by whoever may. */
  async createPost(kind: ContentKind): Promise<LanePost> {
    const tenant = await this.#workspace()
    const account = this.#account
    if (!account) throw new Error(`${this.id}: nobody is connected.`)
    this.#count += 1
    const tag = `n${this.#count}${kind}`
    const { limits } = this.provider.manifest.publish
    const media = await this.#files(tenant, kind)
    const draft = (replies: string[]) => ({
      content: {
        text: `Fault ${tag} of many`,
        ...(limits.title && { title: `Title ${tag}` }),
        media: media.map(({ mediaId, altText }) => ({ mediaId, altText })),
        ...(replies.length > 0 && { replies }),
      },
      targets: [{ accountId: account.id }],
    })
    const replies = await this.#repliesFor(tenant, draft, tag)
    const { posts } = await tenant.ok('POST', '/post-groups', draft(replies))
    account.posts += 1
    return { id: posts[0].id, tag, kind, replies, account }
  }

  async get({ id }: Pick<LanePost, 'id'>): Promise<Post> {
    const post = await this.core.store.posts.get(await this.#workspaceId(), id)
    if (!post) throw new Error(`${this.id}: the post is gone.`)
    return post
  }

  /** Gives the post turns in this process, each as soon as it may have one, until nothing more happens by itself or there were too many. */
  async publishHere({ id }: LanePost): Promise<Post> {
    const workspaceId = await this.#workspaceId()
    for (let turn = 0; turn < 60; turn++) {
      await runPostTurn(this.core, { workspaceId, postId: id })
      const post = await this.get({ id })
      if (isFinal(post)) return post
      // What has no instant to be looked at is found by nobody.
      if (post.wakeAt === null) return post
      this.time.moveTo(post.wakeAt)
    }
    return this.get({ id })
  }

  /** Everything one post of this kind sends in fair weather, in order. @throws Error when it is not published then */
  async fairWeather(kind: ContentKind): Promise<Step[]> {
    await freshen([this])
    const post = await this.createPost(kind)
    const watched = this.watch(post)
    try {
      const { result, words } = judge(this, post, await this.publishHere(post))
      if (result !== 'published') throw new Error(`${this.id}, ${kind}, in fair weather: ${words}`)
    } finally {
      watched.stop()
    }
    return watched.steps
  }

  /** Notes everything the platform is asked from now on, on the way of this post. */
  watch({ id }: Pick<LanePost, 'id'>): { steps: Step[]; stop(): void } {
    const steps: Step[] = []
    // What the clock is ahead of the machine's only grows when it is moved.
    const aheadMs = () => this.time.now().getTime() - Date.now()
    const begin = aheadMs()
    const stop = this.handle.badDays.watch(async ({ at, method, path }) => {
      if (at === 'answer') return undefined
      const step = { method, path: nameOf(path), sends: false, waits: aheadMs() - begin > 1000 }
      steps.push(step)
      const attempts = await this.core.store.attempts.list(await this.#workspaceId(), id)
      step.sends = attempts.some(({ outcome }) => outcome === null)
      return undefined
    })
    return { steps, stop }
  }

  /** What somebody at the platform sees of a post: itself and the replies below it, as often as they are there. */
  seen({ tag, account }: LanePost) {
    const of =
      account.resourceId === undefined ? { personId: account.personId } : { resourceId: account.resourceId }
    const all = this.handle.world.posts(of).filter(({ text }) => new RegExp(`\\b${tag}\\b`).test(text))
    return {
      posts: all.filter(({ inReplyTo }) => inReplyTo === null),
      replies: all.filter(({ inReplyTo }) => inReplyTo !== null),
    }
  }

  /** Hashes of the files of a post, as they were given. */
  hashesOf(kind: ContentKind): string[] {
    return (this.#media.get(kind) ?? []).map(({ sha256 }) => sha256)
  }

  async #workspace(): Promise<Tenant> {
    this.#tenant ??= await newTenant(this.core, this.#app, `Lane ${this.id}`)
    return this.#tenant
  }

  async #workspaceId() {
    return (await this.#workspace()).scope.workspaceId
  }

  async #files(tenant: Tenant, kind: ContentKind) {
    const made = this.#media.get(kind)
    if (made) return made
    const { limits } = this.provider.manifest.publish
    const count = kind === 'video' ? 1 : Math.min(2, limits.images?.max ?? 0)
    const make = () => (kind === 'video' ? smallestVideo(limits) : commonPicture())
    const contents = await Promise.all(Array.from({ length: count }, make))
    const files: { mediaId: string; altText: string; sha256: string }[] = []
    for (const content of contents) {
      const raw = { type: 'application/octet-stream', content }
      const { id } = await tenant.ok('POST', '/media', undefined, { raw })
      const sha256 = createHash('sha256').update(content).digest('hex')
      files.push({ mediaId: id, altText: `File ${files.length}`, sha256 })
    }
    this.#media.set(kind, files)
    return files
  }

  /** One reply, where this very target may have some. */
  async #repliesFor(tenant: Tenant, draft: (replies: string[]) => unknown, tag: string): Promise<string[]> {
    if (!this.provider.manifest.publish.limits.replies) return []
    const replies = [`And a reply to ${tag} below`]
    const { issues } = await tenant.ok('POST', '/post-groups/validate', draft(replies))
    const refuses = (issues as { severity: string; field?: string }[]).some(
      ({ severity, field = '' }) => severity === 'error' && field.includes('replies'),
    )
    return refuses ? [] : replies
  }

  /** Whether its account is too old or has too many posts for another one. */
  get isStale(): boolean {
    if (!this.#account) return true
    const ageMs = this.time.now().getTime() - this.#account.connectedAt.getTime()
    return ageMs > accountSeconds * 1000 || this.#account.posts >= postsOfAccount
  }

  /** Lets the account go. */
  async disconnect(): Promise<void> {
    if (!this.#account) return
    await (await this.#workspace()).ok('POST', `/accounts/${this.#account.id}/disconnect`)
    this.#account = null
  }

  /** Connects somebody new. */
  async connect(): Promise<void> {
    const person = this.handle.platform.addAccount?.(this.handle.kit) ?? this.#newPerson()
    const id = await this.#connect(await this.#workspace(), person)
    // The database goes by the machine's time: a worker would verify the account at once, in the middle of a round.
    const tomorrow = new Date(this.time.now().getTime() + dayAndMore * 1000)
    await this.#product.database.query('update accounts set verify_at = $2 where id = $1', [id, tomorrow])
    const canBeAsked = await this.#canBeAsked(id)
    this.#account = { ...person, id, canBeAsked, connectedAt: this.time.now(), posts: 0 }
  }

  async #canBeAsked(accountId: string): Promise<boolean> {
    const { reconcile } = this.provider.manifest.publish
    if (typeof reconcile === 'string') return reconcile !== 'never'
    const workspaceId = await this.#workspaceId()
    const { grantId = null } = (await this.core.store.accounts.get(workspaceId, accountId as AccountId)) ?? {}
    const grant = grantId === null ? undefined : await this.core.store.grants.get(workspaceId, grantId)
    return isGranted(this.provider.manifest, reconcile.read, grant?.grantedScopes ?? [])
  }

  #newPerson(): SandboxAccount {
    const { world, kit, platform } = this.handle
    const number = world.people().length + 1
    const { id } = world.addPerson({ name: `Person ${number}`, handle: `person${number}` })
    return { personId: id, targetId: id, fields: platform.connectFields(kit, id), wrongFields: {} }
  }

  async #connect(tenant: Tenant, person: SandboxAccount): Promise<string> {
    const { credentials } = this.provider.manifest.connect
    const isTyped = credentials?.fields.every(({ name, required }) => !required || name in person.fields)
    if (isTyped) {
      const step = await tenant.ok('POST', '/accounts/connect', { platform: this.id, fields: person.fields })
      return this.#connected(tenant, step, person)
    }
    const browser = new Visitor((url, init) => this.#app.request(url, init))
    const platform = { ...this.handle, id: this.id, connectFields: () => person.fields }
    const step = await begin(tenant, platform as PlatformHandle)
    const resourceIds =
      person.chosenIds ?? (person.resourceId === undefined ? undefined : [person.resourceId])
    const decision = { personId: person.personId, ...(resourceIds && { resourceIds: [...resourceIds] }) }
    await browser.open(await approve(await goOn(browser, step), decision))
    const { step: next, state, failureReason } = await tenant.ok('GET', `/connections/${step.connectionId}`)
    if (!next) throw new Error(`${this.id}: the connection is ${state}, ${failureReason}.`)
    return this.#connected(tenant, next, person)
  }

  // biome-ignore lint/suspicious/noExplicitAny: an answer of the API, looked at field by field
  async #connected(tenant: Tenant, step: any, { targetId }: SandboxAccount): Promise<string> {
    const done =
      step.type === 'select_targets'
        ? await tenant.ok('POST', `/connections/${step.connectionId}`, { targetIds: [targetId] })
        : step
    if (done.type !== 'connected') throw new Error(`${this.id}: the step is ${done.type}.`)
    // Where a platform is many servers, their names stand beside the ids.
    const account = (done.accounts as { id: string; targetId: string }[]).find(
      (each) => each.targetId === targetId || each.targetId.endsWith(`/${targetId}`),
    )
    if (!account) throw new Error(`${this.id}: ${targetId} was not connected.`)
    return account.id
  }
}

/** The path without what is another one each time, such as ids and tokens. */
export const nameOf = (path: string) =>
  path.replaceAll(/\/(bot)?([^/]*\d{5}[^/]*|[\w-]{40}|urn%3A[^/]*)(?=\/|$)/g, '/$1…')
