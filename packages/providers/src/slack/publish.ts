import {
  type GrantAccess,
  type Json,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  type PublishInput,
  type PublishMedia,
  type PublishStep,
  type SentPost,
  type TargetAccess,
} from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'
import { findShare, joinChannel, uploadFile } from './files.js'

/** Seconds between looks for the message of files that were shared; it mostly is there at the first or the second. */
const looksAfterSeconds = [0, 1, 1, 2, 3, 5, 8, 13, 20, 30, 30, 30]

const timestamp = z.string().regex(/^\d+\.\d+$/)

const uploadForm = z.object({ stage: z.literal('upload'), fileIds: z.array(z.string()) })
type Upload = z.infer<typeof uploadForm>

const messageForm = z.object({
  stage: z.literal('message'),
  /** What is sent, as JSON text: a database may give the fields of an object back in another order. */
  request: z.string(),
  /** Texts that follow in the thread. */
  replies: z.array(z.string()),
  /** There from the first of them on. */
  root: z.object({ ts: z.string(), permalink: z.string().nullable(), parts: z.array(z.string()) }).nullable(),
})
type Message = z.infer<typeof messageForm>
type Root = NonNullable<Message['root']>

const shareForm = z.object({
  stage: z.literal('share'),
  request: z.string(),
  fileIds: z.array(z.string()),
  replies: z.array(z.string()),
})
type Share = z.infer<typeof shareForm>

const sharedForm = z.object({
  stage: z.literal('shared'),
  fileIds: z.array(z.string()),
  replies: z.array(z.string()),
  looks: z.int(),
})
type Shared = z.infer<typeof sharedForm>

/** `message` and `share` make something public. */
const checkpointForm = z.discriminatedUnion('stage', [uploadForm, messageForm, shareForm, sharedForm])

/** Words the message, or sees to it that the bot may bring files. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const { access, account, content, options } = input
  if (content.media.length > 0) {
    await joinChannel(ctx, access, account)
    return afterUpload(input, [])
  }
  const checkpoint: Message = {
    stage: 'message',
    request: requestOf(account, content.text, options),
    replies: content.replies,
    root: null,
  }
  return { type: 'send', checkpoint }
}

/** Goes one step further; see `checkpointForm` for which of them make something public. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  switch (state.stage) {
    case 'upload':
      return uploadNext(ctx, input, state)
    case 'message':
      return sendMessage(ctx, input, state)
    case 'share':
      return shareFiles(ctx, input, state)
    case 'shared':
      return lookForMessage(ctx, input, state)
  }
}

async function uploadNext(
  ctx: ProviderContext,
  input: PublishInput,
  { fileIds }: Upload,
): Promise<PublishStep> {
  const next = input.content.media[fileIds.length]
  return afterUpload(input, next ? [...fileIds, await uploadFile(ctx, input.access, next)] : fileIds)
}

function afterUpload({ account, content }: PublishInput, fileIds: string[]): PublishStep {
  const { media, text, replies } = content
  const sum = (files: PublishMedia[]) => files.reduce((bytes, file) => bytes + file.bytes, 0)
  const progress = { uploadedBytes: sum(media.slice(0, fileIds.length)), totalBytes: sum(media) }
  if (fileIds.length < media.length) {
    const checkpoint: Upload = { stage: 'upload', fileIds }
    return { type: 'wait', checkpoint, resumeAfterSeconds: 0, progress }
  }
  const request = JSON.stringify({
    files: JSON.stringify(fileIds.map((id) => ({ id }))),
    channel_id: account.targetId,
    ...(text.trim() !== '' && { initial_comment: escapeText(text) }),
  })
  const checkpoint: Share = { stage: 'share', request, fileIds, replies }
  return { type: 'send', checkpoint, progress }
}

const form = z.record(z.string(), z.string())

/** Makes a message public. There is no key: what was sent must not be sent again unseen. */
async function sendMessage(
  ctx: ProviderContext,
  { access, account, options }: PublishInput,
  { request, replies, root }: Message,
): Promise<PublishStep> {
  const { data } = await callSlack(ctx, {
    method: 'chat.postMessage',
    token: access.tokens.accessToken,
    form: form.parse(JSON.parse(request)),
    answer: z.object({ ts: timestamp }),
  })
  const { ts } = data
  return afterMessage(account, options, replies, {
    ...(root ?? { ts, permalink: await permalinkOf(ctx, access, account, ts), parts: [] }),
    ...(root && { parts: [...root.parts, ts] }),
  })
}

/** Slack takes all files as one message, and does not say which. */
async function shareFiles(
  ctx: ProviderContext,
  { access }: PublishInput,
  { request, fileIds, replies }: Share,
): Promise<PublishStep> {
  await callSlack(ctx, {
    method: 'files.completeUploadExternal',
    token: access.tokens.accessToken,
    form: form.parse(JSON.parse(request)),
    answer: z.object({ files: z.array(z.object({ id: z.string() })).min(1) }),
  })
  const checkpoint: Shared = { stage: 'shared', fileIds, replies, looks: 0 }
  return { type: 'wait', checkpoint, resumeAfterSeconds: 0 }
}

