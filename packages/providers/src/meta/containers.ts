import {
  type Json,
  MalformedResponseError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { GraphError } from './graph.js'
import { clockSkewMs, sentOf, threadForm } from './thread.js'

/** What a container is at: being worked on, ready, failed, a day old, or public. */
export const containerStates = ['IN_PROGRESS', 'FINISHED', 'ERROR', 'EXPIRED', 'PUBLISHED'] as const

/** How far the platform is with a container; `problem` where it failed. */
export interface ContainerStatus {
  state: (typeof containerStates)[number]
  problem?: { platformCode: string; message: string } | undefined
}

/** A post of the account as the platform lists it. */
export interface ListedPost {
  id: string
  text: string
  publishedAt: Date
  permalink: string | null
}

/** What hooks that act for an account are handed. */
export type Actor = Pick<PublishInput, 'access' | 'account' | 'options'>

/** What differs between the platforms of Meta that publish by containers. */
export interface ContainerApi {
  name: string
  /** What will be read below or above the files. Default: the text. */
  textOf?(input: PublishInput): string
  /** Makes the container of one of several files. @returns its id */
  createItem(ctx: ProviderContext, input: PublishInput, index: number): Promise<string>
  /** Makes the container of the post, of these items where it has several files. @returns its id */
  createPost(ctx: ProviderContext, input: PublishInput, items: readonly string[]): Promise<string>
  /** What follows when the post is public, where replies need no containers. Default: a container for each. */
  afterPost?(posted: Pick<ListedPost, 'id' | 'permalink'>, replies: readonly string[]): PublishStep
  /** Makes the container of a reply. @returns its id */
  createReply?(ctx: ProviderContext, actor: Actor, reply: { text: string; to: string }): Promise<string>
  status(ctx: ProviderContext, actor: Actor, container: string): Promise<ContainerStatus>
  /** Makes a container public. @returns the id of the post */
  publish(ctx: ProviderContext, actor: Actor, container: string): Promise<string>
  permalink(ctx: ProviderContext, actor: Actor, id: string): Promise<string | null>
  /** The newest posts of the account, replies left out; all since then, or more. */
  list(ctx: ProviderContext, actor: Actor, since: Date): Promise<ListedPost[]>
}

/**
 * Where publishing stands. Addresses of files are not in it: they are capabilities, and are asked for anew with each container.
 * - `items`: containers of single files are made, one a call
 * - `look_at_items`, `look`: the platform fetches the files and works on them
 * - `publish`: what the next call makes public
 * - `reply`: what is next is the container of a reply, which nobody sees; announced all the same, so that the post itself is known
 */
const checkpointForm = z.object({
  stage: z.enum(['items', 'look_at_items', 'look', 'publish', 'reply']),
  items: z.array(z.string()),
  /** How many of the items are ready. */
  ready: z.int(),
  container: z.string().nullable(),
  /** When what is looked at was made. */
  madeAt: z.iso.datetime(),
  looks: z.int(),
  /** Of what is made public next, to find it again. */
  text: z.string(),
  /** Texts that follow it. */
  replies: z.array(z.string()),
  /** Absent while nothing is public. */
  thread: threadForm.optional(),
})
type Checkpoint = z.infer<typeof checkpointForm>

/**
 * When to look again, in seconds. Meta advises to look once a minute and says that it takes half a minute on average; the first looks
 * come sooner, because a container of a text or a picture is ready at once more often than not.
 */
const pauses = [3, 5, 10, 20, 30]
const longestPause = 60
/** Beyond it the platform is taken to have forgotten; long reels take a quarter of an hour. The number is ours. */
const longestWorkMs = 60 * 60 * 1000

/** Makes the first container; nothing is public after it. */
export async function startContainers(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
): Promise<PublishStep> {
  const { content } = input
  const fresh: Checkpoint = {
    stage: 'items',
    items: [],
    ready: 0,
    container: null,
    madeAt: ctx.clock.now().toISOString(),
    looks: 0,
    text: api.textOf?.(input) ?? content.text,
    replies: content.replies,
  }
  return content.media.length > 1 ? makeItem(api, ctx, input, fresh) : makePost(api, ctx, input, fresh)
}

/** Goes one step further from a checkpoint. Only the stage `publish` makes something public. */
export function continueContainers(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  switch (state.stage) {
    case 'items':
      return makeItem(api, ctx, input, state)
    case 'look_at_items':
      return lookAtItem(api, ctx, input, state)
    case 'look':
      return lookAtPost(api, ctx, input, state)
    case 'publish':
      return publish(api, ctx, input, state)
    case 'reply':
      return makeReply(api, ctx, input, state)
  }
}

/**
 * What a call with this checkpoint made public. The container says whether it did: one is published at most once. Which post it became
 * is found among the newest of the account: the one with our text, else the only one since we sent, for a text can be changed
 * in the app. Someone else's posts are not in that list. Replies are in no list that we may read; they go on without an id.
 *
 * @throws GraphError of passing trouble while it is public and not listed
 */
export async function findContainer(
  api: ContainerApi,
  ctx: ProviderContext,
  actor: Actor & { sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = checkpointForm.parse(checkpoint)
  if (state.stage !== 'publish' || state.container === null) return null
  const { state: now } = await api.status(ctx, actor, state.container)
  if (now !== 'PUBLISHED') return null
  if (state.thread) return afterPublishing(api, ctx, state, null)
  const since = new Date(actor.sentAt.getTime() - clockSkewMs)
  const listed = await api.list(ctx, actor, since)
  const recent = listed.filter(({ publishedAt }) => publishedAt >= since)
  const same = recent.filter(({ text }) => text.trim() === state.text.trim())
  const found = same.length > 0 ? earliest(same) : recent.length === 1 ? recent[0] : undefined
  if (!found) {
    throw new GraphError({
      status: 200,
      platformCode: 'PUBLISHED',
      message: `${api.name} says that it is published, but does not list it yet.`,
      isTransient: true,
    })
  }
  return afterPublishing(api, ctx, state, found)
}

const earliest = ([first, ...others]: ListedPost[]): ListedPost | undefined =>
  others.reduce((found, each) => (found && each.publishedAt < found.publishedAt ? each : found), first)

async function makeItem(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
  state: Checkpoint,
): Promise<PublishStep> {
  const items = [...state.items, await api.createItem(ctx, input, state.items.length)]
  const isLast = items.length === input.content.media.length
  return goOn({ ...state, items, stage: isLast ? 'look_at_items' : 'items', madeAt: nowOf(ctx), looks: 0 })
}

async function lookAtItem(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
  state: Checkpoint,
): Promise<PublishStep> {
  const step = await look(api, ctx, input, state, state.items[state.ready] ?? '')
  if (step === 'expired') return startContainers(api, ctx, input)
  if (step !== 'ready') return step
  const ready = state.ready + 1
  if (ready < state.items.length) return goOn({ ...state, ready, looks: 0 })
  return makePost(api, ctx, input, state)
}

async function makePost(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
  state: Checkpoint,
): Promise<PublishStep> {
  const container = await api.createPost(ctx, input, state.items)
  return goOn({ ...state, stage: 'look', container, madeAt: nowOf(ctx), looks: 0 })
}

async function lookAtPost(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
  state: Checkpoint,
): Promise<PublishStep> {
  const step = await look(api, ctx, input, state, state.container ?? '')
  // A day passed between making it and now: what is not public may be made again.
  if (step === 'expired')
    return state.thread ? makeReply(api, ctx, input, state) : startContainers(api, ctx, input)
  if (step !== 'ready') return step
  return send({ ...state, stage: 'publish' })
}

async function look(
  api: ContainerApi,
  ctx: ProviderContext,
  actor: Actor,
  state: Checkpoint,
  container: string,
): Promise<'ready' | 'expired' | PublishStep> {
  const status = await api.status(ctx, actor, container)
  switch (status.state) {
    case 'FINISHED':
      return 'ready'
    case 'EXPIRED':
      return 'expired'
    case 'PUBLISHED':
      throw new MalformedResponseError(`${api.name} says that what was never sent is published.`)
    case 'ERROR': {
      const { platformCode = 'ERROR', message = '' } = status.problem ?? {}
      throw new GraphError({ status: 200, platformCode, message, isTransient: false })
    }
    case 'IN_PROGRESS': {
      if (ctx.clock.now().getTime() - Date.parse(state.madeAt) > longestWorkMs) {
        const message = 'It is still working on the files after an hour; nothing was published.'
        throw new GraphError({ status: 200, platformCode: 'IN_PROGRESS', message, isTransient: false })
      }
      const resumeAfterSeconds = pauses[state.looks] ?? longestPause
      return { type: 'wait', checkpoint: toJson({ ...state, looks: state.looks + 1 }), resumeAfterSeconds }
    }
  }
}

async function publish(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
  state: Checkpoint,
): Promise<PublishStep> {
  const id = await api.publish(ctx, input, state.container ?? '')
  // It is public whatever becomes of this; there need not be a link, as where the rights of others are concerned.
  const permalink = await api.permalink(ctx, input, id).catch(() => null)
  return afterPublishing(api, ctx, state, { id, permalink })
}

/** @param posted null: it is public, and under which id is not known */
function afterPublishing(
  api: ContainerApi,
  ctx: ProviderContext,
  { thread: before, replies }: Checkpoint,
  posted: Pick<ListedPost, 'id' | 'permalink'> | null,
): PublishStep {
  if (posted && api.afterPost) return api.afterPost(posted, replies)
  const parts = before && posted ? [...before.parts, posted.id] : (before?.parts ?? [])
  const { id = '', permalink = null } = before ?? posted ?? {}
  const thread = { id, permalink, parts }
  const sent = sentOf(thread)
  const [text, ...others] = replies
  if (text === undefined) return { type: 'done', sent }
  const reply = { items: [], ready: 0, container: null, looks: 0, madeAt: nowOf(ctx), text, replies: others }
  return send({ ...reply, stage: 'reply', thread })
}

async function makeReply(
  api: ContainerApi,
  ctx: ProviderContext,
  input: PublishInput,
  state: Checkpoint,
): Promise<PublishStep> {
  const to = parentOf(state)
  if (to === null || !api.createReply) throw new Error('There is nothing to reply to.')
  const container = await api.createReply(ctx, input, { text: state.text, to })
  return goOn({ ...state, stage: 'look', container, madeAt: nowOf(ctx), looks: 0 })
}

/** What the next reply hangs below: a chain, as people write it. */
const parentOf = ({ thread }: Checkpoint): string | null => thread?.parts.at(-1) ?? thread?.id ?? null

const goOn = (checkpoint: Checkpoint): PublishStep => ({
  type: 'wait',
  checkpoint: toJson(checkpoint),
  resumeAfterSeconds: 0,
})

const send = (checkpoint: Checkpoint): PublishStep => ({
  type: 'send',
  checkpoint: toJson(checkpoint),
  ...(checkpoint.thread && { published: sentOf(checkpoint.thread) }),
})

/** Without what is undefined, which JSON does not have. */
const toJson = ({ thread, ...state }: Checkpoint): Json => ({ ...state, ...(thread && { thread }) })

const nowOf = (ctx: ProviderContext): string => ctx.clock.now().toISOString()
