import type { Post } from '../world.js'
import { APPLICATION, type DiscordState } from './state.js'
import { describeBot } from './users.js'

/** A message as the API shows it. @see https://docs.discord.com/developers/resources/message#message-object */
export function describeMessage(state: DiscordState, post: Post): Record<string, unknown> {
  const { world } = state.kit
  const { flags, nonce, webhookId, webhookName } = post.facts
  const repliedTo = post.inReplyTo === null ? undefined : world.post(post.inReplyTo)
  return {
    id: post.id,
    type: repliedTo ? 19 : 0,
    channel_id: post.resourceId,
    content: post.text,
    author:
      webhookId === null ? describeBot() : describeWebhookAuthor(String(webhookId), String(webhookName)),
    timestamp: post.createdAt.toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: post.media.map(({ id, mimeType, byteLength, altText, facts }) => ({
      id,
      filename: String(facts.fileName),
      size: byteLength,
      url: state.kit.mediaUrl(id),
      proxy_url: state.kit.mediaUrl(id),
      content_type: mimeType,
      ...(altText !== null && { description: altText }),
    })),
    embeds: [],
    components: [],
    pinned: false,
    flags: Number(flags),
    ...(nonce !== null && { nonce }),
    ...(webhookId !== null && { webhook_id: webhookId, application_id: APPLICATION.id }),
    ...(repliedTo && {
      message_reference: { type: 0, channel_id: repliedTo.resourceId, message_id: repliedTo.id },
      referenced_message: describeMessage(state, { ...repliedTo, inReplyTo: null }),
    }),
  }
}

const describeWebhookAuthor = (id: string, name: string) => ({
  ...describeBot(),
  id,
  username: name,
  discriminator: '0000',
  global_name: null,
})
