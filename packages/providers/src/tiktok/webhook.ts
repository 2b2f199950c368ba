import { createHmac, timingSafeEqual } from 'node:crypto'
import {
  type InboundCallback,
  type InboundNotice,
  PostMcpError,
  type ProviderContext,
  requireClient,
} from '@postmcp/core'
import { z } from 'zod'
import { manifest } from './manifest.js'

/** How old a signed callback may be. TikTok leaves the number to us. */
const toleranceSeconds = 300

const event = z.object({
  client_key: z.string(),
  event: z.string(),
  create_time: z.union([z.number(), z.string()]),
  user_openid: z.string().min(1),
  /** JSON inside of JSON. */
  content: z.string().default('{}'),
})

/**
 * What `reason` of a removed authorization says: the user disconnected us, deleted the account, is too young now, was banned;
 * 0 is unknown. 5, which is left out, is our own revocation: it would come after the account was perhaps connected again.
 */
const lastingReasons = [0, 1, 2, 3, 4]

/**
 * Reads a callback of TikTok.
 * @throws PostMcpError `unauthorized` when it is not signed with our secret, or long ago
 * @see https://developers.tiktok.com/doc/webhooks-verification and https://developers.tiktok.com/doc/webhooks-events (2026-11-22)
 */
export function receive(ctx: ProviderContext, callback: InboundCallback): InboundNotice[] {
  const client = requireClient(ctx, manifest)
  checkSignature(client.secrets, callback, ctx.clock.now())
  const parsed = event.safeParse(readJson(Buffer.from(callback.body).toString('utf8')))
  if (!parsed.success) throw new PostMcpError('invalid_request', 'This is no event of TikTok.')
  const { client_key, event: name, create_time, user_openid, content } = parsed.data
  if (client_key !== client.id) throw forged('is for another application')
  if (name !== 'authorization.removed') return []
  const reason = z.object({ reason: z.number() }).safeParse(readJson(content)).data?.reason ?? 0
  if (!lastingReasons.includes(reason)) return []
  return [
    {
      type: 'revoked',
      // Events have no id of their own; a repeated delivery is the same in these three.
      eventId: `${name}:${user_openid}:${create_time}`,
      subject: user_openid,
      platformCode: `${name}:${reason}`,
    },
  ]
}

/** `TikTok-Signature: t=<epoch seconds>,s=<HMAC-SHA256 of "t.body" in hexadecimal>` */
function checkSignature(secrets: readonly string[], { headers, body }: InboundCallback, now: Date): void {
  const parts = new URLSearchParams((headers.get('tiktok-signature') ?? '').replaceAll(',', '&'))
  const time = parts.get('t') ?? ''
  const signature = Buffer.from(parts.get('s') ?? '', 'hex')
  const matches = secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest()
    return expected.length === signature.length && timingSafeEqual(expected, signature)
  })
  if (!matches) throw forged('is not signed with the secret of this application')
  const age = Math.abs(now.getTime() / 1000 - Number(time))
  if (!(age <= toleranceSeconds)) throw forged('was signed too long ago')
}

const forged = (what: string) =>
  new PostMcpError('unauthorized', `This callback ${what}.`, {
    platform: manifest.id,
    nextAction: 'Check the client secret that is configured here against that of the app at TikTok.',
  })

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
