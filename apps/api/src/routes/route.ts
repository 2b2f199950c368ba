import { OpenAPIHono, type z } from '@hono/zod-openapi'
import { type CoreContext, PostMcpError } from '@postmcp/core'
import type { AppEnv } from '../app-env.js'
import { problemSchema } from '../schemas/common.js'

/** A group of routes; what does not fit their schemas is `invalid_request` with every issue. */
export const routeGroup = () =>
  new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const issues = result.error.issues.map((issue) => ({
        code: issue.code ?? 'invalid',
        severity: 'error' as const,
        message: issue.message,
        field: issue.path.join('.'),
      }))
      const words = issues.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ')
      throw new PostMcpError('invalid_request', `The request is not valid: ${words}.`, { issues })
    },
  })

/** What every group of routes is made from. */
export type Routes = (core: CoreContext) => OpenAPIHono<AppEnv>

/** A JSON answer, for a route's declaration. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})

/** A JSON body that must be there. */
export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
  required: true,
})

/** How every route can fail. */
export const problems = {
  default: {
    content: { 'application/problem+json': { schema: problemSchema } },
    description: 'An error; `code` is one of the closed list.',
  },
} as const

export const bearer = [{ apiKey: [] }]
