import { type AppClient, createHttpClient, type Environment, type Logger } from '@postmcp/core'
import type { RunningSandbox } from '@postmcp/sandbox'
import { version } from './version.js'

/** The simulated platforms, listening beside the API. */
export interface SandboxBeside {
  /** Where its pages are. */
  origin: string
  environment: Environment
  close(): Promise<void>
}

/**
 * Starts the sandbox on this machine, on its usual port or, where that is taken, on any free one. What it holds is in memory.
 * Its HTTP client reaches the sandbox's own origins and the public Internet, nothing else.
 */
export async function startSandboxBeside(
  settings: { sandboxPort: number; redirectUris: string[] },
  logger: Logger,
): Promise<SandboxBeside> {
  const { startSandbox } = await import('@postmcp/sandbox')
  const { sandboxPort: port, redirectUris } = settings
  const running = await startSandbox({ port, redirectUris }).catch(() => startSandbox({ redirectUris }))
  const http = createHttpClient({
    allowedOrigins: originsOf(running),
    userAgent: `PostMCP/${version}`,
    logger,
  })
  return {
    origin: running.origin,
    environment: {
      http,
      endpoints: Object.fromEntries(running.platforms.map(({ id, endpoints }) => [id, endpoints])),
      clients: Object.fromEntries(
        running.platforms.flatMap(({ id, app }) => (app ? [[id, toClient(app)] as const] : [])),
      ),
    },
    async close() {
      await running.close()
      await http.close()
    },
  }
}

const originsOf = ({ origin, platforms }: RunningSandbox): string[] => [
  ...new Set([origin, ...platforms.map(({ base }) => new URL(base).origin)]),
]

function toClient({ clientId = '', clientSecret, ...values }: Record<string, string>): AppClient {
  return {
    id: clientId,
    secrets: clientSecret === undefined ? [] : [clientSecret],
    optionalScopes: [],
    values,
  }
}
