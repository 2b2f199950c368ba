import {
  type FormPart,
  type GrantAccess,
  type Json,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishMedia,
  type PublishStep,
  type SentPost,
  type TargetAccess,
} from '@postmcp/core'
import { z } from 'zod'
import { callDiscord, DiscordError } from './api.js'
import { settingsOf } from './grant-settings.js'
import { channelAnswer } from './guild.js'
import { manifest } from './manifest.js'
import { nonceOfReply } from './nonce.js'
import { channelUrl } from './profile.js'

const rootForm = z.object({ id: z.string(), permalink: z.string(), parts: z.array(z.string()) })
type Root = z.infer<typeof rootForm>

const messageForm = z.object({
  stage: z.literal('message'),
  /** What is sent, as JSON text: a database may give the fields of an object back in another order. */
  request: z.string(),
  /** Our ids of the files that go along. */
  files: z.array(z.string()),
  /** Texts that follow as answers to the message. */
  replies: z.array(z.string()),
  /** There from the first of them on. */
  root: rootForm.nullable(),
})
type MessageState = z.infer<typeof messageForm>

const crosspostForm = z.object({
  stage: z.literal('crosspost'),
  replies: z.array(z.string()),
  root: rootForm,
})
type CrosspostState = z.infer<typeof crosspostForm>

/** Both make something public. */
const checkpointForm = z.discriminatedUnion('stage', [messageForm, crosspostForm])

/** Flags of a message. @see https://docs.discord.com/developers/resources/message (2026-11-22) */
const flags = { suppressEmbeds: 1 << 2, suppressNotifications: 1 << 12 }

/** Words the message; nothing is uploaded before it is published. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const { access, account, content, options, dedupeKey } = input
  const isWebhook = webhookTokenOf(account) !== undefined
  if (!isWebhook) await requireOwnChannel(ctx, access, account)
  const request = JSON.stringify({
    ...textOf(content.text, options),
    ...(content.media.length > 0 && {
      attachments: content.media.map((file, id) => attach(file, id, options)),
    }),
    // A webhook knows no nonce: https://github.com/discord/discord-api-docs/issues/6647
    ...(!isWebhook && { nonce: dedupeKey, enforce_nonce: true }),
  })
  const checkpoint: MessageState = {
    stage: 'message',
    request,
    files: content.media.map(({ id }) => id),
    replies: content.replies,
    root: null,
  }
  return { type: 'send', checkpoint }
}

/** The bot is in the servers of all workspaces, and each may publish only in the one it has proven. */
async function requireOwnChannel(
  ctx: ProviderContext,
  access: GrantAccess,
  { targetId, handle }: TargetAccess,
): Promise<void> {
  const channel = await callDiscord(ctx, {
    method: 'GET',
    path: `/channels/${targetId}`,
    subject: 'channel',
    answer: channelAnswer,
  })
  if (channel.guild_id === settingsOf(access).guildId) return
  throw new PostMcpError('missing_permission', `#${handle} is not in the server that was connected.`, {
    platform: 'discord',
    nextAction: 'Connect the server of this channel.',
  })
}

const textOf = (text: string, { mentions, linkPreview, silent }: PublishInput['options']) => {
  const bits =
    (linkPreview === false ? flags.suppressEmbeds : 0) | (silent === true ? flags.suppressNotifications : 0)
  return {
    content: text,
    // Where nothing is said, everybody who is mentioned is called.
    allowed_mentions: { parse: mentions === true ? ['users', 'roles', 'everyone'] : [] },
    ...(bits > 0 && { flags: bits }),
  }
}

/** Without this an alt text is lost. */
const attach = (file: PublishMedia, id: number, { spoiler }: PublishInput['options']) => ({
  id: String(id),
  filename: file.fileName,
  ...(file.altText.trim() !== '' && { description: file.altText }),
  ...(spoiler === true && { is_spoiler: true }),
})

