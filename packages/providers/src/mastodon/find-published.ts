import {
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { hostOf, instanceOf } from './instance.js'
import { plainText, withoutHosts } from './plain-text.js'
import { afterSending, type PostCheckpoint, readPostCheckpoint, statusForm } from './publish.js'

const listed = statusForm.extend({
  created_at: z.string(),
  content: z.string().nullish(),
  spoiler_text: z.string().nullish(),
  in_reply_to_id: z.union([z.string(), z.number().transform(String)]).nullish(),
  media_attachments: z.array(z.unknown()).nullish(),
  reblog: z.unknown().nullish(),
})
type Listed = z.infer<typeof listed>

const requestForm = z.object({
  status: z.string(),
  visibility: z.string(),
  media_ids: z.array(z.string()).default([]),
  spoiler_text: z.string().default(''),
  in_reply_to_id: z.string().nullable().default(null),
})
type Request = z.infer<typeof requestForm>

/** Software that knows a repetition by its key, an hour or longer; of Akkoma and today's Pleroma that is not verified. */
const knowsKeys = ['mastodon', 'pleroma', 'akkoma', 'hollo']
const keyMs = 3600_000

/** By how much the clock of an instance may be before ours, and how long after the beginning of an attempt it can have arrived. */
const earlierMs = 30_000
const laterMs = 5 * 60_000
const pageSize = 40
const pagesAtMost = 10

/**
 * Looks for a post among the newest of the account. Ours has the same words, content warning and number of files, stands below
 * the same post, is no part of the thread that is known already, and was made while the attempt could arrive. Where posts may not
 * be read, a server that knows the key is sent it again, which makes no second post; any other is left to a person.
 */
export async function findPublished(
  ctx: ProviderContext,
  input: Pick<PublishInput, 'access' | 'account' | 'dedupeKey'> & { sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = readPostCheckpoint(checkpoint)
  const ours = requestForm.parse(JSON.parse(state.request))
  const isPublic = ours.visibility !== 'private'
  const found = await lookThrough(ctx, { ...input, isPublic }, (status) =>
    isOurs(status, ours, state, input.sentAt),
  )
  if (found === 'not_readable') {
    const isKnown = knowsKeys.includes(String(input.access.settings.software))
    if (isKnown && ctx.clock.now().getTime() - input.sentAt.getTime() < keyMs) return null
    const host = hostOf(instanceOf(input.access))
    throw new PostMcpError(
      'platform_unavailable',
      `${host} does not let us read the posts of this account.`,
      {
        platform: 'mastodon',
      },
    )
  }
  return found && afterSending(state, found, input.dedupeKey)
}

type Wanted = Pick<PublishInput, 'access' | 'account'> & { isPublic: boolean }

async function lookThrough(
  ctx: ProviderContext,
  input: Wanted & { sentAt: Date },
  isWanted: (status: Listed) => boolean,
): Promise<Listed | 'not_readable' | null> {
  const oldest = input.sentAt.getTime() - earlierMs
  let before: string | undefined
  for (let number = 0; number < pagesAtMost; number++) {
    const page = await readPage(ctx, input, before)
    if (!page) return 'not_readable'
    const found = page.find(isWanted)
    const last = page.at(-1)
    if (found) return found
    if (!last || page.length < pageSize || new Date(last.created_at).getTime() < oldest) return null
    before = last.id
  }
  throw new PostMcpError(
    'platform_unavailable',
    'There are more new posts of this account than can be looked through.',
    {
      platform: 'mastodon',
    },
  )
}

/** What is public as anybody, as Mastodon shows it without a scope for reading; else as the account. Null: neither is allowed. */
async function readPage(
  ctx: ProviderContext,
  { access, account, isPublic }: Wanted,
  before: string | undefined,
): Promise<Listed[] | null> {
  const accountId = account.targetId.slice(account.targetId.indexOf('/') + 1)
  const query = new URLSearchParams({
    limit: String(pageSize),
    ...(before !== undefined && { max_id: before }),
  })
  const url = `${instanceOf(access)}/api/v1/accounts/${encodeURIComponent(accountId)}/statuses?${query}`
  for (const as of isPublic ? [{}, { access }] : [{ access }]) {
    try {
      return await callApi(ctx, { method: 'GET', url, ...as, answer: z.array(listed) })
    } catch (error) {
      const isClosed = error instanceof PlatformError && [401, 403, 404].includes(error.status)
      if (!isClosed) throw error
    }
  }
  return null
}

function isOurs(status: Listed, ours: Request, { thread }: PostCheckpoint, sentAt: Date): boolean {
  const age = new Date(status.created_at).getTime() - sentAt.getTime()
  return (
    age >= -earlierMs &&
    age <= laterMs &&
    !status.reblog &&
    status.id !== thread?.rootId &&
    !thread?.parts.includes(status.id) &&
    (status.in_reply_to_id ?? null) === ours.in_reply_to_id &&
    (status.media_attachments?.length ?? 0) === ours.media_ids.length &&
    letters(status.spoiler_text ?? '') === letters(ours.spoiler_text) &&
    letters(plainText(status.content ?? '')) === letters(withoutHosts(ours.status))
  )
}

/** Servers differ in what they make of white space and line ends. */
const letters = (text: string): string => text.normalize('NFC').replaceAll(/\s+/g, '')
