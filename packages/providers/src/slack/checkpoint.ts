import type { Json } from '@postmcp/core'
import { z } from 'zod'

const uploadForm = z.object({ stage: z.literal('upload'), fileIds: z.array(z.string()) })
/** Files are uploaded one by one; nobody sees them. */
export type Upload = z.infer<typeof uploadForm>

const messageForm = z.object({
  stage: z.literal('message'),
  /** What is sent, as JSON text: a database may give the fields of an object back in another order. */
  request: z.string(),
  /** Texts that follow in the thread. */
  replies: z.array(z.string()),
  /** There from the first of them on. */
  root: z.object({ ts: z.string(), permalink: z.string().nullable(), parts: z.array(z.string()) }).nullable(),
})
/** A message, or one in its thread. */
export type Message = z.infer<typeof messageForm>
export type Root = NonNullable<Message['root']>

const shareForm = z.object({
  stage: z.literal('share'),
  request: z.string(),
  fileIds: z.array(z.string()),
  replies: z.array(z.string()),
})
/** Files that become one message. */
export type Share = z.infer<typeof shareForm>

const sharedForm = z.object({
  stage: z.literal('shared'),
  fileIds: z.array(z.string()),
  replies: z.array(z.string()),
  looks: z.int(),
})
/** Slack took the files; which message came of it has to be asked. */
export type Shared = z.infer<typeof sharedForm>

const checkpointForm = z.discriminatedUnion('stage', [uploadForm, messageForm, shareForm, sharedForm])

/** Where a post stands; `message` and `share` make something public. */
export const readCheckpoint = (checkpoint: Json): z.infer<typeof checkpointForm> =>
  checkpointForm.parse(checkpoint)

const form = z.record(z.string(), z.string())

/** The fields of what is sent. */
export const readRequest = (request: string): Record<string, string> => form.parse(JSON.parse(request))
