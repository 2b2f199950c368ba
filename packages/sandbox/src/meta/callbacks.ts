import type { CallbackPolicy, OutgoingCall } from '../callbacks.js'
import type { Client } from '../token-service.js'
import type { Person } from '../world.js'
import { createSignedRequest } from './signed-request.js'

/**
 * What an app of Meta is told: that a person removed it, and that a person wants everything deleted. Whether Meta tries again when
 * nobody answers is not documented, so it does not.
 *
 * @see https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
 */
export const META_CALLBACKS: CallbackPolicy = {
  timeoutSeconds: 10,
  retryAfterSeconds: [],
  onAccessRemoved: (about) => (about.why === 'person' ? [signedCall('deauthorize', about)] : []),
  onDeletionWanted: (about) => [{ ...signedCall('data_deletion', about), query: 'request=data_deletion' }],
}

const signedCall = (event: string, { person, client }: { person: Person; client: Client }): OutgoingCall => ({
  event,
  sign: (at) => ({
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(createSignedRequest(client.secrets[0] ?? '', person.id, at)),
  }),
})
