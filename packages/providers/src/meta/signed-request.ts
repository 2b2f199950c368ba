import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import {
  type InboundCallback,
  type InboundNotice,
  type Manifest,
  PostMcpError,
  type ProviderContext,
  requireClient,
} from '@postmcp/core'
import { z } from 'zod'
import { graphId } from './graph.js'

/** What Meta says in a signed request. */
export interface SignedRequest {
  /** Who it is about, by the id this app knows the person under. */
  userId: string
  /** Same for the same request, however its signature is written; nobody can guess it who has not the request. */
  digest: string
}

const payload = z.object({
  user_id: graphId,
  algorithm: z.string(),
  issued_at: z.number().nullish(),
})

/** An old request shown again must not end a grant that was given since. Our choice; Meta names no window. */
const maxAgeSeconds = 24 * 60 * 60
const maxAheadSeconds = 5 * 60

/**
 * Reads `signed_request`: signature and payload in base64url with a dot between, HMAC-SHA256 over the payload as it is written.
 * @param secrets any of them may have signed
 * @throws PostMcpError `unauthorized` for anything that is not signed with one of them, or too old
 * @see https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback (2026-11-22)
 */
function readSignedRequest(text: string, secrets: readonly string[], now: Date): SignedRequest {
  const [signature, body, ...rest] = text.split('.')
  if (!signature || !body || rest.length > 0) throw notSigned()
  const signed = secrets
    .map((secret) => createHmac('sha256', secret).update(body).digest())
    .find((expected) => isSame(expected, Buffer.from(signature, 'base64url')))
  if (!signed) throw notSigned()
  const parsed = payload.safeParse(parse(body))
  if (!parsed.success || parsed.data.algorithm.toUpperCase() !== 'HMAC-SHA256') throw notSigned()
  const { user_id, issued_at } = parsed.data
  const ageSeconds = now.getTime() / 1000 - (issued_at ?? now.getTime() / 1000)
  if (ageSeconds > maxAgeSeconds || ageSeconds < -maxAheadSeconds) throw notSigned()
  return { userId: user_id, digest: createHash('sha256').update(signed).digest('hex') }
}

const isSame = (one: Buffer, other: Buffer) => one.length === other.length && timingSafeEqual(one, other)

function parse(body: string): unknown {
  // An id may be a number above 2^53, which must keep its digits.
  const exact = ((_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? source : value) as (
    key: string,
    value: unknown,
  ) => unknown
  try {
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'), exact)
  } catch {
    return undefined
  }
}

const notSigned = () =>
  new PostMcpError(
    'unauthorized',
    'This callback is not signed with the secret of our app, or it is too old.',
    {
      nextAction: 'Check that the app secret configured here is that of the app that calls.',
    },
  )

/** Query with which the address for data deletion is registered: the two callbacks of Meta look the same otherwise. */
const dataDeletionQuery = 'request=data_deletion'

/**
 * The two callbacks of a Meta app: a person removed the app, or wants everything about them deleted. The latter wants to hear
 * where the person can look after it and under which code.
 * @throws PostMcpError `unauthorized`, `invalid_request`
 */
export function receiveSignedRequest(
  ctx: ProviderContext,
  manifest: Manifest,
  { method, query, body }: InboundCallback,
): InboundNotice[] {
  if (method !== 'POST') throw new PostMcpError('invalid_request', `${manifest.name} calls back by POST.`)
  const form = new URLSearchParams(Buffer.from(body).toString('utf8'))
  const { secrets } = requireClient(ctx, manifest)
  const { userId, digest } = readSignedRequest(form.get('signed_request') ?? '', secrets, ctx.clock.now())
  // Both may come within one second and are then the same to the byte; so the kind is part of what names an event.
  const [name, value] = dataDeletionQuery.split('=')
  if (query.get(name ?? '') !== value) {
    return [
      { type: 'revoked', eventId: `deauthorize ${digest}`, subject: userId, platformCode: 'deauthorized' },
    ]
  }
  const confirmation = digest.slice(0, 24)
  const answer = {
    url: `${ctx.publicUrl}/deletion-requests/${confirmation}`,
    confirmation_code: confirmation,
  }
  return [
    { type: 'deletion_requested', eventId: `data_deletion ${digest}`, subject: userId, confirmation },
    { type: 'answer', body: JSON.stringify(answer), contentType: 'application/json' },
  ]
}
