import { randomBytes } from 'node:crypto'
import type { RunningSandbox } from '@postmcp/sandbox'

/** Where the API is that the simulated platforms call. */
export interface CalledApi {
  /** As it is configured at them. */
  publicUrl: string
  /** Where this process listens; null: not yet. */
  heardAt: string | null
}

/**
 * Starts the sandbox on this machine, on its usual port or, where that is taken, on any free one. What it holds is in memory.
 *
 * @param api asked each time, for it is known only once the API listens
 */
export async function runSandbox(
  settings: { sandboxPort: number; redirectUris: readonly string[] },
  api: () => CalledApi,
): Promise<RunningSandbox> {
  const { startSandbox } = await import('@postmcp/sandbox')
  const options = {
    redirectUris: settings.redirectUris,
    // Its consent pages can be seen from outside, and no token of an earlier run shall come again.
    secret: randomBytes(32).toString('hex'),
    callbackUrl: (platformId: string) => `${api().publicUrl}/hooks/${platformId}/sandbox`,
    reach: (address: string) => reachedAt(api(), address),
  }
  return startSandbox({ ...options, port: settings.sandboxPort }).catch(() => startSandbox(options))
}

/** What the world finds at the public address is answered here; that may be behind a proxy of which this machine knows nothing. */
function reachedAt({ publicUrl, heardAt }: CalledApi, address: string): string {
  return heardAt !== null && address.startsWith(`${publicUrl}/`)
    ? `${heardAt}${address.slice(publicUrl.length)}`
    : address
}
