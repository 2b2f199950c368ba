/** A process of the race: it has a core of its own and uses grants as it is told. */

import { openBenchCore } from './bench-core.js'
import { isPostMcpError, useGrant } from './core.js'
import type { FromWorker, GrantName, Tally, ToWorker } from './messages.js'
import { forEach, shuffled } from './pool.js'

type Begin = Extract<ToWorker, { type: 'begin' }>

/** How often a worker tells what it did, so that it is known of those that get killed. */
const tellEveryMs = 250

const tell = (message: FromWorker) => process.send?.(message)
const stopped = new AbortController()

function* onAndOn(grants: readonly GrantName[]): Generator<GrantName> {
  for (;;) {
    for (const grant of shuffled(grants)) {
      if (stopped.signal.aborted) return
      yield grant
    }
  }
}

async function run({ config, grants, atOnce }: Begin): Promise<void> {
  const { core, close } = await openBenchCore(config)
  let tally: Tally = { uses: 0, failures: {} }
  const takeTally = () => {
    const taken = tally
    tally = { uses: 0, failures: {} }
    return taken
  }
  const use = async ({ workspaceId, grantId }: GrantName) => {
    tally.uses++
    try {
      await useGrant(core, workspaceId, grantId)
    } catch (error) {
      const code = isPostMcpError(error) ? error.code : String(error)
      tally.failures[code] = (tally.failures[code] ?? 0) + 1
    }
  }

  process.on('message', async (message: ToWorker) => {
    if (message.type === 'stop') stopped.abort()
    if (message.type !== 'go') return
    const telling = setInterval(() => tell({ type: 'tally', tally: takeTally() }), tellEveryMs)
    const started = performance.now()
    await forEach(message.work === 'once' ? shuffled(grants) : onAndOn(grants), atOnce, use)
    clearInterval(telling)
    tell({ type: 'done', tally: takeTally(), seconds: (performance.now() - started) / 1000 })
    await close()
    process.disconnect()
  })
  tell({ type: 'ready' })
}

process.on('disconnect', () => process.exit(0))
process.once('message', (message: ToWorker) => {
  if (message.type === 'begin') void run(message)
})
