import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { platformRegistry } from '@postmcp/api'
import { publishingScopesOf } from '@postmcp/core'
import { type RunningSandbox, platforms as simulatedPlatforms, startSandbox } from '@postmcp/sandbox'
import type { Database } from '../support/database.js'
import { openTestInstallation, type TestInstallation } from '../support/installation.js'
import { operatorEnv, publicUrl } from '../support/simulated.js'
import { standingTime, type Time } from '../support/time.js'
import { Lane } from './lane.js'

/** An installation, and each platform in a sandbox of its own. */
export interface FaultWorld {
  product: TestInstallation
  lanes: Lane[]
  close(): Promise<void>
}

/** Nothing is waited for in earnest: what a platform declares passes by the clocks, which are moved. */
const timings = {
  POSTMCP_POST_LEASE_SECONDS: '2',
  POSTMCP_POST_TURN_SECONDS: '60',
  POSTMCP_SEND_SECONDS: '30',
  POSTMCP_RECONCILE_MARGIN_SECONDS: '5',
  POSTMCP_SWEEP_SECONDS: '0.1',
}

/**
 * @param options.platforms ids; default: all
 * @param options.time the one clock of everything; default: each platform, and whoever publishes there, has its own that stands still
 * @param options.database default: a new one of this test run
 */
export async function openFaultWorld(
  options: { platforms?: readonly string[]; time?: Time; database?: Database } = {},
): Promise<FaultWorld> {
  const { platforms = [], time, database } = options
  const heard = { at: '' }
  const reach = (address: string) =>
    address.startsWith(`${publicUrl}/`) ? `${heard.at}${address.slice(publicUrl.length)}` : address
  const redirectUris = [`${publicUrl}/accounts/oauth/callback`]
  const chosen = simulatedPlatforms().filter(({ id }) => platforms.length === 0 || platforms.includes(id))
  const sandboxes: { sandbox: RunningSandbox; time: Time }[] = []
  for (const platform of chosen) {
    const own = time ?? standingTime()
    const sandbox = await startSandbox({ platforms: [platform], now: own.now, redirectUris, reach })
    sandboxes.push({ sandbox, time: own })
  }
  const handles = sandboxes.flatMap(({ sandbox }) => sandbox.platforms)
  const env = {
    POSTMCP_PUBLIC_URL: publicUrl,
    POSTMCP_SANDBOX: 'off',
    ...timings,
    ...operatorEnv(handles, publishingScopesOf(platformRegistry().list())),
  }
  const product = await openTestInstallation(env, database && { database })
  if (time) product.core.clock = time
  // Platforms that fetch files find them here.
  const server = createServer(getRequestListener(product.app.fetch, { overrideGlobalObjects: false }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  heard.at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const lanes = sandboxes.flatMap(({ sandbox, time: own }) =>
    sandbox.platforms.map((handle) => new Lane(product, handle, own)),
  )
  return {
    product,
    lanes,
    async close() {
      await product.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      for (const { sandbox } of sandboxes) await sandbox.close()
    },
  }
}
