import { domainToASCII } from 'node:url'
import {
  type Json,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { findAddresses } from './addresses.js'
import { callApi } from './api.js'
import { afterSending, type PostCheckpoint, readPostCheckpoint } from './publish.js'

const entities = z.object({
  urls: z
    .array(
      z.object({ url: z.string(), expanded_url: z.string().optional(), media_key: z.string().optional() }),
    )
    .optional(),
})
const body = z.object({ text: z.string(), entities: entities.optional() })
const listedPost = body.extend({
  id: z.string(),
  created_at: z.iso.datetime(),
  conversation_id: z.string().optional(),
  attachments: z.object({ media_keys: z.array(z.string()).optional() }).optional(),
  // The whole of a long post.
  note_post: body.partial().optional(),
})
type ListedPost = z.infer<typeof listedPost>

const page = z.object({
  data: z.array(listedPost).optional(),
  meta: z.object({ next_token: z.string().optional() }).optional(),
})

const pagesAtMost = 32 // X lists the newest 3200 posts of an account.
/** By how much its clock may be before ours, and how long after the beginning of an attempt its request can have arrived. */
const earlierMs = 60_000
const laterMs = 5 * 60_000

const requestForm = z.object({
  text: z.string(),
  media: z.object({ media_ids: z.array(z.string()) }).optional(),
})

/**
 * Looks for a post among those of the account that are as old as the attempt. Ours is what has the same text, as many files and
 * the same place in the thread, and was made while the attempt could arrive; X refuses an identical text soon after, so there are
 * not two of them. What was edited meanwhile is not recognised.
 */
export async function findPublished(
  ctx: ProviderContext,
  input: Pick<PublishInput, 'access' | 'account'> & { sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = readPostCheckpoint(checkpoint)
  const from = new Date(input.sentAt.getTime() - earlierMs)
  let token: string | undefined
  for (let number = 0; number < pagesAtMost; number++) {
    const { data = [], meta } = await readPage(ctx, input, from, token)
    const found = data.find((post) => isOurs(post, state, input.sentAt))
    if (found) return afterSending(ctx, input.account, state, found.id)
    token = meta?.next_token
    if (token === undefined) return null
  }
  throw new PostMcpError(
    'platform_response_invalid',
    'X lists more posts of this account than can be looked through.',
    {
      platform: 'x',
    },
  )
}

const readPage = (
  ctx: ProviderContext,
  { access }: Pick<PublishInput, 'access'>,
  from: Date,
  token: string | undefined,
) =>
  callApi(ctx, access.tokens, {
    path: `/2/users/${encodeURIComponent(access.subject)}/tweets`,
    query: {
      max_results: '100',
      start_time: from.toISOString().replace(/\.\d+Z$/, 'Z'),
      'post.fields': 'created_at,conversation_id,attachments,entities,note_post',
      ...(token !== undefined && { pagination_token: token }),
    },
    answer: page,
  })

function isOurs(post: ListedPost, { request, thread }: PostCheckpoint, sentAt: Date): boolean {
  const ours = requestForm.parse(JSON.parse(request))
  const age = new Date(post.created_at).getTime() - sentAt.getTime()
  const files = ours.media?.media_ids.length ?? 0
  return (
    age >= -earlierMs &&
    age <= laterMs &&
    post.conversation_id === (thread?.rootId ?? post.id) &&
    post.id !== thread?.rootId &&
    !thread?.parts.includes(post.id) &&
    (post.attachments?.media_keys?.length ?? 0) === files &&
    comparable(ours.text) === comparable(asWritten(post))
  )
}

/** The text as it was sent: X puts links of its own in place of addresses and files, and writes three characters as in HTML. */
function asWritten(post: ListedPost): string {
  const { text = post.text, entities: found = post.entities } = post.note_post ?? {}
  const whole = (found?.urls ?? []).reduce((shown, { url, expanded_url: address, media_key: file }) => {
    const isFile = file !== undefined || /\/status\/\d+\/(?:photo|video)\/\d+$/.test(address ?? '')
    return shown.replaceAll(url, () => (isFile ? '' : (address ?? url)))
  }, text)
  return whole.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

/** A text with everything made equal that X may change about it: composition, white space, the writing of addresses. */
function comparable(text: string): string {
  const composed = text.normalize('NFC')
  let shown = ''
  let at = 0
  for (const { start, end } of findAddresses(composed)) {
    shown += composed.slice(at, start) + plainAddress(composed.slice(start, end))
    at = end
  }
  return (shown + composed.slice(at)).replaceAll(/\s+/g, ' ').trim()
}

/** Without scheme, and with the name as DNS has it. */
function plainAddress(address: string): string {
  const whole = /^https?:/i.test(address) ? address : `http://${address}`
  if (!URL.canParse(whole)) return address
  const { hostname, port, pathname, search, hash } = new URL(whole)
  return `${domainToASCII(hostname)}${port && `:${port}`}${pathname.replace(/\/$/, '')}${search}${hash}`
}
