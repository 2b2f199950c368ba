import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { ClientProof, IssuedTokens } from '../token-service.js'
import type { Person } from '../world.js'
import { SlackRefusal } from './errors.js'
import { readArguments } from './parameters.js'
import { isKnownScope, WHY } from './scopes.js'
import type { SlackState } from './state.js'
import { APP_ID, channelOf, teamOf } from './workspace.js'

/** Installation of the app. @see https://docs.slack.dev/authentication/installing-with-oauth */
export function createOAuthRoutes(state: SlackState): Hono {
  const { kit, tokenRotation } = state
  const { tokens, world } = kit
  const app = new Hono()

  app.get('/oauth/v2/authorize', (c) => {
    const query = new URL(c.req.url).searchParams
    const client = tokens.client(query.get('client_id') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    const scopes = (query.get('scope') ?? '').split(/[\s,]+/).filter(Boolean)
    const refuse = (words: string) =>
      c.html(renderMessage('Something went wrong when authorizing this app', words), 400, PAGE_HEADERS)
    // Slack sends nobody back with an error; it shows a page.
    if (!client) return refuse('Invalid client_id parameter.')
    if (!tokens.allowsRedirect(client, redirectUri))
      return refuse('redirect_uri did not match any configured URIs.')
    const unknown = scopes.filter((scope) => !isKnownScope(scope))
    if (scopes.length === 0 || unknown.length > 0)
      return refuse(`Invalid permissions requested: ${unknown.join(', ') || 'none'}.`)

    const answer = (parameters: Record<string, string>) => {
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries({ ...parameters, state: query.get('state') ?? '' }))
        url.searchParams.set(name, value)
      return url.href
    }
    return kit.consent.ask(c, {
      clientName: client.name,
      // People allow all or nothing.
      scopes: scopes.map((name) => ({ name, required: true, ...(WHY[name] && { why: WHY[name] }) })),
      onAllow({ personId }) {
        const person = world.person(personId)
        if (person?.condition === 'approval_required') return requestedPage()
        return answer({ code: tokens.createCode(installation(person, scopes, client.id, redirectUri)) })
      },
      onDeny: () => answer({ error: 'access_denied' }),
    })
  })

  /** What was granted before is granted still; the bot is in the channels it was invited to. */
  function installation(person: Person | undefined, scopes: string[], clientId: string, redirectUri: string) {
    const personId = person?.id ?? ''
    const living = tokens.grants({ personId, clientId }).filter(({ revokedAt }) => revokedAt === null)
    return {
      clientId,
      redirectUri,
      personId,
      scopes: [...new Set([...living.flatMap((grant) => grant.scopes), ...scopes])],
      resourceIds: world
        .resourcesOf(personId, 'channel')
        .filter((channel) => channelOf(channel).isMember)
        .map(({ id }) => id),
    }
  }

  app.on(['GET', 'POST'], '/api/oauth.v2.access', async (c) => {
    const given = await readArguments(c)
    const proof = readClient(c, given)
    const { grant_type: grantType = 'authorization_code' } = given
    if (grantType === 'refresh_token') {
      // An app without rotation has no refresh tokens; the endpoint does not tell that apart.
      if (!tokenRotation) throw new SlackRefusal('invalid_refresh_token')
      return c.json(
        describeTokens(state, tokens.refresh({ ...proof, refreshToken: given.refresh_token ?? '' })),
      )
    }
    if (grantType !== 'authorization_code') throw new SlackRefusal('invalid_grant_type')
    const issued = tokens.exchangeCode({
      ...proof,
      code: given.code ?? '',
      redirectUri: given.redirect_uri,
    })
    return c.json(describeTokens(state, issued))
  })
  return app
}

function requestedPage(): Response {
  const page = renderMessage(
    'Your request was sent',
    'An administrator of this workspace has to approve the app before it can be installed.',
  )
  return new Response(String(page), {
    headers: { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' },
  })
}

function readClient(c: Context, given: Record<string, string>): ClientProof {
  const basic = /^basic\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (basic === undefined) return { clientId: given.client_id ?? '', clientSecret: given.client_secret }
  const [clientId = '', clientSecret = ''] = Buffer.from(basic, 'base64')
    .toString()
    .split(':')
    .map(decodeURIComponent)
  return { clientId, clientSecret }
}

/** @see https://docs.slack.dev/reference/methods/oauth.v2.access */
function describeTokens({ kit }: SlackState, issued: IssuedTokens) {
  const person = kit.world.person(issued.personId ?? '')
  if (!person) throw new SlackRefusal('invalid_code')
  const { teamId, teamName, botUserId } = teamOf(person)
  const isOrganisation = person.condition === 'organisation_install'
  return {
    ok: true,
    access_token: issued.accessToken,
    token_type: 'bot',
    scope: issued.scopes.join(','),
    bot_user_id: botUserId,
    app_id: APP_ID,
    team: isOrganisation ? null : { id: teamId, name: teamName },
    enterprise: isOrganisation ? { id: teamId.replace('T', 'E'), name: teamName } : null,
    is_enterprise_install: isOrganisation,
    authed_user: { id: person.id },
    ...(issued.expiresInSeconds !== null && { expires_in: issued.expiresInSeconds }),
    ...(issued.refreshToken !== null && { refresh_token: issued.refreshToken }),
  }
}
