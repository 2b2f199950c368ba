import { z } from 'zod'
import { PostMcpError } from '../model/errors.js'
import type { OAuthClientId } from '../model/ids.js'
import { readTokens, writeTokens } from '../refresh/grant-secrets.js'
import type { Obtained } from './save-connection.js'

const clientSchema = z.object({
  source: z.enum(['operator', 'workspace', 'registered', 'document']),
  clientId: z.string(),
  oauthClientId: z
    .string()
    .transform((text) => text as OAuthClientId)
    .nullable(),
  server: z.object({ tokenUrl: z.string(), revocationUrl: z.string().optional() }).nullable(),
})

const schema = z.object({
  method: z.enum(['credentials', 'oauth2']),
  way: z.string().nullable().default(null),
  client: clientSchema.nullable(),
  authorization: z.object({
    subject: z.string(),
    tokens: z.string(),
    grantedScopes: z.array(z.string()),
    settings: z.record(z.string(), z.json()),
    secrets: z.record(z.string(), z.string()),
  }),
  targets: z.array(
    z.object({
      targetId: z.string(),
      handle: z.string(),
      displayName: z.string().nullable(),
      avatarUrl: z.string().nullable(),
      profileUrl: z.string().nullable(),
      kind: z.string().optional(),
      settings: z.record(z.string(), z.json()).optional(),
      secrets: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

/** What an authorization gave, as text to be sealed while the user chooses. */
export const writeObtained = ({ authorization, ...rest }: Obtained): string =>
  JSON.stringify({ ...rest, authorization: { ...authorization, tokens: writeTokens(authorization.tokens) } })

/** @throws PostMcpError `sealed_value_corrupt` */
export function readObtained(text: string): Obtained {
  const parsed = schema.safeParse(JSON.parse(text))
  if (!parsed.success)
    throw new PostMcpError('sealed_value_corrupt', 'The stored authorization has not the expected form.')
  const { authorization, ...rest } = parsed.data
  return { ...rest, authorization: { ...authorization, tokens: readTokens(authorization.tokens) } }
}
