import {
  type GrantAccess,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  readTokenError as readStandardError,
  readTokenAnswer,
  requireClient,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { endpoint, readTokenError } from './api.js'
import { manifest } from './manifest.js'

/** What a token that has ended already is answered with; which of them is not documented. */
const deadCodes = ['invalid_grant', 'access_token_invalid']

/**
 * Disconnects us from the account. It takes a living access token, so one that has ended is renewed first.
 * @see https://developers.tiktok.com/docs/en/oauth-revoke-a-user-access-token (2026-11-22)
 */
export async function revoke(ctx: ProviderContext, { tokens }: GrantAccess): Promise<void> {
  const { accessToken, accessTokenExpiresAt, refreshToken } = tokens
  try {
    const hasEnded = accessTokenExpiresAt !== undefined && accessTokenExpiresAt <= ctx.clock.now()
    const token = hasEnded && refreshToken !== undefined ? await renew(ctx, refreshToken) : accessToken
    await ask(ctx, '/v2/oauth/revoke/', { token })
  } catch (error) {
    const code = error instanceof PlatformError ? (error.platformCode ?? '') : ''
    if (!deadCodes.includes(code)) throw error
  }
}

async function renew(ctx: ProviderContext, refreshToken: string): Promise<string> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const answer = z.record(z.string(), z.json()).parse(await ask(ctx, '/v2/oauth/token/', form))
  return readTokenAnswer(answer, ctx.clock.now()).accessToken
}

async function ask(ctx: ProviderContext, path: string, fields: Record<string, string>): Promise<unknown> {
  const client = requireClient(ctx, manifest)
  const [secret = ''] = client.secrets
  const { status, headers, json, text } = await ctx.http.request({
    method: 'POST',
    url: `${endpoint(ctx, 'open')}${path}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_key: client.id, client_secret: secret, ...fields }).toString(),
  })
  // Errors may come with status 200.
  const told = readTokenError({ json }) ?? readStandardError(json)
  if (told || status === 429 || status >= 500) {
    throw new PlatformError({
      status,
      platformCode: told?.platformCode ?? null,
      message: `TikTok did not end the access; it answered with status ${status}.`,
      retryAfter: retryAfter(headers, ctx.clock.now()),
    })
  }
  const isAnswer = status === 200 && (text === '' || (typeof json === 'object' && json !== null))
  if (!isAnswer) throw new MalformedResponseError(`TikTok answered ${path} with status ${status}.`)
  return json
}
