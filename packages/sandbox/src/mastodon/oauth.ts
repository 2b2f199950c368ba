import { Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import { TokenError } from '../token-error.js'
import type { ClientProof, IssuedTokens } from '../token-service.js'
import { requirePerson } from './access.js'
import { actorUri, profileUrl } from './account-entity.js'
import { isAllowedFor, OUT_OF_BAND } from './apps.js'
import { ApiError } from './errors.js'
import { type Parameters, readParameters } from './parameters.js'
import { readScopes, WHY } from './scopes.js'
import type { Instance } from './server.js'

/** @see https://docs.joinmastodon.org/methods/oauth/ */
export function createOAuthRoutes(instance: Instance): Hono {
  const { kit, facts } = instance
  const { tokens } = kit
  const app = new Hono()

  app.get('/oauth/authorize', (c) => {
    const query = new URL(c.req.url).searchParams
    const client = tokens.client(query.get('client_id') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    const refuse = (title: string, status: 400 | 401 | 422) =>
      c.html(renderMessage('An error has occurred', title), status, PAGE_HEADERS)
    // Who cannot be trusted with an answer gets a page.
    if (!client) return refuse('There is no such application.', 401)
    if (!tokens.allowsRedirect(client, redirectUri)) return refuse('The redirect address is not valid.', 422)

    const answer = (parameters: Record<string, string>) => {
      const state = query.get('state')
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries({ ...parameters, ...(state !== null && { state }) }))
        url.searchParams.set(name, value)
      return url.href
    }
    const fail = (error: string, description: string) =>
      redirectUri === OUT_OF_BAND
        ? refuse(description, 400)
        : c.redirect(answer({ error, error_description: description }))
    if (query.get('response_type') !== 'code')
      return fail('unsupported_response_type', 'The response type must be "code".')
    const scopes = readScopes(query.get('scope') ?? 'read')
    if (facts.checksScopes && !isAllowedFor(client, scopes))
      return fail('invalid_scope', 'The scope is unknown, or more than the application registered for.')
    const challenge = {
      codeChallenge: query.get('code_challenge') ?? undefined,
      codeChallengeMethod: query.get('code_challenge_method') ?? undefined,
    }
    try {
      tokens.checkChallenge(challenge)
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return fail(error.code, error.message)
    }

    return kit.consent.ask(c, {
      clientName: client.name,
      // Mastodon lets people allow all or nothing.
      scopes: scopes.map((name) => ({ name, required: true, ...(WHY[name] && { why: WHY[name] }) })),
      onAllow(decision) {
        const code = tokens.createCode({ clientId: client.id, redirectUri, ...challenge, ...decision })
        if (redirectUri !== OUT_OF_BAND) return answer({ code })
        return new Response(String(renderMessage('Copy this code', code)), {
          headers: { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' },
        })
      },
      onDeny: () =>
        redirectUri === OUT_OF_BAND
          ? new Response(String(renderMessage('Denied', 'Nothing was allowed.')), {
              headers: { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' },
            })
          : answer({ error: 'access_denied', error_description: 'The person denied the request.' }),
    })
  })

  app.post('/oauth/token', async (c) => {
    const parameters = await readParameters(c)
    const proof = readClient(parameters, c.req.header('authorization'))
    c.header('cache-control', 'no-store')
    return c.json(describeToken(grantTokens(instance, parameters, proof)))
  })

  app.post('/oauth/revoke', async (c) => {
    const parameters = await readParameters(c)
    const client = tokens.authenticateClient(readClient(parameters, c.req.header('authorization')))
    const token = parameters.text('token') ?? ''
    const grant = tokens.grantOf(token)
    if (grant && grant.clientId !== client.id)
      throw new ApiError(403, 'unauthorized_client', {
        error_description: 'You are not authorized to revoke this token',
      })
    tokens.revokeToken(token)
    return c.json({})
  })

  if (facts.hasUserinfo)
    app.on(['GET', 'POST'], '/oauth/userinfo', (c) => {
      const { person } = requirePerson(instance, c, ['profile', 'read', 'read:accounts'])
      return c.json({
        iss: `${kit.base()}/`,
        sub: actorUri(instance, person),
        name: person.name,
        preferred_username: person.handle,
        profile: profileUrl(instance, person),
        picture: kit.avatarUrl(person),
      })
    })
  return app
}

/** Credentials of the client, from the body or as Basic authentication. */
function readClient(parameters: Parameters, authorization: string | undefined): ClientProof {
  const basic = /^basic\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined)
    return { clientId: parameters.text('client_id') ?? '', clientSecret: parameters.text('client_secret') }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
  return { clientId: id, clientSecret: secret }
}

function grantTokens({ kit, facts }: Instance, parameters: Parameters, proof: ClientProof): IssuedTokens {
  const { tokens } = kit
  const refreshes = facts.tokens.rotation !== 'none'
  switch (parameters.text('grant_type')) {
    case 'authorization_code':
      return tokens.exchangeCode({
        ...proof,
        code: parameters.text('code') ?? '',
        redirectUri: parameters.text('redirect_uri'),
        codeVerifier: parameters.text('code_verifier'),
      })
    case 'client_credentials': {
      const client = tokens.authenticateClient(proof)
      const scopes = readScopes(parameters.text('scope') ?? 'read')
      if (facts.checksScopes && !isAllowedFor(client, scopes))
        throw new TokenError(
          'invalid_scope',
          'scope_not_granted',
          'The application did not register for that.',
        )
      return tokens.issue({ clientId: client.id, personId: null, scopes })
    }
    case 'refresh_token':
      if (refreshes) return tokens.refresh({ ...proof, refreshToken: parameters.text('refresh_token') ?? '' })
  }
  throw new TokenError('unsupported_grant_type', 'refresh_unsupported', 'This grant type is not supported.')
}

/** @see https://docs.joinmastodon.org/entities/Token/ */
const describeToken = (issued: IssuedTokens) => ({
  access_token: issued.accessToken,
  token_type: 'Bearer',
  scope: issued.scopes.join(' '),
  created_at: Math.floor(issued.issuedAt.getTime() / 1000),
  ...(issued.expiresInSeconds !== null && { expires_in: issued.expiresInSeconds }),
  ...(issued.refreshToken !== null && { refresh_token: issued.refreshToken }),
})
