import {
  type Classification,
  type Occasion,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { GraphError } from './graph.js'
import { clockSkewMs, sentOf, type Thread, threadForm } from './thread.js'

/** A comment as the platform lists it. */
export interface ListedComment {
  id: string
  text: string
  createdAt: Date
  /** Whether the account itself wrote it; null: the platform does not say. */
  isOwn: boolean | null
}

/** What differs between the platforms of Meta that have comments. `Actor`: what it takes to act for an account. */
export interface CommentApi<Actor> {
  name: string
  classifyError(error: PlatformError, occasion: Occasion): Classification
  /** Comments below a post. @returns the id of the comment */
  create(ctx: ProviderContext, actor: Actor, post: string, form: Record<string, string>): Promise<string>
  /** The comments directly below a post; `isWhole`: there certainly are no others. */
  list(
    ctx: ProviderContext,
    actor: Actor,
    post: string,
  ): Promise<{ comments: ListedComment[]; isWhole: boolean }>
}

const form = z.object({ message: z.string() })

/** A post is public, and what is sent next is a comment below it. What is sent is text, as of everything that is made public. */
export const commentForm = z.object({
  stage: z.literal('comment'),
  request: z.string(),
  /** Texts of further comments. */
  replies: z.array(z.string()),
  thread: threadForm,
})
type Checkpoint = z.infer<typeof commentForm>

/** What follows when a post is public: its first comment, or nothing. */
export const afterPost = (
  { id, permalink }: Pick<Thread, 'id' | 'permalink'>,
  replies: readonly string[],
): PublishStep => next({ id, permalink, parts: [] }, replies)

/** All comments stand directly below the post, one after the other. */
function next(thread: Thread, [message, ...replies]: readonly string[]): PublishStep {
  const sent = sentOf(thread)
  if (message === undefined) return { type: 'done', sent }
  const request = JSON.stringify({ message } satisfies z.infer<typeof form>)
  return { type: 'send', checkpoint: { stage: 'comment', request, replies, thread }, published: sent }
}

const afterComment = ({ thread, replies }: Checkpoint, id: string): PublishStep =>
  next({ ...thread, parts: [...thread.parts, id] }, replies)

/** Makes the next comment public. */
export async function sendComment<Actor>(
  api: CommentApi<Actor>,
  ctx: ProviderContext,
  actor: Actor,
  state: Checkpoint,
): Promise<PublishStep> {
  const fields = form.parse(JSON.parse(state.request))
  try {
    return afterComment(state, await api.create(ctx, actor, state.thread.id, fields))
  } catch (error) {
    throw isOfComment(api, error) ? refusedComment(error) : error
  }
}

type Classifier = Pick<CommentApi<never>, 'classifyError' | 'name'>

/** The post has just been published, so what makes a comment impossible says nothing of the account, unless it is about the token. */
const isOfComment = (api: Classifier, error: unknown): error is PlatformError =>
  error instanceof PlatformError &&
  api.classifyError(error, 'publish').kind === 'account_unusable' &&
  !error.platformCode?.startsWith('190')

const refusedComment = (error: PlatformError): GraphError =>
  new GraphError({
    ...error,
    platformCode: `comment/${error.platformCode}`,
    message: error.message,
    isTransient: false,
  })

/** How long it may take until a comment is listed. Not documented; the minute is ours. */
const listedAfterMs = 60 * 1000

/**
 * Looks for a comment whose answer was lost: one by the account itself, directly below the post, of the same text, since we sent,
 * and none that we know already. It is certainly not there only if the platform shows all comments, has had time to, and none of
 * them can be it.
 *
 * @throws PostMcpError `outcome_unknown` where it cannot be told; GraphError of passing trouble while it may yet turn up
 */
export async function findComment<Actor>(
  api: CommentApi<Actor>,
  ctx: ProviderContext,
  looking: Actor & { sentAt: Date },
  state: Checkpoint,
): Promise<PublishStep | null> {
  const { comments, isWhole } = await api
    .list(ctx, looking, state.thread.id)
    .catch((error) => explainList(api, error))
  const { message } = form.parse(JSON.parse(state.request))
  const since = looking.sentAt.getTime() - clockSkewMs
  const mayBeIt = comments.filter(
    ({ id, createdAt, isOwn }) =>
      isOwn !== false && createdAt.getTime() >= since && !state.thread.parts.includes(id),
  )
  const [found] = mayBeIt
    .filter(({ text, isOwn }) => isOwn && normalize(text) === normalize(message))
    .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime())
  if (found) return afterComment(state, found.id)
  if (!isWhole) throw untold(`${api.name} does not show all comments of the post.`)
  // Of another text, as where a mention was made a name; or of an author we are not told.
  if (mayBeIt.length > 0) throw untold('A comment below the post may be ours.')
  if (ctx.clock.now().getTime() - looking.sentAt.getTime() >= listedAfterMs) return null
  throw new GraphError({
    status: 200,
    platformCode: 'unclear',
    message: 'The comment is not listed, and may be in a moment.',
    isTransient: true,
  })
}

const normalize = (text: string) => text.replaceAll('\r\n', '\n').trim()

/** What cannot be read says nothing of the account, and reading it again would tell no more. */
function explainList(api: Classifier, error: unknown): never {
  const isRefused = error instanceof PlatformError && api.classifyError(error, 'publish').kind === 'refused'
  if (isRefused || isOfComment(api, error))
    throw untold(`${api.name} does not show the comments of the post.`)
  throw error
}

const untold = (message: string) => new PostMcpError('outcome_unknown', message)
