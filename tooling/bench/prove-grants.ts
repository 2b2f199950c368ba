import { openBenchCore } from './bench-core.js'
import { type CoreContext, isPostMcpError, openGrant, type TokenNeed, useGrant } from './core.js'
import type { Field } from './field.js'
import type { GrantName } from './messages.js'
import { forEach } from './pool.js'

/**
 * Has every grant refreshed once more, whatever its access token, so that what is stored proves itself at the server, and
 * what is lost is found to be lost.
 * @returns seconds
 */
export async function proveGrants(field: Field, atOnce: number): Promise<number> {
  const { core, close } = await openBenchCore(field.configOf('proving'))
  try {
    const started = performance.now()
    await forEach(field.grants, atOnce, (name) => proveGrant(core, name))
    return (performance.now() - started) / 1000
  } finally {
    await close()
  }
}

async function proveGrant(core: CoreContext, { workspaceId, grantId }: GrantName): Promise<void> {
  const { grant } = await openGrant(core, workspaceId, grantId)
  const need: TokenNeed = { kind: 'replacement', refusedVersion: grant.version }
  // A busy machine may be too slow for the shortened time-outs of a run: that proves nothing yet.
  for (let tries = 0; tries < 5; tries++) {
    try {
      await useGrant(core, workspaceId, grantId, need)
      return
    } catch (error) {
      // Whoever is lost stands in the database as that.
      if (isPostMcpError(error, 'account_not_publishable')) return
      if (!isPostMcpError(error, 'platform_unavailable')) throw error
    }
  }
}
