import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import {
  type CoreContext,
  createApiKey,
  createHttpClient,
  createRegistry,
  createWorkspace,
  type Environment,
  holderSeconds,
  type KeyProvider,
  type Logger,
  loadSigningClient,
  localMediaStorage,
  type MediaStorage,
  openVault,
  type ProviderRegistry,
  publishingScopesOf,
  RefreshFlights,
  registerKeyRing,
  reportKeys,
  type Scope,
  type Store,
  s3MediaStorage,
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
import { joinSandbox, noSandbox, type SandboxAccess } from './sandbox/sandbox-access.js'
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
  /** The simulated platforms, in this process or in another one. */
  sandbox: SandboxAccess
  /** Where they could be looked at when this was opened; null: nowhere. */
  sandboxUrl: string | null
  firstStart: FirstStart
  /** Waits for what must not be lost, then lets go of everything; stops the embedded database if nobody else uses it. */
  close(): Promise<void>
}

/** The platforms of this build. */
export const platformRegistry = (): ProviderRegistry => createRegistry(providers)

/**
 * Opens the installation the environment describes; the one place where things are built. A first start makes the database, key
 * ring, workspace and API key.
 * @param options.withSandbox whether the sandbox may run in this process; else one that runs in another is used
 * @throws PostMcpError `config_invalid`, `database_unavailable`, `unsupported_machine`, `keyring_missing`, `keyring_wrong`
 */
export async function openInstallation(
  env: NodeJS.ProcessEnv,
  options: { logLevel?: string; withSandbox?: boolean } = {},
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

    const live = createHttpClient({
      allowedOrigins: settings.allowedOrigins,
      userAgent: `PostMCP/${version}`,
      logger,
    })
    closers.push(() => live.close())

    // Processes that start together on a new directory agree on one key ring, one workspace and one key.
    const { keyRing, workspace, apiKeyFile } = await withFileLock(paths.setupLock, {}, async () => {
      const opened = await openKeyRing(settings, store)
      await registerKeyRing(store.keys, opened.provider)
      return {
        keyRing: opened,
        ...(await firstWorkspace({ store, clock: systemClock }, settings, 'live', paths.apiKey)),
      }
    })
    const { sandboxPort, publicUrl, redirectUris } = settings
    const mayRun = options.withSandbox ?? false
    if (mayRun && sandboxPort !== null) {
      await withFileLock(paths.setupLock, {}, () =>
        firstWorkspace({ store, clock: systemClock }, settings, 'sandbox', paths.sandboxApiKey),
      )
    }
    const processId = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
    closers.push(await keepReportingKeys(store, keyRing.provider, processId))
    const refreshFlights = new RefreshFlights()
    closers.push(() => refreshFlights.settled())
    const vault = openVault({ keys: store.keys, provider: keyRing.provider, clock: systemClock })
    const documented = await documentClients({ store, vault }, registry, settings)
    const sandbox =
      sandboxPort === null
        ? noSandbox
        : await joinSandbox({
            settings: { sandboxPort, publicUrl, redirectUris },
            clients: documented,
            // There everything a post may have can be tried.
            optionalScopes: publishingScopesOf(registry.list()),
            ...{ store, processId, logger, mayRun },
          })
    closers.push(() => sandbox.close())
    const core: CoreContext = {
      store,
      vault,
      providers: registry,
      media: openMediaStorage(settings, paths.media, closers),
      mediaLimits: settings.mediaLimits,
      files: live,
      clock: systemClock,
      logger,
      timings: settings.timings,
      processId,
      refreshFlights,
      environments: {
        live: {
          http: live,
          endpoints: settings.endpoints,
          clients: { ...documented, ...settings.clients },
        },
        get sandbox() {
          return sandbox.environment()
        },
      },
      plans: settings.plans,
      publicUrl,
      localUrl: settings.localUrl,
      redirectUris,
    }
    return {
      core,
      settings,
      logger,
      owner: { workspaceId: workspace.id, actor: 'local' },
      sandbox,
      sandboxUrl: sandbox.origin(),
      keyProvider: keyRing.provider,
      firstStart: { apiKeyFile, keyRingFile: keyRing.created ? keyRingPath(settings.dataDir) : null },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Clients of platforms that know us by a document; on this machine alone they need no key, for nobody could fetch it. */
async function documentClients(
  core: Pick<CoreContext, 'store' | 'vault'>,
  registry: ProviderRegistry,
  { publicUrl }: Settings,
): Promise<Environment['clients']> {
  if (!publicUrl.startsWith('https:')) return {}
  const platforms = registry.list().filter(({ manifest }) => manifest.connect.oauth2?.client === 'document')
  return Object.fromEntries(
    await Promise.all(
      platforms.map(async ({ manifest: { id } }) => [id, await loadSigningClient(core, id)] as const),
    ),
  )
}

function openMediaStorage(
  { mediaBucket }: Settings,
  folder: string,
  closers: (() => Promise<void>)[],
): MediaStorage {
  if (!mediaBucket) return localMediaStorage(folder)
  const storage = s3MediaStorage(mediaBucket)
  closers.push(() => storage.close())
  return storage
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

/** The oldest workspace of a mode, made with its first API key when there is none yet. */
async function firstWorkspace(
  core: Pick<CoreContext, 'store' | 'clock'>,
  { plan }: Settings,
  mode: Workspace['mode'],
  apiKeyFile: string,
): Promise<{ workspace: Workspace; apiKeyFile: string | null }> {
  const existing = await core.store.workspaces.first(mode)
  if (existing) return { workspace: existing, apiKeyFile: null }
  const workspace = await createWorkspace(core, {
    name: mode === 'live' ? 'My workspace' : 'Sandbox',
    mode,
    maxAccounts: null,
    plan,
  })
  const { secret } = await createApiKey(core, { workspaceId: workspace.id, actor: 'local' }, 'First key')
  await writePrivateFile(apiKeyFile, `${secret}\n`)
  return { workspace, apiKeyFile }
}
