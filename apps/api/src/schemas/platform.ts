import { z } from '@hono/zod-openapi'
import type { Manifest } from '@postmcp/core'

export const platformSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    connect: z.object({
      credentials: z
        .object({
          instructions: z.string(),
          helpUrl: z.string(),
          fields: z.array(
            z.object({
              name: z.string(),
              label: z.string(),
              description: z.string(),
              secret: z.boolean(),
              required: z.boolean(),
              example: z.string().optional(),
            }),
          ),
        })
        .optional(),
    }),
    scopes: z.array(
      z.object({ name: z.string(), need: z.enum(['required', 'optional', 'never_asked']), why: z.string() }),
    ),
    limits: z.object({
      text: z.array(
        z.object({ unit: z.enum(['graphemes', 'utf8_bytes', 'utf16_units', 'weighted']), max: z.int() }),
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

export const shapePlatform = (manifest: Manifest): z.output<typeof platformSchema> => {
  const { reconcile, remainingRisk, limits, canDelete } = manifest.publish
  return {
    id: manifest.id,
    name: manifest.name,
    connect: manifest.connect,
    scopes: manifest.scopes,
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
