import { z } from '@hono/zod-openapi'
import type { OAuthClient } from '@postmcp/core'
import { idOf, instant, toInstant } from './common.js'

export const ownClientSchema = z
  .object({
    id: idOf('oauthClient').openapi({ description: 'Part of the address at which the platform calls back.' }),
    platform: z.string(),
    way: z
      .string()
      .nullable()
      .openapi({ description: 'The way through the browser it is for; null: the first or only one.' }),
    clientId: z.string(),
    endpoints: z.record(z.string(), z.string()),
    createdAt: instant,
  })
  .openapi('OwnClient')

export const shapeOwnClient = ({
  id,
  platform,
  way,
  clientId,
  endpoints,
  createdAt,
}: OAuthClient): z.output<typeof ownClientSchema> => ({
  id,
  platform,
  way,
  clientId,
  endpoints,
  createdAt: toInstant(createdAt),
})

export const findingSchema = z
  .object({
    platform: z.string(),
    way: z
      .string()
      .nullable()
      .openapi({ description: 'The way through the browser it is about, where there are several.' }),
    check: z.enum(['application', 'redirect_address', 'reachable', 'clock', 'account']),
    status: z.enum(['ok', 'warning', 'error']),
    message: z.string(),
    fix: z.string().nullable(),
  })
  .openapi('Finding')
