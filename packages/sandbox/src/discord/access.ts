import type { Context } from 'hono'
import type { Grant } from '../token-service.js'
import type { Person } from '../world.js'
import { DiscordRefusal, unauthorized } from './errors.js'
import { APPLICATION, type DiscordState } from './state.js'

const authorizationOf = (c: Context) => /^(bot|bearer)\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')

/** Whether the bot asks. @throws DiscordRefusal 401 for a wrong bot token */
export function isBot(c: Context): boolean {
  const [, kind = '', token] = authorizationOf(c) ?? []
  if (kind.toLowerCase() !== 'bot') return false
  if (token !== APPLICATION.botToken) throw unauthorized()
  return true
}

/** @throws DiscordRefusal 401 for whoever is not the bot */
export function requireBot(c: Context): void {
  if (!isBot(c)) throw unauthorized()
}

/** A person who authorized the application, by their access token. */
export interface Authorized {
  person: Person
  grant: Grant
  expiresAt: Date | null
}

/** @throws DiscordRefusal 401 without a living token */
export function requirePerson({ kit }: DiscordState, c: Context): Authorized {
  const [, kind = '', token = ''] = authorizationOf(c) ?? []
  if (kind.toLowerCase() !== 'bearer') throw unauthorized()
  const found = kit.tokens.inspect(token)
  const person =
    found.state === 'valid' && found.personId !== null ? kit.world.person(found.personId) : undefined
  if (found.state !== 'valid' || !person) throw new DiscordRefusal(401, 50025, 'Invalid OAuth2 access token')
  return { person, grant: found.grant, expiresAt: found.token.expiresAt }
}

/** @throws DiscordRefusal 403 when the person did not allow this */
export function requireScope({ grant }: Authorized, scope: string): void {
  if (!grant.scopes.includes(scope))
    throw new DiscordRefusal(403, 50026, 'You do not have the required OAuth2 scope')
}
