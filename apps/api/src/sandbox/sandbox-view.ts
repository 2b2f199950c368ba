import {
  type AppClient,
  createHttpClient,
  type Environment,
  type Logger,
  nameApplication,
  type SandboxPlace,
} from '@postmcp/core'
import type { SandboxPlatform } from '@postmcp/sandbox'
import { version } from '../version.js'
import { isLoopback } from './loopback.js'

/** The simulated platforms at the place where they run, as any process of this machine uses them. */
export interface SandboxView {
  environment: Environment
  /** Where a page of a consent is on this machine; null for everything else. @param path below the platform's base, as it was sent */
  pageAt(platform: string, method: string, path: string): string | null
  close(): Promise<void>
}

/**
 * Looks at a sandbox. The HTTP client reaches its own origins and the public Internet, nothing else.
 *
 * @param options.clients applications that no simulated platform knows by heart: those described by a document
 * @param options.optionalScopes what the others ask for beside the required scopes, by platform
 */
export async function viewSandbox(
  { origin, bases }: SandboxPlace,
  options: {
    publicUrl: string
    clients: Environment['clients']
    optionalScopes: Readonly<Record<string, readonly string[]>>
    logger: Logger
  },
): Promise<SandboxView> {
  const { isConsentPath, platforms } = await import('@postmcp/sandbox')
  const { publicUrl, optionalScopes, logger } = options
  const known = platforms().flatMap((platform) => {
    const base = bases[platform.id]
    return base === undefined ? [] : [{ platform, base }]
  })
  const origins = [origin, ...Object.values(bases)].map((address) => new URL(address).origin)
  const http = createHttpClient({
    allowedOrigins: [...new Set(origins)],
    userAgent: `PostMCP/${version}`,
    logger,
  })
  const apps = known.flatMap(({ platform: { id, app, furtherApps = {} } }) => {
    const named = [
      ...(app ? [[id, app] as const] : []),
      ...Object.entries(furtherApps).map(([way, own]) => [nameApplication(id, way), own] as const),
    ]
    return named.map(([name, values]) => [name, toClient(values, optionalScopes[id] ?? [])] as const)
  })
  return {
    environment: {
      http,
      endpoints: Object.fromEntries(
        known.map(({ platform, base }) => [platform.id, endpointsAt(platform, base)]),
      ),
      clients: { ...options.clients, ...Object.fromEntries(apps) },
      // Who has a browser on this machine goes straight there.
      ...(!isLoopback(publicUrl) && { browserAddress: (address) => fromOutside(publicUrl, bases, address) }),
    },
    pageAt(id, method, path) {
      const found = known.find(({ platform }) => platform.id === id)
      return found && isConsentPath(found.platform, method, path) ? `${found.base}${path}` : null
    },
    close: () => http.close(),
  }
}

const endpointsAt = ({ endpoints }: SandboxPlatform, base: string): Record<string, string> =>
  Object.fromEntries(Object.entries(endpoints).map(([name, path]) => [name, `${base}${path}`]))

/** What has no address of ours stays as it is. */
function fromOutside(publicUrl: string, bases: SandboxPlace['bases'], address: string): string {
  for (const [id, base] of Object.entries(bases)) {
    const rest = address.startsWith(base) ? address.slice(base.length) : ''
    if (/^[/?]/.test(rest)) return `${publicUrl}/sandbox/${id}${rest}`
  }
  return address
}

function toClient(
  { clientId = '', clientSecret, ...values }: Record<string, string>,
  optionalScopes: readonly string[],
): AppClient {
  return {
    id: clientId,
    secrets: clientSecret === undefined ? [] : [clientSecret],
    optionalScopes,
    values,
  }
}
