import { type ChildProcess, fork } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type FaultProxy, startFaultProxy } from '@postmcp/tooling/test-servers/fault-proxy'
import type { HttpsSite } from '@postmcp/tooling/test-servers/https-site'

export type TestAccount = {
  did: string
  handle: string
  /** The main password: full rights over the account. */
  password: string
  email: string
}

export type TestAppPassword = { name: string; password: string }

export type TestPost = { uri: string; cid: string; rkey: string; value: Record<string, unknown> }

export type TestPdsOptions = {
  /** Put a {@link FaultProxy} in front of PDS and PLC directory and advertise only the proxies. Default false. */
  withProxy?: boolean
  /** Port of the PDS. Default: any free one. */
  port?: number
  /** The reference limits (3000 requests per 5 min and address, 30 logins per 5 min and name, ...). Default off. */
  rateLimits?: boolean
  /** Whether session answers carry the DID document, as the hosted service does. Default true. */
  didDocInSession?: boolean
  /** Bytes that `uploadBlob` takes. Default 5 MiB, as the reference server. */
  blobUploadLimit?: number
  /** What there is on the Internet, as far as this server can see. Default: nothing. */
  sites?: readonly HttpsSite[]
}

export type TestPds = {
  /** What DID documents name as the PDS: with a proxy the proxy's address, else the PDS's own. No slash at the end. */
  readonly url: string
  /** The PLC directory to ask; with a proxy the proxy's address. */
  readonly plcUrl: string
  /** Whose `com.atproto.identity.resolveHandle` knows the handles: the same as {@link TestPds.url}. */
  readonly resolverUrl: string
  /** The servers themselves, past any proxy. The helpers below use these, so they meet no faults and are not counted. */
  readonly directUrl: string
  readonly directPlcUrl: string
  /** The process of both servers. */
  readonly pid: number

  /** Makes an account. `handle` must be one label of 3 to 18 characters before `.test`; default: a random one. */
  createAccount(options?: { handle?: string }): Promise<TestAccount>
  createAppPassword(
    account: TestAccount,
    options?: { privileged?: boolean; name?: string },
  ): Promise<TestAppPassword>
  revokeAppPassword(account: TestAccount, name: string): Promise<void>
  /** What the moderators do. */
  takedown(account: TestAccount): Promise<void>
  reverseTakedown(account: TestAccount): Promise<void>
  /** What the owner does in the settings. */
  deactivate(account: TestAccount): Promise<void>
  activate(account: TestAccount): Promise<void>
  changeHandle(account: TestAccount, handle: string): Promise<void>
  deleteAccount(account: TestAccount): Promise<void>

  /** All posts of the repository, oldest key first, as anyone can read them. */
  listPosts(did: string): Promise<TestPost[]>
  /** The bytes of a blob, as anyone can read them; a PDS gives only blobs that a record mentions. */
  getBlob(did: string, cid: string): Promise<Uint8Array>
  /** Deletes a post, given its at-uri or key. */
  deleteRecord(account: TestAccount, uriOrKey: string): Promise<void>

  /** The same access token with its life moved into the past, signed by the PDS's key. */
  expireAccessToken(accessJwt: string): string
  /** The same for a refresh token; the PDS looks at the token's own `exp` first. */
  expireRefreshToken(refreshJwt: string): string
  /** An access token the PDS accepts. Defaults: scope of an app password, 2 h to live. */
  signAccessToken(did: string, options?: { scope?: string; expiresInSeconds?: number }): string

  /** The product's environment variables for this server. */
  env(account: TestAccount, appPassword: TestAppPassword): Record<string, string>

  /** Stops the PDS (and the proxy before it): connections are refused. The PLC directory stays. */
  stop(): Promise<void>
  /** Brings a stopped PDS back on the same port with the same data. */
  start(): Promise<void>
  /** {@link TestPds.stop} and {@link TestPds.start}. */
  restart(): Promise<void>
  /** Ends the servers and removes their data. May be repeated. */
  close(): Promise<void>
}

export type ProxiedTestPds = TestPds & {
  /** In front of the PDS. */
  readonly proxy: FaultProxy
  /** In front of the PLC directory. */
  readonly plcProxy: FaultProxy
}

/** @internal what `pds-child.ts` is told; secrets go over IPC, not in arguments or environment. */
export type ChildConfig = {
  directory: string
  pdsPort: number
  plcPort: number
  publicUrl: string
  jwtSecret: string
  dpopSecret: string
  adminPassword: string
  plcRotationKey: string
  rateLimits: boolean
  rateLimitBypassKey: string
  didDocInSession: boolean
  blobUploadLimit?: number
  /** Ports of this machine, by the names of the sites on them. */
  sites: Record<string, number>
}
/** @internal */
export type ChildRequest = { id: number } & (
  | { op: 'init'; config: ChildConfig }
  | { op: 'start' }
  | { op: 'stop' }
)
/** @internal */
export type ChildReply = { id: number; error?: string }

const realFetch = globalThis.fetch
const serviceDid = 'did:web:localhost'

