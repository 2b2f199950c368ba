import { z } from '@hono/zod-openapi'
import type { Manifest } from '@postmcp/core'

const field = z.object({
  name: z.string(),
  label: z.string(),
  description: z.string(),
  secret: z.boolean(),
  required: z.boolean(),
  example: z.string().optional(),
})
const way = z.object({ instructions: z.string(), helpUrl: z.string(), fields: z.array(field) })

export const platformSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    connect: z.object({
      credentials: way.optional().openapi({ description: 'With credentials a person types.' }),
      oauth2: way
        .extend({
          redirect: z.enum(['https_only', 'loopback_ok']).openapi({
            description: 'Whether people are sent back to http addresses on their own machine.',
          }),
        })
        .optional()
        .openapi({ description: 'With consent in a browser.' }),
      targetKinds: z.array(z.string()).openapi({ description: 'What a target is: page, channel, board.' }),
    }),
    app: z
      .object({ registrationUrl: z.string(), fields: z.array(field), isConfigured: z.boolean() })
      .nullable()
      .openapi({ description: 'The application an operator registers there; null where none is needed.' }),
    scopes: z.array(
      z.object({
        name: z.string(),
        need: z.enum(['required', 'optional', 'never_asked']),
        why: z.string(),
        method: z.enum(['oauth2', 'credentials']).nullable(),
      }),
    ),
    limits: z.object({
      text: z.array(
        z.object({
          unit: z.enum(['graphemes', 'utf8_bytes', 'utf16_units', 'code_points', 'weighted']),
          max: z.int(),
        }),
      ),
      textOnly: z.boolean(),
      images: z
        .object({
          max: z.int(),
          mimeTypes: z.array(z.string()),
          maxBytes: z.int(),
          maxAltTextGraphemes: z.int().optional(),
        })
        .optional(),
      linkCard: z.object({ withImages: z.boolean() }).optional(),
    }),
    rateLimits: z.array(z.object({ what: z.string(), max: z.int(), perSeconds: z.int() })),
    canDelete: z.boolean(),
    duplicates: z.object({
      reconcile: z.string().openapi({ description: 'How a lost answer is cleared up.' }),
      remainingRisk: z.string(),
    }),
    revocation: z.object({
      remainsAfterDisconnect: z.string().nullable(),
      revokeAccessUrl: z.string(),
    }),
    createCredentialUrl: z.string(),
    sources: z.array(z.string()),
    checkedOn: z.string(),
  })
  .openapi('Platform')

const shapeWay = ({ instructions, helpUrl, fields }: z.output<typeof way>) => ({
  instructions,
  helpUrl,
  fields,
})

/** @param isConfigured whether the operator has registered an application there */
export const shapePlatform = (manifest: Manifest, isConfigured: boolean): z.output<typeof platformSchema> => {
  const { reconcile, remainingRisk, limits, canDelete } = manifest.publish
  const { credentials, oauth2, targetKinds } = manifest.connect
  return {
    id: manifest.id,
    name: manifest.name,
    connect: {
      ...(credentials && { credentials: shapeWay(credentials) }),
      ...(oauth2 && { oauth2: { ...shapeWay(oauth2), redirect: oauth2.redirect } }),
      targetKinds,
    },
    app: manifest.app ? { ...manifest.app, isConfigured } : null,
    scopes: manifest.scopes.map(({ name, need, why, method = null }) => ({ name, need, why, method })),
    limits,
    rateLimits: manifest.rateLimits,
    canDelete,
    duplicates: {
      reconcile: typeof reconcile === 'string' ? reconcile : `read (${reconcile.read})`,
      remainingRisk,
    },
    revocation: {
      remainsAfterDisconnect: manifest.tokens.remainsAfterRevocation ?? null,
      revokeAccessUrl: manifest.links.revokeAccess,
    },
    createCredentialUrl: manifest.links.createCredential,
    sources: manifest.sources,
    checkedOn: manifest.checkedOn,
  }
}
