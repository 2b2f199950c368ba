/**
 * The process that `pds.ts` forks: the PDS and PLC directory that `@atproto/dev-env` consists of, started and stopped
 * by messages. Not for import. It runs as it is by type stripping, so no syntax here may need compiling.
 */

import dns from 'node:dns'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import net from 'node:net'
import path from 'node:path'
import type { ChildConfig, ChildReply, ChildRequest } from '@postmcp/tooling/test-servers/pds'

type Server = { start(): Promise<unknown>; destroy(): Promise<void> }
type PdsConfig = { service: { publicUrl: string }; oauth: { issuer: string } }
type PdsModule = {
  PDS: { create(config: PdsConfig, secrets: unknown): Promise<Server> }
  envToCfg(env: Record<string, unknown>): PdsConfig
  envToSecrets(env: Record<string, unknown>): unknown
}
type PlcModule = {
  PlcServer: { create(options: { db: unknown; port: number }): Server }
  Database: { mock(): unknown }
}

stayOnLoopback()
// Ctrl-C reaches the whole group; the parent decides when this process ends.
process.on('SIGINT', () => {})

let config: ChildConfig | undefined
let modules: { pds: PdsModule; plc: PlcModule } | undefined
let plcServer: Server | undefined
let pdsServer: Server | undefined

process.on('message', (request: ChildRequest) => {
  void run(request).then(
    () => reply({ id: request.id }),
    (error: unknown) =>
      reply({ id: request.id, error: error instanceof Error ? error.message : String(error) }),
  )
})

process.on('disconnect', () => {
  const deadline = setTimeout(() => process.exit(1), 20_000)
  deadline.unref()
  void closeAll()
    .catch(() => {})
    .then(() => (config ? rm(config.directory, { recursive: true, force: true }) : undefined))
    .finally(() => process.exit(0))
})

function reply(message: ChildReply) {
  if (process.connected) process.send?.(message)
}

async function run(request: ChildRequest) {
  switch (request.op) {
    case 'init':
      config = request.config
      modules = await loadModules()
      plcServer = modules.plc.PlcServer.create({ db: modules.plc.Database.mock(), port: config.plcPort })
      await plcServer.start()
      return startPds()
    case 'start':
      return startPds()
    case 'stop':
      await pdsServer?.destroy()
      pdsServer = undefined
      return
  }
}

async function closeAll() {
  await pdsServer?.destroy()
  await plcServer?.destroy()
}

/** Both servers are what dev-env starts; going past its index saves 80 MB and 2.5 s of moderation and AppView code. */
async function loadModules() {
  const require = createRequire(import.meta.resolve('@atproto/dev-env'))
  const pds: PdsModule = await import(require.resolve('@atproto/pds'))
  const plc: PlcModule = await import(require.resolve('@did-plc/server'))
  return { pds, plc }
}

async function startPds() {
  if (!config || !modules || pdsServer) return
  const { pds } = modules
  const env = {
    devMode: true,
    port: config.pdsPort,
    hostname: 'localhost',
    serviceName: 'PostMCP test PDS',
    serviceHandleDomains: ['.test'],
    dataDirectory: path.join(config.directory, 'pds'),
    blobstoreDiskLocation: path.join(config.directory, 'blobs'),
    // By name: the PDS looks DIDs up through a fetch that refuses addresses as hosts.
    didPlcUrl: `http://localhost:${config.plcPort}`,
    inviteRequired: false,
    disableSsrfProtection: true,
    crawlers: [],
    enableDidDocWithSession: config.didDocInSession,
    rateLimitsEnabled: config.rateLimits,
    rateLimitBypassKey: config.rateLimitBypassKey,
    blobUploadLimit: config.blobUploadLimit,
    jwtSecret: config.jwtSecret,
    dpopSecret: config.dpopSecret,
    adminPassword: config.adminPassword,
    plcRotationKeyK256PrivateKeyHex: config.plcRotationKey,
  }
  const pdsConfig = pds.envToCfg(env)
  // Environment variables can only say `http://localhost:PORT` or `https://HOST`. This is the address that goes into
  // DID documents, OAuth metadata and the DPoP check.
  pdsConfig.service.publicUrl = config.publicUrl
  pdsConfig.oauth.issuer = config.publicUrl
  const server = await pds.PDS.create(pdsConfig, pds.envToSecrets(env))
  await server.start()
  pdsServer = server
}

/** The servers would listen on all interfaces and ask the machine's DNS about handles; neither may leave loopback. */
function stayOnLoopback() {
  const listen = net.Server.prototype.listen
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
    if (typeof args[0] === 'number' && typeof args[1] !== 'string') args.splice(1, 0, '127.0.0.1')
    return Reflect.apply(listen, this, args)
  }
  dns.setServers(['127.0.0.1:1'])
  const lookup = dns.lookup
  const guarded = (hostname: string, ...rest: unknown[]) => {
    if (hostname === 'localhost' || net.isIP(hostname)) return Reflect.apply(lookup, dns, [hostname, ...rest])
    const callback = rest.at(-1)
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
      code: 'ENOTFOUND',
      hostname,
    })
    if (typeof callback === 'function') process.nextTick(callback, error)
  }
  dns.lookup = Object.assign(guarded, lookup) as typeof dns.lookup
  findSites()
}

/** Connects who wants the usual https port of a site to the port where it is. Certificates are checked all the same. */
function findSites() {
  const connect = net.Socket.prototype.connect
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    const [target] = args
    if (typeof target === 'object' && target !== null && 'host' in target && 'port' in target) {
      const port = Number(target.port) === 443 ? config?.sites[String(target.host)] : undefined
      if (port !== undefined) args[0] = { ...target, host: '127.0.0.1', port }
    }
    return Reflect.apply(connect, this, args)
  } as typeof connect
}
