import { z } from '@hono/zod-openapi'
import type { ApiKey, Workspace } from '@postmcp/core'
import { idOf, instant, optionalInstant, toInstant, toOptionalInstant } from './common.js'

export const workspaceSchema = z
  .object({
    id: idOf('workspace'),
    name: z.string(),
    mode: z.enum(['live', 'sandbox']),
    plan: z.string(),
    maxAccounts: z
      .int()
      .nullable()
      .openapi({ description: 'Over what the plan says; null: what the plan says.' }),
    createdAt: instant,
  })
  .openapi('Workspace')

export const shapeWorkspace = (workspace: Workspace): z.output<typeof workspaceSchema> => ({
  id: workspace.id,
  name: workspace.name,
  mode: workspace.mode,
  plan: workspace.plan,
  maxAccounts: workspace.maxAccounts,
  createdAt: toInstant(workspace.createdAt),
})

export const apiKeySchema = z
  .object({
    id: idOf('apiKey'),
    name: z.string(),
    hint: z.string().openapi({ description: 'The first characters of the key.' }),
    createdAt: instant,
    revokedAt: optionalInstant,
  })
  .openapi('ApiKey')

export const shapeApiKey = (apiKey: ApiKey): z.output<typeof apiKeySchema> => ({
  id: apiKey.id,
  name: apiKey.name,
  hint: apiKey.hint,
  createdAt: toInstant(apiKey.createdAt),
  revokedAt: toOptionalInstant(apiKey.revokedAt),
})

export const newApiKeySchema = apiKeySchema
  .extend({ key: z.string().openapi({ description: 'The key itself, shown this once.' }) })
  .openapi('NewApiKey')
