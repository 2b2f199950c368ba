import type { Context } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { ProblemError } from './errors.js'

/** What X says to people, and to applications, that it does not let in. The texts for accounts are those of its older codes. */
const REFUSALS: Readonly<Record<string, () => ProblemError>> = {
  suspended: () =>
    new ProblemError(
      403,
      'Forbidden',
      'Your account is suspended and is not permitted to access this feature.',
    ),
  locked: () =>
    new ProblemError(
      403,
      'Forbidden',
      'This account is temporarily locked. Please log in to https://x.com to unlock it.',
    ),
  client_not_enrolled: () =>
    new ProblemError(
      403,
      'Client Forbidden',
      'The application must belong to a project that is enrolled for this use of the API.',
      {
        type: 'client-forbidden',
        details: { reason: 'client-not-enrolled', registration_url: 'https://console.x.com' },
      },
    ),
  usage_capped: () =>
    new ProblemError(429, 'UsageCapExceeded', 'Usage cap exceeded: Monthly product cap', {
      type: 'usage-capped',
      details: { period: 'Monthly', scope: 'Product' },
    }),
  credits_depleted: () =>
    new ProblemError(402, 'Payment Required', 'The credits of the application are used up.'),
}

/** All conditions of a person; the last three are of the application, as this person meets it. `protected` is no refusal. */
export const CONDITIONS: readonly string[] = ['protected', ...Object.keys(REFUSALS)]

/**
 * The person whose token a request carries.
 * @throws ProblemError 401 for a token that is not good, whatever is wrong with it; a bare 403 without all the scopes
 */
export function requirePerson(kit: PlatformKit, c: Context, scopes: readonly string[]): Person {
  const token = /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  const found = kit.tokens.inspect(token ?? '')
  const person = found.state === 'valid' ? kit.world.person(found.personId ?? '') : undefined
  if (found.state !== 'valid' || !person) throw new ProblemError(401, 'Unauthorized', 'Unauthorized')
  if (scopes.some((scope) => !found.scopes.includes(scope)))
    throw new ProblemError(403, 'Forbidden', 'Forbidden')
  const refusal = REFUSALS[person.condition]
  if (refusal) throw refusal()
  return person
}
