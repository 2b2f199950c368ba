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
import { joinChannel } from './channel.js'
import {
  type Message,
  type Root,
  readCheckpoint,
  readRequest,
  type Share,
  type Shared,
  type Upload,
} from './checkpoint.js'
import { findShare, isGone, uploadFile } from './files.js'
import { writeMark } from './message-metadata.js'

/** Seconds between looks for the message of files that were shared; it mostly is there at the first or the second. */
const looksAfterSeconds = [0, 1, 1, 2, 3, 5, 8, 13, 20, 30, 30, 30]

const timestamp = z.string().regex(/^\d+\.\d+$/)

/** Words the message, or sees to it that the bot may bring files. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const { access, account, content } = input
  if (content.media.length > 0) {
    await joinChannel(ctx, access, account)
    return afterUpload(input, [])
  }
  const checkpoint: Message = {
    stage: 'message',
    request: requestOf(input, content.text),
    replies: content.replies,
    root: null,
  }
  return { type: 'send', checkpoint }
}

/** Goes one step further; see `readCheckpoint` for which of them make something public. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = readCheckpoint(checkpoint)
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

/** Makes a message public. Slack does not know it by its mark: what was sent must not be sent again unseen. */
async function sendMessage(
  ctx: ProviderContext,
  input: PublishInput,
  message: Message,
): Promise<PublishStep> {
  const { data } = await callSlack(ctx, {
    method: 'chat.postMessage',
    token: input.access.tokens.accessToken,
    form: readRequest(message.request),
    answer: z.object({ ts: timestamp }),
  })
  return afterSending(ctx, input, message, data.ts)
}

/** What a post goes on with when its content is not needed any more. */
type Onward = Pick<PublishInput, 'access' | 'account' | 'options' | 'dedupeKey'>

/** What comes after a message that is public under this `ts`. */
export async function afterSending(
  ctx: ProviderContext,
  input: Onward,
  { replies, root }: Pick<Message, 'replies' | 'root'>,
  ts: string,
): Promise<PublishStep> {
  const known = root
    ? { ...root, parts: [...root.parts, ts] }
    : { ts, permalink: await permalinkOf(ctx, input.access, input.account, ts), parts: [] }
  return afterMessage(input, replies, known)
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
    form: readRequest(request),
    answer: z.object({ files: z.array(z.object({ id: z.string() })).min(1) }),
  })
  return afterSharing({ fileIds, replies })
}

/** What comes after Slack took files to publish them. */
export function afterSharing({ fileIds, replies }: Pick<Share, 'fileIds' | 'replies'>): PublishStep {
  const checkpoint: Shared = { stage: 'shared', fileIds, replies, looks: 0 }
  return { type: 'wait', checkpoint, resumeAfterSeconds: 0 }
}

/**
 * Sharing goes on after its answer, and at times Slack forgets it: what does not turn up is not called published.
 * @see https://github.com/slackapi/python-slack-sdk/issues/1363 and https://github.com/paradigmxyz/centaur/pull/311 (2026-05)
 */
async function lookForMessage(
  ctx: ProviderContext,
  input: PublishInput,
  { fileIds, replies, looks }: Shared,
): Promise<PublishStep> {
  const { access, account } = input
  const ts = await findShare(ctx, access, account.targetId, fileIds[0] ?? '').catch(doubtRefusal)
  if (ts !== null) {
    const permalink = await permalinkOf(ctx, access, account, ts)
    return afterMessage(input, replies, { ts, permalink, parts: fileIds })
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
  if (isGone(error)) {
    throw new MalformedResponseError(`It took a file to publish it and now says ${error.platformCode}.`)
  }
  throw error
}

/** What comes next when a message is public: the next one of its thread, or nothing. */
function afterMessage(input: Onward, [next, ...replies]: string[], root: Root): PublishStep {
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
  const checkpoint: Message = { stage: 'message', request: requestOf(input, next, root), replies, root }
  return { type: 'send', checkpoint, published: sent }
}

/** A message, with what it is known by when its answer is lost. */
function requestOf(
  { account, options: { linkPreview }, dedupeKey: key }: Omit<Onward, 'access'>,
  text: string,
  root: Root | null = null,
): string {
  const part = root === null ? 0 : root.parts.filter((one) => !isFile(one)).length + 1
  return JSON.stringify({
    channel: account.targetId,
    text: escapeText(text),
    ...(root && { thread_ts: root.ts }),
    ...(typeof linkPreview === 'boolean' && {
      unfurl_links: String(linkPreview),
      unfurl_media: String(linkPreview),
    }),
    metadata: writeMark({ key, part }),
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