/**
 * Starts a real PDS and PLC directory on 127.0.0.1, in a process and a temporary folder of their own. Takes 3-6 s and
 * 350 MB: start one per test file, in a `beforeAll` with a time limit of its own (60 s: other files may be starting
 * theirs). The process ends with its parent, however that ends.
 */
export function startTestPds(options: TestPdsOptions & { withProxy: true }): Promise<ProxiedTestPds>
export function startTestPds(options?: TestPdsOptions): Promise<TestPds>
export async function startTestPds(options: TestPdsOptions = {}): Promise<TestPds | ProxiedTestPds> {
  const pdsPort = options.port ?? (await freePort())
  const plcPort = await freePort()
  const directUrl = `http://127.0.0.1:${pdsPort}`
  const directPlcUrl = `http://127.0.0.1:${plcPort}`
  const proxies = options.withProxy
    ? {
        proxy: await startFaultProxy({ target: directUrl }),
        plcProxy: await startFaultProxy({ target: directPlcUrl }),
      }
    : undefined
  const url = proxies?.proxy.url ?? directUrl
  const plcUrl = proxies?.plcProxy.url ?? directPlcUrl
  const directory = await mkdtemp(path.join(tmpdir(), 'postmcp-pds-'))
  const secret = () => randomBytes(32).toString('hex')
  const config: ChildConfig = {
    directory,
    pdsPort,
    plcPort,
    publicUrl: url,
    jwtSecret: secret(),
    dpopSecret: secret(),
    adminPassword: secret(),
    plcRotationKey: secret(),
    rateLimits: options.rateLimits ?? false,
    rateLimitBypassKey: secret(),
    didDocInSession: options.didDocInSession ?? true,
    ...(options.blobUploadLimit === undefined ? {} : { blobUploadLimit: options.blobUploadLimit }),
    sites: Object.fromEntries((options.sites ?? []).map(({ hostname, port }) => [hostname, port])),
  }
  await mkdir(path.join(directory, 'pds'))
  const certificates = path.join(directory, 'certificates.pem')
  if (options.sites)
    await writeFile(certificates, options.sites.map(({ certificate }) => certificate).join(''))
  const child = startChild(directory, options.sites && certificates)

  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await child.end()
      await proxies?.proxy.close()
      await proxies?.plcProxy.close()
      await rm(directory, { recursive: true, force: true })
    })()
    return closed
  }

  try {
    await child.ask({ op: 'init', config })
  } catch (error) {
    await close()
    throw error
  }

  /** Calls the PDS itself, whatever its rate limits; throws on any answer but 200. */
  async function call(
    nsid: string,
    call: { query?: Record<string, string>; body?: unknown; auth?: string } = {},
  ): Promise<Response> {
    const query = call.query ? `?${new URLSearchParams(call.query)}` : ''
    const response = await realFetch(`${directUrl}/xrpc/${nsid}${query}`, {
      method: call.query ? 'GET' : 'POST',
      headers: {
        'x-ratelimit-bypass': config.rateLimitBypassKey,
        ...(call.auth ? { authorization: call.auth } : {}),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    })
    if (response.ok) return response
    throw new Error(`Test PDS: ${nsid} answered ${response.status} ${await response.text()}`)
  }

  const asOwner = (account: TestAccount) =>
    `Bearer ${signAccessToken(account.did, { scope: 'com.atproto.access' })}`
  const asAdmin = `Basic ${Buffer.from(`admin:${config.adminPassword}`).toString('base64')}`

  const setTakedown = async (account: TestAccount, applied: boolean) => {
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did: account.did }
    await call('com.atproto.admin.updateSubjectStatus', {
      auth: asAdmin,
      body: { subject, takedown: applied ? { applied, ref: 'test' } : { applied } },
    })
  }

  function sign(header: object, payload: object) {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const input = `${encode(header)}.${encode(payload)}`
    return `${input}.${createHmac('sha256', config.jwtSecret).update(input).digest('base64url')}`
  }

  function expire(jwt: string) {
    const decode = (part = '') =>
      JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
    const [header, payload] = jwt.split('.')
    const exp = Math.floor(Date.now() / 1000) - 60
    return sign(decode(header), { ...decode(payload), iat: exp - 7200, exp })
  }

  function signAccessToken(did: string, token: { scope?: string; expiresInSeconds?: number } = {}) {
    const iat = Math.floor(Date.now() / 1000)
    const { scope = 'com.atproto.appPass', expiresInSeconds = 7200 } = token
    const payload = { scope, aud: serviceDid, sub: did, iat, exp: iat + expiresInSeconds }
    return sign({ typ: 'at+jwt', alg: 'HS256' }, payload)
  }

  const stop = async () => {
    await proxies?.proxy.refuse()
    await child.ask({ op: 'stop' })
  }
  const start = async () => {
    await child.ask({ op: 'start' })
    await proxies?.proxy.accept()
  }

  const pds: TestPds = {
    url,
    plcUrl,
    resolverUrl: url,
    directUrl,
    directPlcUrl,
    pid: child.pid,

    async createAccount({ handle = `user-${randomBytes(5).toString('hex')}.test` } = {}) {
      const email = `${handle.replace('.test', '')}@mail.test`
      const password = randomBytes(12).toString('base64url')
      const response = await call('com.atproto.server.createAccount', { body: { handle, email, password } })
      const { did } = (await response.json()) as { did: string }
      return { did, handle, password, email }
    },
    async createAppPassword(
      account,
      { name = `app-${randomBytes(4).toString('hex')}`, privileged = false } = {},
    ) {
      const auth = asOwner(account)
      const response = await call('com.atproto.server.createAppPassword', {
        auth,
        body: { name, privileged },
      })
      const { password } = (await response.json()) as { password: string }
      return { name, password }
    },
    async revokeAppPassword(account, name) {
      await call('com.atproto.server.revokeAppPassword', { auth: asOwner(account), body: { name } })
    },
    takedown: (account) => setTakedown(account, true),
    reverseTakedown: (account) => setTakedown(account, false),
    async deactivate(account) {
      await call('com.atproto.server.deactivateAccount', { auth: asOwner(account), body: {} })
    },
    async activate(account) {
      await call('com.atproto.server.activateAccount', { auth: asOwner(account) })
    },
    async changeHandle(account, handle) {
      await call('com.atproto.identity.updateHandle', { auth: asOwner(account), body: { handle } })
    },
    async deleteAccount(account) {
      await call('com.atproto.admin.deleteAccount', { auth: asAdmin, body: { did: account.did } })
    },

    async listPosts(did) {
      const posts: TestPost[] = []
      let cursor: string | undefined
      do {
        const response = await call('com.atproto.repo.listRecords', {
          query: {
            repo: did,
            collection: 'app.bsky.feed.post',
            limit: '100',
            reverse: 'true',
            ...(cursor ? { cursor } : {}),
          },
        })
        const page = (await response.json()) as { cursor?: string; records: Omit<TestPost, 'rkey'>[] }
        for (const record of page.records) posts.push({ ...record, rkey: keyOf(record.uri) })
        cursor = page.cursor
      } while (cursor)
      return posts
    },
    async getBlob(did, cid) {
      const response = await call('com.atproto.sync.getBlob', { query: { did, cid } })
      return new Uint8Array(await response.arrayBuffer())
    },
    async deleteRecord(account, uriOrKey) {
      await call('com.atproto.repo.deleteRecord', {
        auth: asOwner(account),
        body: { repo: account.did, collection: 'app.bsky.feed.post', rkey: keyOf(uriOrKey) },
      })
    },

    expireAccessToken: expire,
    expireRefreshToken: expire,
    signAccessToken,

    env: (account, appPassword) => ({
      POSTMCP_BLUESKY_IDENTIFIER: account.handle,
      POSTMCP_BLUESKY_APP_PASSWORD: appPassword.password,
      POSTMCP_BLUESKY_RESOLVER_URL: url,
      POSTMCP_BLUESKY_PLC_URL: plcUrl,
      POSTMCP_ALLOW_ORIGINS: [...new Set([url, directUrl, plcUrl, directPlcUrl])].join(','),
    }),

    stop,
    start,
    async restart() {
      await stop()
      await start()
    },
    close,
  }
  return proxies ? { ...pds, ...proxies } : pds
}

