import {
  type GrantAccess,
  type Json,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type TargetAccess,
} from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'
import { enterChannel, readChannel } from './channel.js'
import { type Message, readCheckpoint, readRequest, type Share } from './checkpoint.js'
import { classifyError } from './errors.js'
import { findShare, isGone } from './files.js'
import { installationOf } from './installation.js'
import { type MessageMark, readMark } from './message-metadata.js'
import { afterSending, afterSharing } from './publish.js'

type Lost = Pick<PublishInput, 'access' | 'account' | 'options' | 'dedupeKey'> & { sentAt: Date }

/** By how much Slack's clock may be before ours, and how long after the beginning of an attempt it can have arrived. */
const earlierMs = 2 * 60_000
const laterMs = 10 * 60_000
/** As Slack recommends; apps that are sold outside the Marketplace get fewer, once a minute, whatever they ask for. */
const pageSize = '200'
const fewest = 15
const pagesAtMost = 50
/** How long Slack may take to show files that it was asked to share; a guess, in its favour. */
const sharingMs = 15 * 60_000

/**
 * Looks for what was made public by a call whose answer was lost.
 * - A message is known by its mark and by nothing else: nobody else can have its key before it is there, and what people make
 *   of its text does not matter. Reading it takes an optional permission and membership.
 * - Files are known by their ids, for each was uploaded for one post only; that takes neither. Slack does not say of files that
 *   are in no channel whether it is about to share them, so these are never called missing.
 */
export async function findPublished(
  ctx: ProviderContext,
  input: Lost,
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = readCheckpoint(checkpoint)
  switch (state.stage) {
    case 'message':
      return findMessage(ctx, input, state)
    case 'share':
      return findFiles(ctx, input, state)
    default:
      // Nothing is made public there.
      return null
  }
}

async function findFiles(
  ctx: ProviderContext,
  { access, account, sentAt }: Lost,
  { fileIds, replies }: Share,
): Promise<PublishStep> {
  const [file = ''] = fileIds
  const ts = await findShare(ctx, access, account.targetId, file).catch((error: unknown) =>
    isGone(error) ? null : leaveInDoubt(account, error),
  )
  if (ts !== null) return afterSharing({ fileIds, replies })
  if (ctx.clock.now().getTime() - sentAt.getTime() < sharingMs) {
    throw new PostMcpError(
      'platform_unavailable',
      `Slack does not show the files in #${account.handle} so far.`,
      { platform: 'slack' },
    )
  }
  throw unknown(`Slack does not show the files in #${account.handle}, and does not say whether it will.`)
}

async function findMessage(ctx: ProviderContext, input: Lost, message: Message): Promise<PublishStep | null> {
  const { access, account } = input
  const { metadata } = readRequest(message.request)
  const mark = metadata === undefined ? null : readMark(JSON.parse(metadata))
  if (!mark) throw unknown('The message carries nothing by which it could be found.')
  await requireReadable(ctx, access, account)
  const ts = await lookThrough(ctx, input, message.root, mark)
  return ts === null ? null : afterSending(ctx, input, message, ts)
}

const historyScopes = { public: 'channels:history', private: 'groups:history' }

/** Sees to it that the messages of the channel can be read. @throws PostMcpError `outcome_unknown` where they cannot */
async function requireReadable(
  ctx: ProviderContext,
  access: GrantAccess,
  account: TargetAccess,
): Promise<void> {
  const refuse = (scope: string) =>
    unknown(`Without the permission ${scope} the app cannot look for it in #${account.handle}.`)
  const isGranted = (scope: string) => access.grantedScopes.includes(scope)
  if (!Object.values(historyScopes).some(isGranted)) throw refuse(Object.values(historyScopes).join(' or '))
  const channel = await readChannel(ctx, access, account)
  const scope = channel.is_private ? historyScopes.private : historyScopes.public
  if (!isGranted(scope)) throw refuse(scope)
  const isIn = await enterChannel(ctx, access, channel).catch((error: unknown) =>
    leaveInDoubt(account, error),
  )
  if (!isIn) throw unknown(`The app is not in #${account.handle} and cannot look for it there.`)
}

const listed = z.object({
  ts: z.string(),
  user: z.string().nullish(),
  subtype: z.string().nullish(),
  files: z.array(z.unknown()).nullish(),
  metadata: z.unknown().optional(),
})
type Listed = z.infer<typeof listed>

