import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CoreContext,
  createHttpClient,
  createKeyRingFile,
  createRegistry,
  createWorkspace,
  defaultMediaLimits,
  defaultPlans,
  defaultTimings,
  localKeyProvider,
  localMediaStorage,
  openVault,
  type Provider,
  RefreshFlights,
  registerKeyRing,
  type Scope,
  silentLogger,
  systemClock,
} from '@postmcp/core'
import { openPostgresStore } from '@postmcp/core/store/postgres'
import type { PlatformHandle } from '@postmcp/sandbox'
import { inject } from 'vitest'

/** A core on a database of its own, as an app builds it, with one platform. */
export interface ThrowAwayCore {
  core: CoreContext
  /** A workspace of the sandbox. */
  scope: Scope
  close(): Promise<void>
}

const publicUrl = 'http://127.0.0.1:4477'

/** @param handle the platform's simulation */
export async function openThrowAwayCore(provider: Provider, handle: PlatformHandle): Promise<ThrowAwayCore> {
  const folder = await mkdtemp(join(tmpdir(), 'postmcp-example-'))
  const name = `example_${randomBytes(8).toString('hex')}`
  await query(`create database ${name}`)
  const connectionString = new URL(`/${name}${new URL(inject('postgresUrl')).search}`, inject('postgresUrl'))
    .href
  const store = await openPostgresStore({ connectionString, logger: silentLogger })
  const keyProvider = localKeyProvider(await createKeyRingFile(join(folder, 'keyring.json')))
  await registerKeyRing(store.keys, keyProvider)
  const allowedOrigins = [new URL(handle.base).origin]
  const http = createHttpClient({ allowedOrigins, userAgent: 'postmcp-example', logger: silentLogger })
  const { clientId = '', clientSecret = '' } = handle.app ?? {}
  const client = { id: clientId, secrets: [clientSecret], optionalScopes: [], values: {} }
  const core: CoreContext = {
    store,
    vault: openVault({ keys: store.keys, provider: keyProvider, clock: systemClock }),
    providers: createRegistry([provider]),
    media: localMediaStorage(folder),
    mediaLimits: defaultMediaLimits,
    files: http,
    clock: systemClock,
    logger: silentLogger,
    timings: defaultTimings,
    processId: 'example',
    refreshFlights: new RefreshFlights(),
    environments: {
      live: { http, endpoints: {}, clients: {} },
      sandbox: { http, endpoints: { [handle.id]: handle.endpoints }, clients: { [handle.id]: client } },
    },
    plans: defaultPlans,
    publicUrl,
    localUrl: publicUrl,
    redirectUris: [`${publicUrl}/accounts/oauth/callback`],
  }
  const { id: workspaceId } = await createWorkspace(core, {
    name: 'Example',
    mode: 'sandbox',
    maxAccounts: null,
  })
  return {
    core,
    scope: { workspaceId, actor: 'local' },
    async close() {
      await http.close()
      await store.close()
      await query(`drop database ${name} with (force)`)
      await rm(folder, { recursive: true })
    },
  }
}

interface PgClient {
  connect(): Promise<void>
  query(text: string): Promise<unknown>
  end(): Promise<void>
}

/** The driver that core uses; this package does not depend on it. */
const fromCore = createRequire(createRequire(import.meta.url).resolve('@postmcp/core/package.json'))

async function query(text: string): Promise<void> {
  const { Client } = fromCore('pg') as { Client: new (options: { connectionString: string }) => PgClient }
  const client = new Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
