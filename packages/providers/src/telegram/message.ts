import type { FormPart, PublishInput, PublishMedia } from '@postmcp/core'
import { z } from 'zod'

/** A message as it will be sent; its files still by our ids. */
export const preparedForm = z.object({
  method: z.enum(['sendMessage', 'sendPhoto', 'sendVideo', 'sendAnimation', 'sendMediaGroup']),
  /** JSON as text: a database may give the fields of an object back in another order. */
  parameters: z.string(),
  /** Files that go along, by the names of their parts. */
  files: z.array(z.object({ part: z.string(), mediaId: z.string() })),
})
/** A message as it will be sent. */
export type Prepared = z.infer<typeof preparedForm>

type Parameters = Record<string, unknown>

const singles = {
  image: ['sendPhoto', 'photo'],
  video: ['sendVideo', 'video'],
  animation: ['sendAnimation', 'animation'],
} as const

/**
 * The post as one message, or several that are shown as one. Texts go without `parse_mode` or entities: nothing of what the user
 * wrote is taken for markup, and Telegram finds links and tags by itself.
 * @see https://core.telegram.org/bots/api#sendmediagroup (2026-11-22)
 */
export function prepareMessage(chatId: string, { content, options }: PublishInput): Prepared {
  const { text, media } = content
  const common = commonOf(chatId, options)
  const [only] = media
  if (!only) return prepareText(chatId, text, options)
  const files: Prepared['files'] = []
  const attach = ({ id }: PublishMedia): string => {
    const part = `file${files.length}`
    files.push({ part, mediaId: id })
    return `attach://${part}`
  }
  const caption = {
    ...(text.trim() !== '' && { caption: text }),
    ...(options.captionAbove === true && text.trim() !== '' && { show_caption_above_media: true }),
  }
  const describe = (item: PublishMedia): Parameters => ({
    ...(options.spoiler === true && { has_spoiler: true }),
    ...(item.kind !== 'image' && measuresOf(item)),
    ...(item.kind === 'video' && item.thumbnail && { cover: attach(item.thumbnail) }),
  })
  if (media.length === 1) {
    const [method, name] = singles[only.kind]
    const parameters = { ...common, [name]: attach(only), ...caption, ...describe(only) }
    return { method, parameters: JSON.stringify(parameters), files }
  }
  const album = media.map((item, index) => ({
    type: item.kind === 'image' ? 'photo' : item.kind,
    media: attach(item),
    // Clients show the caption of an album below it where only its first item has one.
    ...(index === 0 && caption),
    ...describe(item),
  }))
  return { method: 'sendMediaGroup', parameters: JSON.stringify({ ...common, media: album }), files }
}

/** A message of text alone. */
export function prepareText(chatId: string, text: string, options: PublishInput['options']): Prepared {
  const parameters = {
    ...commonOf(chatId, options),
    text,
    ...(options.linkPreview === false && { link_preview_options: { is_disabled: true } }),
  }
  return { method: 'sendMessage', parameters: JSON.stringify(parameters), files: [] }
}

/** The same message, as an answer to another. */
export function inReplyTo(message: Prepared, messageId: string): Prepared {
  const parameters = {
    ...JSON.parse(message.parameters),
    reply_parameters: { message_id: Number(messageId) },
  }
  return { ...message, parameters: JSON.stringify(parameters) }
}

/** The message as a form with its files, each read as it is sent. */
export function formOf({ parameters, files }: Prepared, media: readonly PublishMedia[]): FormPart[] {
  const all = media.flatMap((item) => (item.thumbnail ? [item, item.thumbnail] : [item]))
  const fields = Object.entries(z.record(z.string(), z.unknown()).parse(JSON.parse(parameters)))
  return [
    ...fields.map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    })),
    ...files.map(({ part, mediaId }) => {
      const file = all.find(({ id }) => id === mediaId)
      if (!file) throw new Error(`The media ${mediaId} is not part of the post any more.`)
      return { name: part, fileName: file.fileName, mimeType: file.mimeType, content: file.stream() }
    }),
  ]
}

const commonOf = (
  chatId: string,
  { silent, protectContent, topicId }: PublishInput['options'],
): Parameters => ({
  chat_id: chatId,
  ...(typeof topicId === 'number' && { message_thread_id: topicId }),
  ...(silent === true && { disable_notification: true }),
  ...(protectContent === true && { protect_content: true }),
})

/** Measures as the sender says them: without them a video may be shown as a square until it was loaded. */
const measuresOf = ({ width, height, durationMs }: PublishMedia): Parameters => ({
  ...(width !== null && height !== null && { width, height }),
  ...(durationMs !== null && { duration: Math.round(durationMs / 1000) }),
})
