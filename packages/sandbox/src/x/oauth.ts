import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'
import type { ClientProof, IssuedTokens } from '../token-service.js'

/** Scopes, and what the consent page says of them. @see https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code */
const SCOPES: Readonly<Record<string, string>> = {
  'tweet.read': 'View all posts you can see, including those from protected accounts',
  'tweet.write': 'Create and delete posts on your behalf',
  'users.read': 'View any account you can see, including protected accounts',
  'media.write': 'Upload media, such as photos and videos, on your behalf',
  'offline.access': 'Stay connected to your account until you revoke access',
  'like.read': 'View posts you have liked and likes you can see',
  'follows.read': 'View accounts you follow and accounts following you',
}

const LONGEST_STATE = 500

/** The authorization page, tokens, and their end. */
export function createOAuth(kit: PlatformKit): Hono {
  const { tokens } = kit
  const app = new Hono()

  app.get('/i/oauth2/authorize', (c) => {
    const query = new URL(c.req.url).searchParams
    const client = tokens.client(query.get('client_id') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    const scopes = [...new Set((query.get('scope') ?? '').split(' ').filter(Boolean))]
    const state = query.get('state') ?? ''
    const challenge = {
      codeChallenge: query.get('code_challenge') || undefined,
      codeChallengeMethod: query.get('code_challenge_method') || undefined,
    }
    // Whatever is wrong with a request, people see the same page and nobody is sent back.
    const problem = () => {
      if (!client) return 'The client ID is not known.'
      if (!tokens.allowsRedirect(client, redirectUri) || new URL(redirectUri).hostname === 'localhost')
        return 'The callback address is not approved for this application.'
      if (query.get('response_type') !== 'code') return 'The response type must be "code".'
      if (state === '' || state.length > LONGEST_STATE) return 'The state is missing or too long.'
      if (scopes.length === 0 || scopes.some((scope) => SCOPES[scope] === undefined))
        return 'The scopes are missing or not known.'
      try {
        tokens.checkChallenge(challenge)
      } catch (error) {
        if (error instanceof TokenError) return error.message
        throw error
      }
      return undefined
    }
    const wrong = problem()
    if (wrong !== undefined || !client)
      return c.html(renderMessage('Something went wrong', wrong ?? ''), 400, PAGE_HEADERS)

    const back = (parameters: Record<string, string>) => {
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries({ ...parameters, state })) url.searchParams.set(name, value)
      return url.href
    }
    return kit.consent.ask(c, {
      clientName: client.name,
      scopes: scopes.map((name) => ({ name, required: true, why: SCOPES[name] ?? name })),
      onAllow: (decision) =>
        back({ code: tokens.createCode({ clientId: client.id, redirectUri, ...challenge, ...decision }) }),
      onDeny: () => back({ error: 'access_denied' }),
    })
  })

  app.post('/2/oauth2/token', async (c) => {
    const form = await readForm(c)
    const proof = readClient(c)
    switch (form('grant_type')) {
      case 'authorization_code':
        return c.json(
          describeTokens(
            tokens.exchangeCode({
              ...proof,
              code: form('code') ?? '',
              redirectUri: form('redirect_uri'),
              codeVerifier: form('code_verifier'),
            }),
          ),
        )
      case 'refresh_token':
        return c.json(describeTokens(tokens.refresh({ ...proof, refreshToken: form('refresh_token') ?? '' })))
    }
    throw new TokenError('invalid_request', 'refresh_unsupported', 'The grant type is missing or not known.')
  })

  app.post('/2/oauth2/revoke', async (c) => {
    const form = await readForm(c)
    const client = tokens.authenticateClient(readClient(c))
    const token = form('token') ?? ''
    if (tokens.grantOf(token)?.clientId !== client.id)
      throw new TokenError('invalid_request', 'refresh_unknown', 'There is no such token.')
    tokens.revokeToken(token)
    return c.json({ revoked: true })
  })
  return app
}

async function readForm(c: Context): Promise<(name: string) => string | undefined> {
  const form = await c.req.parseBody()
  return (name) => {
    const value = form[name]
    return typeof value === 'string' ? value : undefined
  }
}

/** A confidential client shows who it is in the header and nowhere else. */
function readClient(c: Context): ClientProof {
  const basic = /^basic\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
  const [clientId = '', clientSecret = ''] = Buffer.from(basic, 'base64').toString().split(':')
  return { clientId: decodeURIComponent(clientId), clientSecret: decodeURIComponent(clientSecret) }
}

const describeTokens = (issued: IssuedTokens) => ({
  token_type: 'bearer',
  expires_in: issued.expiresInSeconds,
  access_token: issued.accessToken,
  scope: issued.scopes.join(' '),
  ...(issued.scopes.includes('offline.access') && { refresh_token: issued.refreshToken }),
})
