import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import {
  type CoreContext,
  createApiKey,
  createHttpClient,
  createRegistry,
  createWorkspace,
  holderSeconds,
  type KeyProvider,
  type Logger,
  localMediaStorage,
  openVault,
  type ProviderRegistry,
  RefreshFlights,
  registerKeyRing,
  reportKeys,
  type Scope,
  type Store,
  systemClock,
  type Workspace,
} from '@postmcp/core'
import { openPostgresStore } from '@postmcp/core/store/postgres'
import { providers } from '@postmcp/providers'
import { dataPaths, makeDataDir, writePrivateFile } from './data-dir.js'
import { startEmbeddedPostgres } from './embedded-postgres/index.js'
import { readSettings, type Settings } from './env.js'
import { keyRingPath, openKeyRing } from './key-ring.js'
import { withFileLock } from './locks/file-lock.js'
import { createLogger } from './logger.js'
import { version } from './version.js'

/** What a first start made, for the user to be told. */
export interface FirstStart {
  /** The 0600 file that holds the first API key. */
  apiKeyFile: string | null
  /** The 0600 file that holds the new key ring. */
  keyRingFile: string | null
}

/** An opened installation: database, vault and core, ready to serve requests or to work. */
export interface Installation {
  core: CoreContext
  settings: Settings
  logger: Logger
  /** The workspace of this machine's owner. */
  owner: Scope
  keyProvider: KeyProvider
  firstStart: FirstStart
  /** Waits for what must not be lost, then lets go of everything; stops the embedded database if nobody else uses it. */
  close(): Promise<void>
}

/** The platforms of this build. */
export const platformRegistry = (): ProviderRegistry => createRegistry(providers)

/**
 * Opens the installation the environment describes; the one place where things are built. A first start makes the database, key
 * ring, workspace and API key.
 * @throws PostMcpError `config_invalid`, `database_unavailable`, `unsupported_machine`, `keyring_missing`, `keyring_wrong`
 */
export async function openInstallation(
  env: NodeJS.ProcessEnv,
  options: { logLevel?: string } = {},
): Promise<Installation> {
  const registry = platformRegistry()
  const settings = readSettings(env, registry)
  const logger = createLogger(options.logLevel ?? settings.logLevel)
  await makeDataDir(settings.dataDir)
  const paths = dataPaths(settings.dataDir)

  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    let connectionString = settings.databaseUrl
    if (connectionString === null) {
      const postgres = await startEmbeddedPostgres({
        dataDir: paths.postgres,
        logger: { info: (message) => logger.info({}, message), warn: (message) => logger.warn({}, message) },
      })
      closers.push(() => postgres.release())
      connectionString = postgres.connectionString
    }
    const store = await openPostgresStore({ connectionString, logger })
    closers.push(() => store.close())

    const http = createHttpClient({
      allowedOrigins: settings.allowedOrigins,
      userAgent: `PostMCP/${version}`,
      logger,
    })
    closers.push(() => http.close())

    // Processes that start together on a new directory agree on one key ring, one workspace and one key.
    const { keyRing, workspace, apiKeyFile } = await withFileLock(paths.setupLock, {}, async () => {
      const opened = await openKeyRing(settings, store)
      await registerKeyRing(store.keys, opened.provider)
      return { keyRing: opened, ...(await firstWorkspace({ store, clock: systemClock }, paths.apiKey)) }
    })
    const processId = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
    closers.push(await keepReportingKeys(store, keyRing.provider, processId))
    const refreshFlights = new RefreshFlights()
    closers.push(() => refreshFlights.settled())
    const core: CoreContext = {
      store,
      vault: openVault({ keys: store.keys, provider: keyRing.provider, clock: systemClock }),
      providers: registry,
      http,
      media: localMediaStorage(paths.media),
      clock: systemClock,
      logger,
      timings: settings.timings,
      processId,
      refreshFlights,
      endpointOverrides: settings.endpointOverrides,
    }
    return {
      core,
      settings,
      logger,
      owner: { workspaceId: workspace.id, actor: 'local' },
      keyProvider: keyRing.provider,
      firstStart: { apiKeyFile, keyRingFile: keyRing.created ? keyRingPath(settings.dataDir) : null },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Tells the others which key-encryption keys this process holds, so that a rotation waits for it. */
async function keepReportingKeys(
  store: Store,
  provider: KeyProvider,
  processId: string,
): Promise<() => Promise<void>> {
  const report = () => reportKeys(store, provider, processId)
  await report()
  // What cannot be reported now is reported next time; a process that stays silent is waited for no longer.
  const timer = setInterval(() => void report().catch(() => {}), (holderSeconds * 1000) / 3)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await store.keys.withdrawHolder(processId).catch(() => {})
  }
}

/** The oldest workspace, made with its first API key when there is none yet. */
async function firstWorkspace(
  core: Pick<CoreContext, 'store' | 'clock'>,
  apiKeyFile: string,
): Promise<{ workspace: Workspace; apiKeyFile: string | null }> {
  const existing = await core.store.workspaces.first()
  if (existing) return { workspace: existing, apiKeyFile: null }
  const workspace = await createWorkspace(core, { name: 'My workspace', mode: 'live', maxAccounts: null })
  const { secret } = await createApiKey(core, { workspaceId: workspace.id, actor: 'local' }, 'First key')
  await writePrivateFile(apiKeyFile, `${secret}\n`)
  return { workspace, apiKeyFile }
}
