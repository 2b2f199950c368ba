import { z } from 'zod'
import { PostMcpError } from '../model/errors.js'
import type { TokenSet } from '../model/grant.js'
import type { GrantId } from '../model/ids.js'
import type { SealedOwner } from '../store/store.js'

/** Where a grant's token set is sealed. */
export const tokensOf = (id: GrantId): SealedOwner => ({ type: 'grant', id, field: 'tokens' })
/** Where a grant's further secrets are sealed, such as an app password. */
export const secretsOf = (id: GrantId): SealedOwner => ({ type: 'grant', id, field: 'secrets' })

const instant = z.iso.datetime().transform((text) => new Date(text))
const tokenSetSchema = z.object({
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  accessTokenExpiresAt: instant.optional(),
  refreshTokenExpiresAt: instant.optional(),
  grantedScopes: z.array(z.string()).optional(),
  proofKey: z.record(z.string(), z.json()).optional(),
})
const secretsSchema = z.record(z.string(), z.string())

function parse<T>(schema: z.ZodType<T>, text: string, what: string): T {
  const parsed = schema.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new PostMcpError('sealed_value_corrupt', `The stored ${what} have not the expected form.`)
}

export const writeTokens = (tokens: TokenSet): string => JSON.stringify(tokens)
export const readTokens = (text: string): TokenSet => parse(tokenSetSchema, text, 'tokens')
export const writeSecrets = (secrets: Record<string, string>): string => JSON.stringify(secrets)
export const readSecrets = (text: string): Record<string, string> => parse(secretsSchema, text, 'secrets')