/**
 * Sharing goes on after its answer, and at times Slack forgets it: what does not turn up is not called published.
 * @see https://github.com/slackapi/python-slack-sdk/issues/1363 and https://github.com/paradigmxyz/centaur/pull/311 (2026-05)
 */
async function lookForMessage(
  ctx: ProviderContext,
  { access, account, options }: PublishInput,
  { fileIds, replies, looks }: Shared,
): Promise<PublishStep> {
  const ts = await findShare(ctx, access, account.targetId, fileIds[0] ?? '').catch(doubtRefusal)
  if (ts !== null) {
    const permalink = await permalinkOf(ctx, access, account, ts)
    return afterMessage(account, options, replies, { ts, permalink, parts: fileIds })
  }
  const resumeAfterSeconds = looksAfterSeconds[looks + 1]
  if (resumeAfterSeconds === undefined) {
    throw new MalformedResponseError(
      'It took the files to publish them and does not show them in the channel.',
    )
  }
  const checkpoint: Shared = { stage: 'shared', fileIds, replies, looks: looks + 1 }
  return { type: 'wait', checkpoint, resumeAfterSeconds }
}

/** A refused look says nothing of the message: it would be a mistake to take it for a refused post. */
function doubtRefusal(error: unknown): never {
  if (error instanceof PlatformError && /^file_(not_found|deleted)$/.test(error.platformCode ?? '')) {
    throw new MalformedResponseError(`It took a file to publish it and now says ${error.platformCode}.`)
  }
  throw error
}

/** What comes next when a message is public: the next one of its thread, or nothing. */
function afterMessage(
  account: TargetAccess,
  options: PublishInput['options'],
  [next, ...replies]: string[],
  root: Root,
): PublishStep {
  const { ts, permalink, parts } = root
  const sent: SentPost = {
    kind: 'post',
    // Nobody outside the workspace.
    visibility: 'limited',
    platformPostId: ts,
    permalink,
    ...(parts.length > 0 && { parts }),
  }
  if (next === undefined) return { type: 'done', sent }
  const checkpoint: Message = {
    stage: 'message',
    request: requestOf(account, next, options, ts),
    replies,
    root,
  }
  return { type: 'send', checkpoint, published: sent }
}

function requestOf(
  { targetId }: TargetAccess,
  text: string,
  { linkPreview }: PublishInput['options'],
  threadTs?: string,
): string {
  return JSON.stringify({
    channel: targetId,
    text: escapeText(text),
    ...(threadTs !== undefined && { thread_ts: threadTs }),
    ...(typeof linkPreview === 'boolean' && {
      unfurl_links: String(linkPreview),
      unfurl_media: String(linkPreview),
    }),
  })
}

/**
 * These three begin what Slack would read as a mention or a link: unescaped, `<!channel>` calls everybody.
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping (2026-11-22)
 */
const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Null where it cannot be had: the message is public, and nothing that fails now may cast doubt on that. */
async function permalinkOf(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  { targetId }: TargetAccess,
  ts: string,
): Promise<string | null> {
  try {
    const { data } = await callSlack(ctx, {
      method: 'chat.getPermalink',
      token: tokens.accessToken,
      query: { channel: targetId, message_ts: ts },
      answer: z.object({ permalink: z.url() }),
    })
    return data.permalink
  } catch {
    return null
  }
}

/**
 * Deletes the messages of a post, the last first, then its files: without their message they would still be in the list of files.
 * @see https://docs.slack.dev/reference/methods/chat.delete (2026-11-22)
 */
export async function deletePost(
  ctx: ProviderContext,
  { access, account }: { access: GrantAccess; account: TargetAccess },
  { platformPostId, parts = [] }: SentPost,
): Promise<void> {
  const { accessToken: token } = access.tokens
  const [files, messages] = [parts.filter(isFile), parts.filter((part) => !isFile(part))]
  const answer = z.object({})
  for (const ts of [platformPostId, ...messages].reverse()) {
    const of = { channel: account.targetId, ts }
    await callSlack(ctx, { method: 'chat.delete', token, form: of, answer }).catch(refuseUnlessGone)
  }
  for (const file of files) {
    await callSlack(ctx, { method: 'files.delete', token, form: { file }, answer }).catch(refuseUnlessGone)
  }
}

/** A message is known by its time. */
const isFile = (part: string): boolean => part.startsWith('F')

const gone = ['message_not_found', 'file_not_found', 'file_deleted']

function refuseUnlessGone(error: unknown): void {
  if (!(error instanceof PlatformError) || !gone.includes(error.platformCode ?? '')) throw error
}
