import { type Context, Hono } from 'hono'
import type { ConsentDecision } from '../consent.js'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import { TokenError } from '../token-error.js'
import type { ClientProof, IssuedTokens } from '../token-service.js'
import { describePartialGuild } from './guilds.js'
import { APPLICATION, type DiscordState } from './state.js'
import { addWebhook, describeWebhook } from './webhooks.js'
import { inviteBot } from './world.js'

const WHY: Readonly<Record<string, string>> = {
  bot: 'Add a bot to a server',
  identify: 'Access your username, avatar and banner',
  guilds: 'Know what servers you are in',
  'webhook.incoming': 'Add a webhook to a channel',
  'applications.commands': 'Create commands in a server',
}

/** Scopes for which a server is chosen. */
const OF_A_SERVER = ['bot', 'webhook.incoming', 'applications.commands']

/** The consent page. @see https://docs.discord.com/developers/topics/oauth2 */
export function createOAuthRoutes(state: DiscordState): Hono {
  const { tokens, world, consent } = state.kit
  const app = new Hono()

  app.get('/oauth2/authorize', (c) => {
    const query = new URL(c.req.url).searchParams
    const client = tokens.client(query.get('client_id') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    const refuse = (words: string) =>
      c.html(renderMessage('Something is wrong with this request', words), 400, PAGE_HEADERS)
    if (!client) return refuse('Unknown application.')
    if (!tokens.allowsRedirect(client, redirectUri)) return refuse('Invalid OAuth2 redirect_uri.')
    const scopes = (query.get('scope') ?? '').split(' ').filter(Boolean)
    const answer = (parameters: Record<string, string>) => {
      const url = new URL(redirectUri)
      const back = query.get('state')
      for (const [name, value] of Object.entries({ ...parameters, ...(back !== null && { state: back }) }))
        url.searchParams.set(name, value)
      return url.href
    }
    const fail = (error: string, description: string) =>
      c.redirect(answer({ error, error_description: description }))
    if (query.get('response_type') !== 'code')
      return fail('unsupported_response_type', 'The response type is not supported.')
    if (scopes.length === 0 || scopes.some((scope) => WHY[scope] === undefined))
      return fail('invalid_scope', 'The requested scope is invalid, unknown, or malformed.')
    const challenge = {
      codeChallenge: query.get('code_challenge') ?? undefined,
      codeChallengeMethod: query.get('code_challenge_method') ?? undefined,
    }
    try {
      tokens.checkChallenge(challenge)
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return fail('invalid_request', error.message)
    }
    const permissions = query.get('permissions') ?? '0'
    const needsServer = scopes.some((scope) => OF_A_SERVER.includes(scope))

    return consent.ask(c, {
      clientName: client.name,
      scopes: scopes.map((name) => ({ name, required: true, why: WHY[name] ?? '' })),
      ...(needsServer && {
        choose: {
          kind: 'servers',
          isSingle: true,
          // Only who may manage a server is offered it.
          itemsOf: (personId) =>
            world.resourcesOf(personId, 'guild').map(({ id, name }) => ({ id, label: name })),
        },
      }),
      onAllow(decision) {
        const guildId = needsServer ? decision.resourceIds[0] : undefined
        const code = tokens.createCode({
          clientId: client.id,
          redirectUri,
          ...challenge,
          ...decision,
          facts: join(decision, guildId, permissions),
        })
        return answer({ code, ...(guildId !== undefined && { guild_id: guildId, permissions }) })
      },
      onDeny: () =>
        answer({
          error: 'access_denied',
          error_description: 'The resource owner or authorization server denied the request',
        }),
    })
  })

  /** The bot joins at once, before the code is changed; the webhook is in the first channel there is. */
  function join({ scopes }: ConsentDecision, guildId: string | undefined, permissions: string) {
    if (guildId === undefined) return {}
    if (scopes.includes('bot')) inviteBot(world, guildId, permissions)
    const webhook = scopes.includes('webhook.incoming') ? addWebhook(state, guildId) : undefined
    return {
      ...(scopes.includes('bot') && { guildId }),
      ...(webhook && { webhookId: webhook.id }),
    }
  }
  return app
}

/**
 * The token endpoints.
 *
 * @param prefix they stand at `/oauth2/token` below the API's version, and without one as well
 */
export function createTokenRoutes(state: DiscordState, prefix = '/oauth2'): Hono {
  const { tokens } = state.kit
  const app = new Hono()

  app.post(`${prefix}/token`, async (c) => {
    const form = await readForm(c)
    const proof = readClient(c, form)
    switch (form.grant_type) {
      case 'authorization_code':
        return c.json(
          describeTokens(
            state,
            tokens.exchangeCode({
              ...proof,
              code: form.code ?? '',
              redirectUri: form.redirect_uri,
              codeVerifier: form.code_verifier,
            }),
          ),
        )
      case 'refresh_token':
        return c.json(
          describeTokens(state, tokens.refresh({ ...proof, refreshToken: form.refresh_token ?? '' })),
        )
      default:
        return c.json({ error: 'unsupported_grant_type' }, 400)
    }
  })

  app.post(`${prefix}/token/revoke`, async (c) => {
    const form = await readForm(c)
    const client = tokens.authenticateClient(readClient(c, form))
    const personId = tokens.grantOf(form.token ?? '')?.personId
    // One token ends everything this person authorized.
    if (personId) tokens.revokePerson(personId, client.id)
    return c.json({})
  })
  return app
}

/** The endpoints read forms and nothing else. */
async function readForm(c: Context): Promise<Record<string, string>> {
  if (!(c.req.header('content-type') ?? '').startsWith('application/x-www-form-urlencoded')) return {}
  return Object.fromEntries(new URLSearchParams(await c.req.text()))
}

function readClient(c: Context, form: Record<string, string>): ClientProof {
  const basic = /^basic\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (basic === undefined) return { clientId: form.client_id ?? '', clientSecret: form.client_secret }
  const [clientId = '', clientSecret = ''] = Buffer.from(basic, 'base64')
    .toString()
    .split(':')
    .map(decodeURIComponent)
  return { clientId, clientSecret }
}

function describeTokens(state: DiscordState, issued: IssuedTokens) {
  const { guildId, webhookId } = issued.facts
  const guild = typeof guildId === 'string' ? state.kit.world.resource(guildId) : undefined
  const webhook = typeof webhookId === 'string' ? state.webhooks.get(webhookId) : undefined
  return {
    token_type: 'Bearer',
    access_token: issued.accessToken,
    expires_in: issued.expiresInSeconds,
    refresh_token: issued.refreshToken,
    scope: issued.scopes.join(' '),
    ...(guild && { guild: describePartialGuild(state, guild) }),
    ...(webhook && {
      webhook: {
        ...describeWebhook(webhook),
        token: webhook.token,
        url: `https://discord.com/api/webhooks/${webhook.id}/${webhook.token}`,
        application_id: APPLICATION.id,
      },
    }),
  }
}
