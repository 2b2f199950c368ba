import { z } from 'zod'
import type { TokenSet } from '../model/grant.js'
import type { JsonObject } from '../model/json.js'
import { MalformedResponseError } from '../provider/platform-error.js'

/** Seconds as servers write them: a number, or its digits. */
const seconds = z.union([z.number(), z.string().regex(/^\d+$/)]).transform(Number)

const answerSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).nullish(),
  expires_in: seconds.nullish(),
  refresh_token_expires_in: seconds.nullish(),
  refresh_expires_in: seconds.nullish(),
  scope: z.union([z.string(), z.array(z.string())]).nullish(),
})

/** The scopes of a list that servers separate by spaces or commas. */
export const splitScopes = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))]

/** The instant so many seconds from now; undefined for what is no life time, such as 0 for "for ever". */
export const inSeconds = (now: Date, life: number | null | undefined): Date | undefined =>
  life === null || life === undefined || life <= 0 ? undefined : new Date(now.getTime() + life * 1000)

/**
 * The tokens of an answer formed as in RFC 6749 section 5.1, with the liberties servers take: commas between scopes, life times
 * as text, none at all.
 * @throws MalformedResponseError when there is no access token
 */
export function readTokenAnswer(answer: JsonObject, now: Date): TokenSet {
  const parsed = answerSchema.safeParse(answer)
  if (!parsed.success)
    throw new MalformedResponseError('The token endpoint answered without an access token.')
  const { access_token, refresh_token, expires_in, scope, ...life } = parsed.data
  const accessTokenExpiresAt = inSeconds(now, expires_in)
  const refreshTokenExpiresAt = inSeconds(now, life.refresh_token_expires_in ?? life.refresh_expires_in)
  return {
    accessToken: access_token,
    ...(refresh_token && { refreshToken: refresh_token }),
    ...(accessTokenExpiresAt && { accessTokenExpiresAt }),
    ...(refreshTokenExpiresAt && { refreshTokenExpiresAt }),
    ...(scope && { grantedScopes: Array.isArray(scope) ? scope : splitScopes(scope) }),
  }
}
