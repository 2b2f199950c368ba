import type { CoreContext } from '@postmcp/core'
import { PostMcpError } from '@postmcp/core'
import { bodyLimit } from 'hono/body-limit'
import { requestId } from 'hono/request-id'
import { authenticate } from './middleware/auth.js'
import { logRequests } from './middleware/log-requests.js'
import { notFoundHandler, problemHandler } from './middleware/problem.js'
import { accountRoutes } from './routes/accounts.js'
import { clientRoutes } from './routes/clients.js'
import { connectionRoutes } from './routes/connections.js'
import { documentRoutes } from './routes/documents.js'
import { fileRoutes } from './routes/files.js'
import { healthRoutes } from './routes/health.js'
import { hookRoutes } from './routes/hooks.js'
import { mediaRoutes } from './routes/media.js'
import { oauthPages } from './routes/oauth.js'
import { platformRoutes } from './routes/platforms.js'
import { postGroupRoutes } from './routes/post-groups.js'
import { postRoutes } from './routes/posts.js'
import { routeGroup } from './routes/route.js'
import { sandboxPages } from './routes/sandbox.js'
import { workspaceRoutes } from './routes/workspace.js'
import type { SandboxAccess } from './sandbox/sandbox-access.js'
import { version } from './version.js'

/** Largest JSON body, in bytes. */
const maxJsonBytes = 1024 * 1024

const openApiConfig = {
  openapi: '3.1.0',
  info: {
    title: 'PostMCP',
    version,
    description: 'Connect publishing accounts, keep them healthy, and publish through them.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
}

/**
 * The HTTP API as a function from request to answer: opens nothing, listens nowhere.
 *
 * @param sandbox whose consent pages it shows; null: none
 */
export function createApp(core: CoreContext, sandbox: Pick<SandboxAccess, 'pageAt'> | null = null) {
  const app = routeGroup()
  app.onError(problemHandler(core.logger))
  app.notFound(notFoundHandler)
  app.use(requestId())
  app.use(logRequests(core.logger))
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key of the workspace.',
  })
  app.route('/', healthRoutes(core))
  app.doc31('/openapi.json', openApiConfig)

  app.route('/', oauthPages(core))
  app.route('/', hookRoutes(core))
  app.route('/', documentRoutes(core))
  app.route('/', fileRoutes(core))
  if (sandbox) app.route('/', sandboxPages(sandbox))
  app.use(authenticate(core))
  app.route('/', mediaRoutes(core))
  app.use(
    bodyLimit({
      maxSize: maxJsonBytes,
      onError: () => {
        throw new PostMcpError(
          'payload_too_large',
          `The request's body is larger than ${maxJsonBytes} bytes.`,
        )
      },
    }),
  )
  for (const routes of [
    platformRoutes,
    clientRoutes,
    accountRoutes,
    connectionRoutes,
    postGroupRoutes,
    postRoutes,
    workspaceRoutes,
  ]) {
    app.route('/', routes(core))
  }
  return app
}