/** @see https://docs.slack.dev/reference/methods/conversations.history, conversations.replies there (2026-11-22) */
const page = z.object({
  messages: z.array(listed),
  has_more: z.boolean().nullish(),
  response_metadata: z.object({ next_cursor: z.string().nullish() }).nullish(),
})

/** The `ts` under which a message with this mark stands in a channel, or in a thread of it. */
async function lookThrough(
  ctx: ProviderContext,
  lost: Lost,
  root: Message['root'],
  { key, part }: MessageMark,
): Promise<string | null> {
  const { botUserId } = installationOf(lost.access)
  const known = root ? [root.ts, ...root.parts] : []
  let isInDoubt = false
  for await (const messages of readPages(ctx, lost, root?.ts)) {
    const found = messages.find(({ metadata }) => {
      const mark = readMark(metadata)
      return mark?.key === key && mark.part === part
    })
    if (found) return found.ts
    isInDoubt ||= messages.some(
      (one) => one.user === botUserId && isText(one) && !known.includes(one.ts) && !readMark(one.metadata),
    )
  }
  // All that we send are marked: should Slack have lost a mark, this one may be it.
  if (isInDoubt)
    throw unknown(`There is a message of the app in #${lost.account.handle} that carries no mark of ours.`)
  return null
}

/** Files cannot be marked, and what Slack writes in the name of the app, such as that it joined, has a subtype. */
const isText = ({ subtype, files }: Listed): boolean =>
  (files ?? []).length === 0 && ['', 'bot_message'].includes(subtype ?? '')

/** All that stands in a channel, or in a thread of it, from the time of the attempt. */
async function* readPages(
  ctx: ProviderContext,
  { access, account, sentAt }: Lost,
  threadTs: string | undefined,
): AsyncGenerator<Listed[]> {
  const at = (ms: number) => ((sentAt.getTime() + ms) / 1000).toFixed(6)
  const asked = {
    channel: account.targetId,
    ...(threadTs !== undefined && { ts: threadTs }),
    oldest: at(-earlierMs),
    latest: at(laterMs),
    include_all_metadata: 'true',
    limit: pageSize,
  }
  let cursor = ''
  let isThrottled = false
  for (let number = 0; number < pagesAtMost; number++) {
    const { data } = await callSlack(ctx, {
      method: threadTs === undefined ? 'conversations.history' : 'conversations.replies',
      token: access.tokens.accessToken,
      query: { ...asked, ...(cursor !== '' && { cursor }) },
      answer: page,
    }).catch((error: unknown) => {
      // Another look would begin anew and come no further.
      if (isThrottled && error instanceof PlatformError && error.status === 429)
        throw unknown(`Slack shows the app too few messages at a time to look through #${account.handle}.`)
      return leaveInDoubt(account, error)
    })
    yield data.messages
    cursor = data.response_metadata?.next_cursor ?? ''
    if (cursor === '') {
      if (data.has_more) throw new MalformedResponseError('It has more messages and does not say where.')
      return
    }
    isThrottled = data.messages.length <= fewest
  }
  throw new PostMcpError(
    'platform_unavailable',
    `There are more messages in #${account.handle} than can be looked through.`,
    { platform: 'slack' },
  )
}

/**
 * A refusal to show us messages is no verdict on the account, which needs none of this to publish. Trouble that passes, and a
 * channel or grant that is lost altogether, are told as everywhere.
 */
function leaveInDoubt({ handle }: TargetAccess, error: unknown): never {
  if (!(error instanceof PlatformError) || error.platformCode === 'channel_not_found') throw error
  const verdict = classifyError(error, 'publish')
  const isAboutReading =
    verdict.kind === 'refused' ||
    (verdict.kind === 'account_unusable' && verdict.status === 'missing_permission') ||
    error.platformCode === 'is_archived'
  if (!isAboutReading) throw error
  throw unknown(`Slack does not let the app look in #${handle}: ${error.platformCode ?? error.status}.`)
}

const unknown = (why: string): PostMcpError =>
  new PostMcpError('outcome_unknown', `The answer of Slack was lost. ${why}`, {
    platform: 'slack',
    nextAction: 'Look at the channel, then run `postmcp post resolve` for the post.',
  })
