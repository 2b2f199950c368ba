import type { Context } from 'hono'
import type { Person } from '../world.js'
import { SlackRefusal } from './errors.js'
import { readArguments } from './parameters.js'
import type { SlackState } from './state.js'
import { type TeamFacts, teamOf } from './workspace.js'

/** An app that asks, with the bot token of one workspace. */
export interface Caller {
  person: Person
  team: TeamFacts
  token: string
  grantId: string
  scopes: readonly string[]
  /** Channels from which the bot was not removed since the installation. */
  resourceIds: readonly string[]
  given: Record<string, string>
}

/** What a workspace answers in each condition. */
const REFUSALS: Readonly<Record<string, string>> = {
  workspace_deleted: 'account_inactive',
  two_factor_required: 'two_factor_setup_required',
  login_required: 'org_login_required',
}

/** All conditions of a workspace; the last two matter while the app is installed. */
export const CONDITIONS: readonly string[] = [
  ...Object.keys(REFUSALS),
  'approval_required',
  'organisation_install',
]

/**
 * Whose token this is. Says in a header which scopes it has, as Slack does with every answer.
 * @throws SlackRefusal `not_authed`, `invalid_auth`, `token_expired`, `token_revoked`, or as the workspace's condition says;
 *   `missing_scope` where none of `scopes` was granted
 */
export async function readCaller(
  { kit, tokenRotation }: SlackState,
  c: Context,
  scopes: readonly string[] = [],
): Promise<Caller> {
  const given = await readArguments(c)
  const token = /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? given.token ?? ''
  if (token === '') throw new SlackRefusal('not_authed')
  const found = kit.tokens.inspect(token)
  const person =
    found.state === 'unknown' || found.personId === null ? undefined : kit.world.person(found.personId)
  if (found.state === 'unknown' || !person) throw new SlackRefusal('invalid_auth')
  if (found.state === 'revoked') throw new SlackRefusal('token_revoked')
  const refusal = REFUSALS[person.condition]
  if (refusal !== undefined) throw new SlackRefusal(refusal)
  // Without rotation a token ends only when it is taken away.
  if (found.state === 'expired') throw new SlackRefusal(tokenRotation ? 'token_expired' : 'token_revoked')
  const { grant } = found
  c.header('x-oauth-scopes', grant.scopes.join(','))
  if (scopes.length > 0 && !scopes.some((scope) => grant.scopes.includes(scope)))
    throw new SlackRefusal('missing_scope', { needed: scopes.join(','), provided: grant.scopes.join(',') })
  return {
    person,
    team: teamOf(person),
    token,
    grantId: grant.id,
    scopes: grant.scopes,
    resourceIds: grant.resourceIds,
    given,
  }
}
