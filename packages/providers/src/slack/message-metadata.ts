import { z } from 'zod'

/** By what a message of ours is known: the key of its post, and which message of the thread it is, from 0. */
export interface MessageMark {
  key: string
  part: number
}

/** Apps see it, people do not. @see https://docs.slack.dev/messaging/message-metadata (2026-11-22) */
const eventType = 'postmcp_message_published'

/** The mark as an argument of chat.postMessage, which takes it with `chat:write`. */
export const writeMark = ({ key, part }: MessageMark): string =>
  JSON.stringify({ event_type: eventType, event_payload: { key, part } })

const metadataForm = z.object({
  event_type: z.literal(eventType),
  event_payload: z.object({ key: z.string().min(1), part: z.int() }),
})

/** The mark in the metadata of a message; null: there is none of ours. */
export function readMark(metadata: unknown): MessageMark | null {
  const parsed = metadataForm.safeParse(metadata)
  return parsed.success ? parsed.data.event_payload : null
}
