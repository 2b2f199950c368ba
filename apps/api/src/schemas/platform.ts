import { z } from '@hono/zod-openapi'
import { applicationId, type Manifest, postLimitsSchema, postOptionSchema } from '@postmcp/core'

const field = z.object({
  name: z.string(),
  label: z.string(),
  description: z.string(),
  secret: z.boolean(),
  required: z.boolean(),
  example: z.string().optional(),
})
const way = z.object({ instructions: z.string(), helpUrl: z.string(), fields: z.array(field) })
const browserWay = way.extend({
  redirect: z.enum(['https_only', 'loopback_ok']).openapi({
    description: 'Whether people are sent back to http addresses on their own machine.',
  }),
})
const app = z.object({ registrationUrl: z.string(), fields: z.array(field), isConfigured: z.boolean() })

export const platformSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    connect: z.object({
      credentials: way.optional().openapi({ description: 'With credentials a person types.' }),
      oauth2: browserWay.optional().openapi({ description: 'With consent in a browser.' }),
      ways: z
        .array(
          browserWay.extend({
            id: z.string(),
            name: z.string(),
            summary: z.string().openapi({ description: 'Whom it is for.' }),
            app: app.nullable(),
            application: z.string().openapi({
              description: 'Names the variables of its application: `POSTMCP_<APPLICATION>_<FIELD>`.',
              example: 'instagram_facebook_login',
            }),
          }),
        )
        .openapi({
          description:
            'The ways through the browser among which one chooses, the first one first; empty where there is no choice.',
        }),
      targetKinds: z.array(z.string()).openapi({ description: 'What a target is: page, channel, board.' }),
    }),
    app: app.nullable().openapi({
      description:
        'The application an operator registers there, for the first way; null where none is needed.',
    }),
    scopes: z.array(
      z.object({
        name: z.string(),
        need: z.enum(['required', 'optional', 'never_asked']),
        why: z.string(),
        method: z.enum(['oauth2', 'credentials']).nullable(),
        way: z.string().nullable().openapi({ description: 'The one way it belongs to; null: all.' }),
      }),
    ),
    limits: postLimitsSchema,
    options: z.array(postOptionSchema).openapi({
      description: 'What can be chosen for a post on this platform alone.',
    }),
    quotas: z
      .array(z.object({ what: z.string(), max: z.int(), perSeconds: z.int() }))
      .openapi({ description: 'What one account may publish at most.' }),
    rateLimits: z.array(z.object({ what: z.string(), max: z.int(), perSeconds: z.int() })),
    canDelete: z.boolean(),
    deleteScopes: z.array(z.string()).nullable().openapi({
      description: 'Optional scopes any of which it takes to delete; null: none.',
    }),
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

/** One of several ways, as the manifest that is seen on it declares it. */
function shapeBrowserWay(manifest: Manifest, configured: ReadonlySet<string>) {
  const { connect, app } = manifest
  const { oauth2 } = connect
  const application = applicationId(manifest)
  if (!oauth2?.way) return []
  return [
    {
      ...oauth2.way,
      ...shapeWay(oauth2),
      redirect: oauth2.redirect,
      app: app ? { ...app, isConfigured: configured.has(application) } : null,
      application,
    },
  ]
}

/**
 * @param views the platform as it is on each of its ways, the first one first
 * @param configured the applications there are, as `applicationId` names them
 */
export const shapePlatform = (
  views: readonly [Manifest, ...Manifest[]],
  configured: ReadonlySet<string>,
): z.output<typeof platformSchema> => {
  const [manifest] = views
  const { reconcile, remainingRisk, limits, canDelete, deleteScopes = null } = manifest.publish
  const { credentials, oauth2, targetKinds } = manifest.connect
  return {
    id: manifest.id,
    name: manifest.name,
    connect: {
      ...(credentials && { credentials: shapeWay(credentials) }),
      ...(oauth2 && { oauth2: { ...shapeWay(oauth2), redirect: oauth2.redirect } }),
      ways: views.length > 1 ? views.flatMap((view) => shapeBrowserWay(view, configured)) : [],
      targetKinds,
    },
    app: manifest.app ? { ...manifest.app, isConfigured: configured.has(manifest.id) } : null,
    scopes: manifest.scopes.map(({ name, need, why, method = null, way = null }) => ({
      name,
      need,
      why,
      method,
      way,
    })),
    limits,
    options: manifest.publish.options ?? [],
    quotas: manifest.publish.quotas ?? [],
    rateLimits: manifest.rateLimits,
    canDelete,
    deleteScopes,
    duplicates: {
      reconcile: typeof reconcile === 'string' ? reconcile : `read (${reconcile.read.join(', ')})`,
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
