import { authenticateApiKey, type CoreContext, PostMcpError } from '@postmcp/core'
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../app-env.js'

/** Finds out who is asking: the API key of a workspace, or a caller in this process. */
export const authenticate =
  (core: CoreContext): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const local = c.env?.localPrincipal
    c.set('scope', local ?? (await authenticateApiKey(core, bearerToken(c.req.header('authorization')))))
    await next()
  }

function bearerToken(header: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1]
  if (token) return token
  throw new PostMcpError(
    'unauthorized',
    header ? 'The Authorization header is not `Bearer …`.' : 'No API key was sent.',
  )
}
