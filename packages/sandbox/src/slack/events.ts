import { createHash, createHmac } from 'node:crypto'
import type { CallbackPolicy, CallTry, OutgoingCall } from '../callbacks.js'
import { APP_ID, teamOf } from './workspace.js'

/**
 * What the Events API tells when somebody removes the app from a workspace: two events, which may come in either order.
 * @param signingSecret of the app; one that is not ours may have its own among its facts
 * @see https://docs.slack.dev/apis/events-api, https://docs.slack.dev/reference/events/app_uninstalled
 */
export const createSlackEvents = (signingSecret: string): CallbackPolicy => ({
  timeoutSeconds: 3,
  retryAfterSeconds: [0, 60, 300],
  isSettled: (answer) => answer.ok || answer.headers.get('x-slack-no-retry') === '1',
  onAccessRemoved({ person, client, why, now }) {
    if (why !== 'person') return []
    const { teamId, botUserId } = teamOf(person)
    const secret = client.facts.signingSecret ?? signingSecret
    return [
      { type: 'tokens_revoked', tokens: { oauth: [], bot: [botUserId] } },
      { type: 'app_uninstalled' },
    ].map((event) => eventCall(String(secret), event, { teamId, at: now }))
  },
})

function eventCall(
  secret: string,
  event: { type: string },
  { teamId, at: happenedAt }: { teamId: string; at: Date },
): OutgoingCall {
  // The same in each try, and another one for each event.
  const id = createHash('sha256').update(`${event.type} ${teamId} ${happenedAt.getTime()}`).digest('hex')
  const body = JSON.stringify({
    team_id: teamId,
    api_app_id: APP_ID,
    event,
    type: 'event_callback',
    event_id: `Ev0${id.slice(0, 8).toUpperCase()}`,
    event_time: Math.floor(happenedAt.getTime() / 1000),
  })
  return {
    event: event.type,
    sign(at, failedTries) {
      const time = Math.floor(at.getTime() / 1000)
      const signature = createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex')
      const last = failedTries.at(-1)
      return {
        headers: {
          'content-type': 'application/json',
          'x-slack-request-timestamp': String(time),
          'x-slack-signature': `v0=${signature}`,
          ...(last && {
            'x-slack-retry-num': String(failedTries.length),
            'x-slack-retry-reason': reasonOf(last),
          }),
        },
        body,
      }
    },
  }
}

const reasonOf = ({ status, answer }: CallTry): string => {
  if (status !== null) return 'http_error'
  return answer.includes('in time') ? 'http_timeout' : 'connection_failed'
}
