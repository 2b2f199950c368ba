import {
  type GrantAccess,
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
  type TargetAccess,
} from '@postmcp/core'
import { z } from 'zod'
import { ChatMigratedError, callBot, endpoint, idForm } from './api.js'
import { chatForm, chatIdOf, followMigration, getChat } from './chat.js'
import { manifest } from './manifest.js'
import { formOf, inReplyTo, preparedForm, prepareMessage, prepareText } from './message.js'

const checkpointForm = preparedForm.extend({
  /** Messages that follow as answers to the post. */
  replies: z.array(preparedForm),
  /** There from the first of them on. */
  sent: z
    .object({
      platformPostId: z.string(),
      permalink: z.string().nullable(),
      visibility: z.enum(['public', 'limited']),
      parts: z.array(z.string()),
    })
    .nullable(),
})
type Checkpoint = z.infer<typeof checkpointForm>

const messageForm = z.object({ message_id: idForm, chat: chatForm })
type Message = z.infer<typeof messageForm>
const messagesForm = z.union([messageForm.transform((message) => [message]), z.array(messageForm).min(1)])

/** Looks at the chat, for its id may have changed, and words the messages; nothing is uploaded before it is published. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const { access, account, content, options } = input
  const chat = await followMigration(chatIdOf(account), (id) => getChat(ctx, access.tokens.accessToken, id))
  const chatId = chat.found.id
  const replies = content.replies.map((text) => prepareText(chatId, text, options))
  return { type: 'send', checkpoint: { ...prepareMessage(chatId, input), replies, sent: null } }
}

/** Makes the post, or the next answer to it, public. There is no key: what was sent must not be sent again unseen. */
export async function continuePublish(
  ctx: ProviderContext,
  { access, content }: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  const messages = await callBot(ctx, {
    token: access.tokens.accessToken,
    method: state.method,
    ...(state.files.length > 0
      ? { form: formOf(state, content.media), timeoutMs: manifest.publish.sendSeconds * 1000 }
      : { body: state.parameters }),
    result: messagesForm,
  }).catch(explainMigration)
  const [first, ...others] = messages
  if (!first) throw new Error('A list that must not be empty is.')
  const parts = messages.map(({ message_id }) => message_id)
  return state.sent
    ? step(state, { ...state.sent, parts: [...state.sent.parts, ...parts] })
    : step(state, {
        platformPostId: first.message_id,
        ...placeOf(ctx, first),
        parts: others.map(({ message_id }) => message_id),
      })
}

/** What comes next when a message is public: the next answer, or nothing. */
function step(
  { replies: [next, ...replies] }: Checkpoint,
  sent: NonNullable<Checkpoint['sent']>,
): PublishStep {
  const { parts, ...post } = sent
  const published: SentPost = { kind: 'post', ...post, ...(parts.length > 0 && { parts }) }
  if (!next) return { type: 'done', sent: published }
  const checkpoint: Checkpoint = { ...inReplyTo(next, sent.platformPostId), replies, sent }
  return { type: 'send', checkpoint, published }
}

/** Where people find a message: basic groups have no links. @see https://core.telegram.org/api/links (2026-11-22) */
function placeOf(
  ctx: ProviderContext,
  { message_id, chat: { id, type, username } }: Message,
): { permalink: string | null; visibility: 'public' | 'limited' } {
  const web = endpoint(ctx, 'web')
  if (username !== undefined) {
    return { permalink: `${web}/${username}/${message_id}`, visibility: 'public' }
  }
  const permalink = type === 'group' ? null : `${web}/c/${id.replace(/^-100/, '')}/${message_id}`
  return { permalink, visibility: 'limited' }
}

/** Nothing was sent; the next try begins with a look at the chat and finds its new id. */
function explainMigration(error: unknown): never {
  if (!(error instanceof ChatMigratedError)) throw error
  throw new PostMcpError(
    'refused_by_platform',
    'The group was upgraded to a supergroup while the post was on its way, so it was not sent.',
    { platform: 'telegram', nextAction: 'Retry the post: it will go to the supergroup.' },
  )
}

/**
 * Deletes each message of a post, the last first, by itself: of several at once the server does not say which it left.
 * @see https://core.telegram.org/bots/api#deletemessage (2026-11-22)
 */
export async function deletePost(
  ctx: ProviderContext,
  { access, account }: { access: GrantAccess; account: TargetAccess },
  { platformPostId, permalink, parts = [] }: SentPost,
): Promise<void> {
  // Only messages of basic groups have no link. Their numbers mean others in the supergroup that the group may have become.
  const chatId = permalink === null ? account.targetId : chatIdOf(account)
  for (const id of [platformPostId, ...parts].reverse()) {
    await callBot(ctx, {
      token: access.tokens.accessToken,
      method: 'deleteMessage',
      parameters: { chat_id: chatId, message_id: Number(id) },
      result: z.literal(true),
    }).catch(refuseUnlessGone)
  }
}

function refuseUnlessGone(error: unknown): void {
  if (error instanceof ChatMigratedError) {
    throw new PostMcpError(
      'refused_by_platform',
      'The group has become a supergroup since, and a bot cannot reach what was written before that.',
      { platform: 'telegram', nextAction: 'Delete the message in Telegram.' },
    )
  }
  const isGone = error instanceof PlatformError && /message to delete not found/i.test(error.message)
  if (!isGone) throw error
}