function startChild(directory: string, certificates: string | undefined) {
  const child: ChildProcess = fork(fileURLToPath(new URL('./pds-child.ts', import.meta.url)), [], {
    // Nothing of the caller's environment or flags: a test runner's loaders have no place in there.
    env: {
      PATH: process.env.PATH ?? '',
      HOME: directory,
      TMPDIR: directory,
      LOG_ENABLED: 'false',
      NODE_ENV: 'test',
      ...(certificates !== undefined && { NODE_EXTRA_CA_CERTS: certificates }),
      NODE_NO_WARNINGS: '1',
      NODE_COMPILE_CACHE: path.join(tmpdir(), 'node-compile-cache'), // a start then takes two thirds of the time
    },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const exited = once(child, 'exit')
  const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  let lastId = 0
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk}`.slice(-2_000)
  })
  child.on('message', (reply: ChildReply) => {
    const waiter = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.error === undefined) waiter?.resolve()
    else waiter?.reject(new Error(`Test PDS: ${reply.error}`))
  })
  child.on('exit', (code, signal) => {
    const error = new Error(`Test PDS: its process ended (${signal ?? `exit code ${code}`}). ${stderr}`)
    for (const waiter of waiting.values()) waiter.reject(error)
    waiting.clear()
  })

  type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
  return {
    pid: child.pid ?? 0,
    ask(request: WithoutId<ChildRequest>) {
      if (!child.connected)
        return Promise.reject(new Error(`Test PDS: its process is not running. ${stderr}`))
      return new Promise<void>((resolve, reject) => {
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        child.send({ ...request, id: lastId })
      })
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      if (child.connected) child.disconnect()
      const impatience = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(impatience)
    },
  }
}

async function freePort() {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function keyOf(uriOrKey: string) {
  return uriOrKey.slice(uriOrKey.lastIndexOf('/') + 1)
}