/** Makes a message, or the answer to it, public, or sends it on to followers. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  return state.stage === 'message' ? sendMessage(ctx, input, state) : crosspost(ctx, input, state)
}

/** The bot may repeat this while Discord knows the nonce: it is answered with the message there is. */
async function sendMessage(
  ctx: ProviderContext,
  input: PublishInput,
  { request, files, replies, root }: MessageState,
): Promise<PublishStep> {
  const { access, account, content, options } = input
  const message = await callDiscord(ctx, {
    method: 'POST',
    ...placeOf(account, '?wait=true'),
    ...(files.length > 0
      ? { form: formOf(request, files, content.media), timeoutMs: manifest.publish.sendSeconds * 1000 }
      : { json: request }),
    answer: z.object({ id: z.string().regex(/^\d+$/), channel_id: z.string() }),
  })
  if (root) return afterMessage(input, replies, { ...root, parts: [...root.parts, message.id] })
  const permalink = `${channelUrl(ctx, settingsOf(access).guildId, message.channel_id)}/${message.id}`
  const made: Root = { id: message.id, permalink, parts: [] }
  if (options.crosspost !== true) return afterMessage(input, replies, made)
  const next: CrosspostState = { stage: 'crosspost', replies, root: made }
  return { type: 'send', checkpoint: next, published: sentAs(made) }
}

/** @see https://docs.discord.com/developers/resources/message#crosspost-message (2026-11-22) */
async function crosspost(
  ctx: ProviderContext,
  input: PublishInput,
  { replies, root }: CrosspostState,
): Promise<PublishStep> {
  await callDiscord(ctx, {
    method: 'POST',
    path: `/channels/${input.account.targetId}/messages/${root.id}/crosspost`,
    subject: 'message',
    answer: z.object({ id: z.literal(root.id) }),
  }).catch((error: unknown) => {
    // It was sent on before.
    if (!(error instanceof DiscordError) || error.platformCode !== '40033') throw error
  })
  return afterMessage(input, replies, root)
}

/** What comes next when a message is public: the next answer to it, or nothing. */
function afterMessage(
  { options, dedupeKey }: PublishInput,
  [next, ...replies]: string[],
  root: Root,
): PublishStep {
  if (next === undefined) return { type: 'done', sent: sentAs(root) }
  const request = JSON.stringify({
    ...textOf(next, options),
    message_reference: { message_id: root.id },
    nonce: nonceOfReply(dedupeKey, root.parts.length),
    enforce_nonce: true,
  })
  const checkpoint: MessageState = { stage: 'message', request, files: [], replies, root }
  return { type: 'send', checkpoint, published: sentAs(root) }
}

const sentAs = ({ id, permalink, parts }: Root): SentPost => ({
  kind: 'post',
  // Nobody outside the server.
  visibility: 'limited',
  platformPostId: id,
  permalink,
  ...(parts.length > 0 && { parts }),
})

/** @see https://docs.discord.com/developers/reference#uploading-files (2026-11-22) */
function formOf(request: string, files: readonly string[], media: readonly PublishMedia[]): FormPart[] {
  return [
    { name: 'payload_json', value: request },
    ...files.map((id, index) => {
      const file = media.find((one) => one.id === id)
      if (!file) throw new Error(`The media ${id} is not part of the post any more.`)
      const { fileName, mimeType } = file
      return { name: `files[${index}]`, fileName, mimeType, content: file.stream() }
    }),
  ]
}

/** Undefined where the bot itself publishes. */
const webhookTokenOf = ({ secrets }: TargetAccess): string | undefined => secrets.webhookToken

/** Where messages of a target are made, and who asks. @param ofWebhook what a webhook is told besides */
function placeOf(account: TargetAccess, ofWebhook = '') {
  const webhookToken = webhookTokenOf(account)
  if (webhookToken === undefined) {
    return { path: `/channels/${account.targetId}/messages`, subject: 'channel' } as const
  }
  // Without `wait` it answers before it knows whether there will be a message.
  const path = `/webhooks/${account.targetId}/${webhookToken}${ofWebhook}`
  return { path, subject: 'webhook', as: 'none', secrets: [webhookToken] } as const
}

/** With the message gone, or its whole channel. */
const goneCodes = ['10008', '10003']

/** Deletes the messages of a post, the last first. */
export async function deletePost(
  ctx: ProviderContext,
  { account }: { access: GrantAccess; account: TargetAccess },
  { platformPostId, parts = [] }: SentPost,
): Promise<void> {
  const { path, ...place } = placeOf(account)
  const messages = webhookTokenOf(account) === undefined ? path : `${path}/messages`
  for (const id of [platformPostId, ...parts].reverse()) {
    await callDiscord(ctx, { method: 'DELETE', ...place, path: `${messages}/${id}` }).catch(
      (error: unknown) => {
        if (!(error instanceof DiscordError) || !goneCodes.includes(error.platformCode ?? '')) throw error
      },
    )
  }
}
