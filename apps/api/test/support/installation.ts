import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CoreContext } from '@postmcp/core'
import type { TestAccount, TestAppPassword, TestPds } from '@postmcp/tooling/test-servers/pds'
import { createApp, type Installation, openInstallation } from '../../src/index.js'
import { type Client, clientOf } from './client.js'
import { createDatabase, type Database } from './database.js'
import { tempFolder } from './folder.js'

/** An installation on a database of its own: its API in this process, its workers and further processes by `env`. */
export interface TestInstallation extends Client {
  /** For processes that shall belong to it. */
  env: Record<string, string>
  apiKey: string
  core: CoreContext
  sandboxAccess: Installation['sandbox']
  /** Where the simulated platforms are, if they run. */
  sandboxUrl: string | null
  database: Database
  app: ReturnType<typeof createApp>
  close(): Promise<void>
}

/** Leases and waits that a test can sit through. */
export const quickTimings = {
  POSTMCP_POST_LEASE_SECONDS: '2',
  POSTMCP_POST_TURN_SECONDS: '1.2',
  POSTMCP_SEND_SECONDS: '0.8',
  POSTMCP_RECONCILE_MARGIN_SECONDS: '0.3',
  POSTMCP_SWEEP_SECONDS: '0.2',
  POSTMCP_REFRESH_LEASE_SECONDS: '2',
  POSTMCP_REFRESH_REQUEST_SECONDS: '10',
}

/** Where the platform is, for the product. */
export const platformEnv = (pds: TestPds): Record<string, string> => ({
  POSTMCP_BLUESKY_RESOLVER_URL: pds.resolverUrl,
  POSTMCP_BLUESKY_PLC_URL: pds.plcUrl,
  POSTMCP_ALLOW_ORIGINS: [pds.url, pds.plcUrl].join(','),
})

/**
 * @param env of the platform, and whatever else is to be set
 * @param withSandbox whether simulated platforms run beside it
 * @param database which one it gets, and drops; default: a new one of this test run
 */
export async function openTestInstallation(
  env: Record<string, string>,
  { withSandbox = false, database: given }: { withSandbox?: boolean; database?: Database } = {},
): Promise<TestInstallation> {
  const database = given ?? (await createDatabase())
  const folder = await tempFolder()
  const all = {
    ...quickTimings,
    DATABASE_URL: database.url,
    POSTMCP_DATA_DIR: folder.path,
    POSTMCP_LOG_LEVEL: 'debug',
    ...env,
  }
  const { core, sandbox, sandboxUrl, close } = await openInstallation(all, {
    logLevel: 'silent',
    withSandbox,
  })
  const apiKey = (await readFile(join(folder.path, 'api-key'), 'utf8')).trim()
  const app = createApp(core, sandbox)
  return {
    ...clientOf((path, init) => app.request(path, init), apiKey),
    env: all,
    apiKey,
    core,
    sandboxAccess: sandbox,
    sandboxUrl,
    database,
    app,
    async close() {
      await close()
      await database.drop()
      await folder.remove()
    },
  }
}

/** An account at the PDS, connected to the installation. */
export interface ConnectedAccount {
  /** Its id here. */
  id: string
  at: TestAccount
  appPassword: TestAppPassword
}

/** Makes an account at the PDS and connects it. */
export async function connectNew(client: Client, pds: TestPds): Promise<ConnectedAccount> {
  const at = await pds.createAccount()
  const appPassword = await pds.createAppPassword(at)
  const step = await client.ok('POST', '/accounts/connect', {
    platform: 'bluesky',
    fields: { identifier: at.handle, appPassword: appPassword.password },
  })
  return { id: step.accounts[0].id, at, appPassword }
}
