import { createHmac } from 'node:crypto'
import type { CallbackPolicy } from '../callbacks.js'

/** What TikTok says of an authorization that is no more, by what happened. */
const REASONS: Readonly<Record<string, number>> = { person: 1, deleted: 2, banned: 4 }

const FIRST_WAIT_SECONDS = 60
const GIVE_UP_SECONDS = 72 * 3600

/** Each wait twice as long as the one before, for 72 hours in all. How long the first one is, is not documented. */
function doublingWaits(): number[] {
  const waits: number[] = []
  let sum = 0
  for (let wait = FIRST_WAIT_SECONDS; sum + wait <= GIVE_UP_SECONDS; wait *= 2) {
    waits.push(wait)
    sum += wait
  }
  return waits
}

/**
 * What an application is told by the callback address of its settings.
 * @see https://developers.tiktok.com/doc/webhooks-overview, https://developers.tiktok.com/doc/webhooks-events
 */
export const TIKTOK_CALLBACKS: CallbackPolicy = {
  timeoutSeconds: 10,
  retryAfterSeconds: doublingWaits(),
  isSettled: ({ status }) => status === 200,
  onAccessRemoved({ person, client, why, now }) {
    const reason = REASONS[why]
    if (reason === undefined) return []
    const event = 'authorization.removed'
    const body = JSON.stringify({
      client_key: client.id,
      event,
      create_time: Math.floor(now.getTime() / 1000),
      user_openid: person.id,
      content: JSON.stringify({ reason }),
    })
    return [
      {
        event,
        sign(at) {
          const time = Math.floor(at.getTime() / 1000)
          const signature = createHmac('sha256', client.secrets[0] ?? '').update(`${time}.${body}`)
          return {
            headers: {
              'content-type': 'application/json',
              'tiktok-signature': `t=${time},s=${signature.digest('hex')}`,
            },
            body,
          }
        },
      },
    ]
  },
}
