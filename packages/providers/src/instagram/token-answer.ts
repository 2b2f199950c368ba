import { type JsonObject, MalformedResponseError, splitScopes, type TokenSet } from '@postmcp/core'
import { z } from 'zod'
import { graphId } from '../meta/graph.js'

const flat = z.object({
  access_token: z.string().min(1),
  user_id: graphId,
  permissions: z.union([z.string(), z.array(z.string())]).nullish(),
})
const answer = z.union([z.object({ data: z.array(flat).min(1) }).transform(({ data }) => data[0]), flat])

/** What the token endpoint answers to a code. */
export interface InstagramExchange {
  accessToken: string
  /** A number of 17 digits, which the HTTP client keeps as text. */
  userId: string
  /** Undefined where the answer does not say. */
  permissions: string[] | undefined
}

/**
 * The answer comes flat, or as the first item of `data`; permissions are a list, or a text with commas.
 * @throws MalformedResponseError
 */
export function readExchange(json: JsonObject): InstagramExchange {
  const parsed = answer.safeParse(json).data
  if (!parsed) throw new MalformedResponseError('The token endpoint answered without a token and a user.')
  const { access_token, user_id, permissions } = parsed
  return {
    accessToken: access_token,
    userId: user_id,
    permissions: typeof permissions === 'string' ? splitScopes(permissions) : (permissions ?? undefined),
  }
}

/** The short-lived token of an answer; it lives one hour, which the answer does not say. */
export const readTokenAnswer = (json: JsonObject): TokenSet => {
  const { accessToken, permissions } = readExchange(json)
  return { accessToken, ...(permissions && { grantedScopes: permissions }) }
}
