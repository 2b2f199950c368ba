import { z } from 'zod'
import { PostMcpError } from '../model/errors.js'
import { readTokens, writeTokens } from '../refresh/grant-secrets.js'
import type { Obtained } from './save-connection.js'

const schema = z.object({
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
    }),
  ),
})

/** What an authorization gave, as text to be sealed while the user chooses. */
export const writeObtained = ({ authorization, targets }: Obtained): string =>
  JSON.stringify({ authorization: { ...authorization, tokens: writeTokens(authorization.tokens) }, targets })

/** @throws PostMcpError `sealed_value_corrupt` */
export function readObtained(text: string): Obtained {
  const parsed = schema.safeParse(JSON.parse(text))
  if (!parsed.success)
    throw new PostMcpError('sealed_value_corrupt', 'The stored authorization has not the expected form.')
  const { authorization, targets } = parsed.data
  return { authorization: { ...authorization, tokens: readTokens(authorization.tokens) }, targets }
}
