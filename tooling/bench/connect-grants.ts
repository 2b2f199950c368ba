import { type BenchCore, openBenchCore } from './bench-core.js'
import { completeByPaste, connectAccount, createWorkspace, type Scope, systemClock } from './core.js'
import type { CoreConfig, GrantName } from './messages.js'
import { forEach } from './pool.js'

/** Accounts of one workspace. */
const perWorkspace = 100
/** Connections under way at the same time. */
const atOnce = 8

/**
 * Connects so many accounts as a user would, by a consent and the address the browser ended at. It was done two hours ago, for
 * all that the tokens know: who comes now finds all of them expired.
 */
export async function connectGrants(config: CoreConfig, howMany: number): Promise<GrantName[]> {
  const twoHoursAgo = { now: () => new Date(systemClock.now().getTime() - 2 * 60 * 60 * 1000) }
  const { core, close } = await openBenchCore(config, twoHoursAgo)
  try {
    const scopes: Scope[] = []
    for (let made = 0; made < howMany; made += perWorkspace) {
      const { id } = await createWorkspace(core, { name: 'Bench', mode: 'live', maxAccounts: null })
      scopes.push({ workspaceId: id, actor: 'local' })
    }
    const wanted = Array.from({ length: howMany }, (_, index) => scopes[index % scopes.length])
    const grants: GrantName[] = []
    await forEach(wanted, atOnce, async (scope) => {
      if (scope) grants.push(await connectOne(core, scope))
    })
    return grants
  } finally {
    await close()
  }
}

async function connectOne(core: BenchCore['core'], scope: Scope): Promise<GrantName> {
  const step = await connectAccount(core, scope, { platform: 'bench', fields: {} })
  if (step.type !== 'authorize') throw new Error(`Connecting led to ${step.type}.`)
  const consent = await fetch(step.authorizationUrl, { redirect: 'manual' })
  const address = consent.headers.get('location') ?? ''
  const done = await completeByPaste(core, scope, step.connectionId, address)
  const grantId = done.type === 'connected' ? done.accounts[0]?.grantId : undefined
  if (!grantId) throw new Error(`The consent led to ${done.type}.`)
  return { workspaceId: scope.workspaceId, grantId }
}
