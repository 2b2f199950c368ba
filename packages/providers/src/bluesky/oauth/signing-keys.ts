import { createPrivateKey, hash } from 'node:crypto'
import { type JsonObject, PostMcpError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'

const privateKeyForm = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  kid: z.string().min(1).optional(),
})

/** A key with which we sign who we are, as private JWK. */
export type SigningKey = z.infer<typeof privateKeyForm> & {
  kid: string
  alg: 'ES256'
  key_ops: ['sign']
}

/**
 * Our keys, newest first: the client's secrets, each one a private JWK (EC, P-256) as JSON. A key without a name is called by its
 * thumbprint. None where the installation has none: then we are a public client.
 * @throws PostMcpError `config_invalid`
 */
export const signingKeysOf = (ctx: Pick<ProviderContext, 'client'>): SigningKey[] =>
  (ctx.client?.secrets ?? []).map((secret) => {
    const key = parseKey(secret)
    return { ...key, kid: key.kid ?? thumbprintOf(key), alg: 'ES256', key_ops: ['sign'] }
  })

/** What everyone may see of a key. */
export const toPublicKey = ({ kty, crv, x, y, kid, alg }: SigningKey): JsonObject => ({
  kty,
  crv,
  x,
  y,
  kid,
  alg,
  use: 'sig',
})

function parseKey(text: string): z.infer<typeof privateKeyForm> {
  try {
    const key = privateKeyForm.parse(JSON.parse(text))
    createPrivateKey({ key, format: 'jwk' })
    return key
  } catch {
    // The cause would show parts of the key.
    throw new PostMcpError('config_invalid', 'The signing key for Bluesky is not a private JWK of P-256.', {
      platform: 'bluesky',
    })
  }
}

// https://www.rfc-editor.org/rfc/rfc7638#section-3.2 names these members, in this order.
const thumbprintOf = ({ crv, kty, x, y }: z.infer<typeof privateKeyForm>): string =>
  hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
