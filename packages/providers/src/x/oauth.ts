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
  type TokenSet,
} from '@postmcp/core'
import { baseOf, comeBack, hide } from './api.js'
import { manifest } from './manifest.js'

/**
 * RFC 6749 section 6; not by core, which takes X's problem documents for no answer at all: the 402 of used-up credits would look
 * like a refresh that may have happened, and the id X asks for would be lost. Sent once only: a token shown twice may end them all.
 */
export async function refresh(ctx: ProviderContext, access: GrantAccess): Promise<TokenSet> {
  const { refreshToken } = access.tokens
  if (refreshToken === undefined) throw new PostMcpError('internal_error', 'There is no refresh token.')
  const answer = await askAsClient(ctx, '/2/oauth2/token', {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  })
  return readTokenAnswer(answer, ctx.clock.now())
}

/** Ends both tokens, for X does not say that one ends the other; first the one that could make new ones. */
export async function revoke(ctx: ProviderContext, { tokens }: GrantAccess): Promise<void> {
  for (const token of [tokens.refreshToken, tokens.accessToken]) {
    if (token !== undefined) await revokeToken(ctx, token)
  }
}

async function revokeToken(ctx: ProviderContext, token: string): Promise<void> {
  try {
    await askAsClient(ctx, '/2/oauth2/revoke', { token })
  } catch (error) {
    // That is how X answers for a token it does not know any more.
    const isOver = error instanceof PlatformError && error.platformCode === 'invalid_request'
    if (!isOver) throw error
  }
}

/** Asks as our application. One whose secret is wrong is refused before its token is looked at, so an older secret may be tried. */
async function askAsClient(
  ctx: ProviderContext,
  path: string,
  parameters: Record<string, string>,
): Promise<JsonObject> {
  const client = requireClient(ctx, manifest)
  for (const [index, secret] of client.secrets.entries()) {
    const credentials = Buffer.from(`${formEncode(client.id)}:${formEncode(secret)}`).toString('base64')
    const response = await ctx.http.request({
      method: 'POST',
      url: `${baseOf(ctx, 'api')}${path}`,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${credentials}`,
      },
      body: new URLSearchParams(parameters).toString(),
    })
    const code = readTokenError(response.json)?.platformCode
    const isClient = code === 'invalid_client' || code === 'unauthorized_client'
    const isLast = index === client.secrets.length - 1
    if (!isClient || isLast) {
      return readAnswer(ctx, response, [...Object.values(parameters), credentials, ...client.secrets])
    }
  }
  throw new PostMcpError('config_invalid', 'X has a client ID here and no client secret.')
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
const formEncode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

function readAnswer(ctx: ProviderContext, response: HttpResponse, secrets: string[]): JsonObject {
  const { status, json, headers } = response
  const told = readTokenError(json)
  if (told || status >= 400) {
    throw new PlatformError({
      status,
      platformCode: told?.platformCode ?? null,
      message: hide(told?.message ?? `The token endpoint of X answered with status ${status}.`, secrets),
      requestId: headers.get('x-transaction-id') ?? undefined,
      retryAfter: comeBack(ctx, response),
    })
  }
  if (status !== 200 || json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new MalformedResponseError(
      'The token endpoint of X answered with something that is not documented.',
    )
  }
  return json as JsonObject
}
