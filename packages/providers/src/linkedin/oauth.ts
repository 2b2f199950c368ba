import {
  type GrantAccess,
  type HttpResponse,
  type JsonObject,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  readTokenAnswer,
  readTokenError,
  requireClient,
  splitScopes,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'
import { baseOf, comeBack, hide } from './api.js'
import { UnrenewableError } from './errors.js'
import { manifest } from './manifest.js'

/** The tokens of an answer. Where no refresh token comes with them nothing renews them, so the access ends with the access token. */
export function readTokens(answer: JsonObject, now: Date): TokenSet {
  const tokens = readTokenAnswer(answer, now)
  const { refreshToken, accessTokenExpiresAt } = tokens
  if (refreshToken !== undefined || accessTokenExpiresAt === undefined) return tokens
  return { ...tokens, refreshTokenExpiresAt: accessTokenExpiresAt }
}

/**
 * RFC 6749 section 6; not by core, because LinkedIn names no time to come back to after a 429 (its quota ends at midnight UTC),
 * and because core would keep neither the status of a refusal without an OAuth error nor try an older secret on it.
 */
export async function refresh(ctx: ProviderContext, access: GrantAccess): Promise<TokenSet> {
  const { refreshToken } = access.tokens
  if (refreshToken === undefined) throw new PostMcpError('internal_error', 'There is no refresh token.')
  const response = await askAsClient(ctx, '/oauth/v2/accessToken', {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  })
  return readTokens(response, ctx.clock.now())
}

const introspection = z.object({
  active: z.boolean(),
  status: z.string().optional(),
  scope: z.string().optional(),
})

/**
 * The scopes of an access token that lives; null where LinkedIn cannot say.
 * @throws PlatformError `revoked` or `expired`; `UnrenewableError` where there is no refresh token
 * @see https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection (2026-11-22)
 */
export async function introspect(ctx: ProviderContext, { tokens }: GrantAccess): Promise<string[] | null> {
  const answer = await askAsClient(ctx, '/oauth/v2/introspectToken', { token: tokens.accessToken }).catch(
    (error: unknown) => {
      // "Invalid client id or token": which of them, the API will tell.
      if (error instanceof PlatformError && error.status === 400) return null
      throw error
    },
  )
  if (answer === null) return null
  const parsed = introspection.safeParse(answer)
  if (!parsed.success) throw new MalformedResponseError('LinkedIn answered an introspection with none.')
  const { active, status, scope } = parsed.data
  if (active) return scope === undefined ? null : splitScopes(scope)
  const details = {
    status: 401,
    platformCode: status ?? 'revoked',
    message: `LinkedIn says that the token is ${status ?? 'not active'}.`,
  }
  throw tokens.refreshToken === undefined ? new UnrenewableError(details) : new PlatformError(details)
}

/** Asks as our application. Nothing asked here is used up by asking, so an older secret is tried when the newest is refused. */
async function askAsClient(
  ctx: ProviderContext,
  path: string,
  parameters: Record<string, string>,
): Promise<JsonObject> {
  const client = requireClient(ctx, manifest)
  const secrets = [...client.secrets, ...Object.values(parameters)]
  for (const [index, secret] of client.secrets.entries()) {
    const form = new URLSearchParams({ ...parameters, client_id: client.id, client_secret: secret })
    const response = await ctx.http.request({
      method: 'POST',
      url: `${baseOf(ctx, 'www')}${path}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    })
    const isLast = index === client.secrets.length - 1
    if (response.status !== 401 || isLast) return readAnswer(ctx, response, path, secrets)
  }
  throw new PostMcpError('config_invalid', 'LinkedIn has a client ID here and no client secret.')
}

function readAnswer(ctx: ProviderContext, response: HttpResponse, path: string, secrets: string[]) {
  const { status, json } = response
  const told = readTokenError(json)
  if (told || status >= 400) {
    throw new PlatformError({
      status,
      platformCode: told?.platformCode ?? null,
      message: hide(told?.message ?? `LinkedIn answered ${path} with status ${status}.`, secrets),
      retryAfter: comeBack(ctx, response),
    })
  }
  if (status !== 200 || json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new MalformedResponseError(`LinkedIn answered ${path} with something that is not documented.`)
  }
  return json as JsonObject
}
