import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './index.js'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // real servers, on machines with other things to do

const isRoot = process.geteuid?.() === 0
const onUnix = process.platform !== 'win32'
const sessionProgram = fileURLToPath(new URL('./fixtures/session.ts', import.meta.url))
const loader = new URL('./fixtures/resolve-typescript.ts', import.meta.url).href

const dataDirs: string[] = []
const children: Session[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const dataDir of dataDirs.splice(0)) {
    const pid = await serverPid(dataDir)
    if (pid !== undefined) process.kill(pid, 'SIGQUIT')
    while (pid !== undefined && isAlive(pid)) await sleep(10)
    const elsewhere = await readFile(join(dataDir, 'cluster-location'), 'utf8').catch(() => '')
    if (elsewhere) await rm(elsewhere.trim(), { recursive: true, force: true })
    await rm(dataDir, { recursive: true, force: true, maxRetries: 3 })
  }
})

/** A data directory that does not exist yet, and that the user who runs PostgreSQL can reach, also when we are root. */
async function newDataDir(name = 'data') {
  const parent = await mkdtemp(join(tmpdir(), 'embedded-postgres-'))
  await chmod(parent, 0o711)
  dataDirs.push(join(parent, name), parent)
  return join(parent, name)
}

let template: string

beforeAll(async () => {
  template = await newDataDir()
  const { stop } = await start(template)
  await stop()
  dataDirs.length = 0 // kept until the end
})
afterAll(() => rm(dirname(template), { recursive: true }))

/** A data directory whose cluster exists: a copy, which takes a tenth of the time of a new one. */
async function usedDataDir(name?: string) {
  const dataDir = await newDataDir(name)
  await promisify(execFile)('cp', ['-a', template, dataDir])
  return dataDir
}

const start = (dataDir: string, options: Partial<EmbeddedPostgresOptions> = {}) =>
  startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' }, ...options })

async function query(connectionString: string, sql: string) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return await client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

async function serverPid(dataDir: string): Promise<number | undefined> {
  const elsewhere = (await readFile(join(dataDir, 'cluster-location'), 'utf8').catch(() => '')).trim()
  const file = join(elsewhere || dataDir, 'cluster', 'data', 'postmaster.pid')
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  return pid > 0 && isAlive(pid) ? pid : undefined
}

function isAlive(pid: number) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

interface Session {
  ready: Promise<{ connectionString: string; freshlyCreated: boolean }>
  release(): Promise<void>
  /** To the whole process group, as a terminal does it. */
  kill(signal: NodeJS.Signals): void
  ended: Promise<unknown>
}

/** Another process with a handle on the same data directory. */
function startSession(dataDir: string, user: { uid?: number; gid?: number } = {}): Session {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@postmcp/source',
      '--no-warnings',
      '--experimental-transform-types',
      '--import',
      loader,
    ].concat(sessionProgram, dataDir),
    {
      detached: true,
      cwd: '/',
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
      stdio: ['pipe', 'pipe', 'inherit'],
      ...user,
    },
  )
  const ended = once(child, 'exit')
  const line = once(createInterface(child.stdout), 'line')
  const session: Session = {
    ready: Promise.race([line, ended.then(([code]) => Promise.reject(new Error(`ended with ${code}`)))]).then(
      ([text]) => JSON.parse(text),
    ),
    release: async () => {
      child.stdin.end()
      expect(await ended).toEqual([0, null])
    },
    kill: (signal) => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal)
    },
    ended,
  }
  session.ready.catch(() => undefined)
  children.push(session)
  return session
}

describe('one process', () => {
  it('creates a database, and finds its rows again after the next start', async () => {
    const dataDir = await newDataDir()
    const first = await startEmbeddedPostgres({ dataDir })
    expect(first.freshlyCreated).toBe(true)
    expect(
      await query(
        first.connectionString,
        `select current_database() as name, datlocprovider as provider, datlocale as locale,
           pg_encoding_to_char(encoding) as encoding, current_setting('data_checksums') as checksums, 'a' < 'B' as "a<B"
         from pg_database where datname = current_database()`,
      ),
    ).toEqual([
      { name: 'postmcp', provider: 'b', locale: 'C.UTF-8', encoding: 'UTF8', checksums: 'on', 'a<B': false },
    ])
    await query(first.connectionString, 'create table kept as select 42 as answer')
    await first.release()
    await first.release()
    expect(await serverPid(dataDir)).toBeUndefined()

    const second = await startEmbeddedPostgres({ dataDir })
    expect(second.freshlyCreated).toBe(false)
    expect(await query(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }])
    await second.release()
    expect((await readdir(dataDir)).sort()).toEqual(['cluster'])
  })

  it('keeps password and data to itself', async () => {
    const dataDir = await usedDataDir()
    const { connectionString, stop } = await start(dataDir)
    const password = join(dataDir, 'cluster', 'password')
    expect((await stat(password)).mode & 0o777).toBe(0o600)
    expect((await stat(join(dataDir, 'cluster'))).mode & 0o777).toBe(0o700)
    expect(connectionString).toContain(await readFile(password, 'utf8'))
    await expect(query(connectionString.replace(/:[^:@]+@/, ':guess@'), 'select')).rejects.toThrow(
      'password authentication failed',
    )
    await stop()
  })

  it('counts its handles, so that the first one released does not cut off the second', async () => {
    const dataDir = await usedDataDir()
    const [first, second] = await Promise.all([start(dataDir), start(dataDir)])
    await first.release()
    expect(await query(second.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
    await second.release()
    expect(await serverPid(dataDir)).toBeUndefined()
  })

  it('listens on loopback where the path is too long for a socket', async () => {
    const dataDir = await usedDataDir(`long path, it's ${'x'.repeat(100)}`)
    const first = await start(dataDir)
    expect(new URL(first.connectionString)).toMatchObject({ hostname: '127.0.0.1' })
    expect(new URL(first.connectionString).searchParams.has('host')).toBe(false)
    const [{ addresses }] = await query(
      first.connectionString,
      `select current_setting('listen_addresses') as addresses`,
    )
    expect(addresses).toBe('127.0.0.1')
    const second = await start(dataDir)
    expect(new URL(second.connectionString).port).toBe(new URL(first.connectionString).port)
    await first.release()
    await second.release()
    expect(await serverPid(dataDir)).toBeUndefined()
  })

  it('stops waiting when told to', async () => {
    const dataDir = await newDataDir()
    await expect(start(dataDir, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    await expect(start(dataDir, { signal: AbortSignal.timeout(150) })).rejects.toThrow(/abort/)
    const { freshlyCreated, stop } = await start(dataDir)
    expect(freshlyCreated).toBe(true)
    await stop()
  })
})

describe('several processes', () => {
  it('share one fresh folder, and the last one out stops the server', async () => {
    const dataDir = await newDataDir()
    const [a, b] = [startSession(dataDir), startSession(dataDir)]
    const [readyA, readyB] = await Promise.all([a.ready, b.ready])
    expect([readyA.freshlyCreated, readyB.freshlyCreated].sort()).toEqual([false, true])
    await a.release()
    expect(await query(readyB.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
    await b.release()
    expect(await serverPid(dataDir)).toBeUndefined()
    expect(await readdir(dataDir)).toEqual(['cluster'])
  })

  it('reuse the server of one that was killed, and others survive a Ctrl-C', async () => {
    const dataDir = await usedDataDir()
    const killed = startSession(dataDir)
    const { connectionString } = await killed.ready
    const pid = await serverPid(dataDir)
    await query(connectionString, 'create table kept as select 42 as answer')
    killed.kill('SIGKILL')
    await killed.ended
    expect(await serverPid(dataDir)).toBe(pid)

    const interrupted = startSession(dataDir)
    expect((await interrupted.ready).freshlyCreated).toBe(false)
    const mine = await start(dataDir)
    const working = query(mine.connectionString, 'select answer, pg_sleep(0.3) from kept')
    interrupted.kill('SIGINT')
    await interrupted.ended
    expect(await working).toEqual([{ answer: 42, pg_sleep: '' }])
    expect(await serverPid(dataDir)).toBe(pid)
    await mine.release()
    expect(await serverPid(dataDir)).toBeUndefined()
  })

  it.runIf(onUnix)('survive the Ctrl-C of the one that started the server', async () => {
    const dataDir = await usedDataDir()
    const starter = startSession(dataDir)
    await starter.ready
    const mine = await start(dataDir)
    starter.kill('SIGINT')
    await starter.ended
    expect(await query(mine.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
    await mine.release()
    expect(await serverPid(dataDir)).toBeUndefined()
  })

  it('begin anew where one was killed while it created the database', async () => {
    const dataDir = await newDataDir()
    const killed = startSession(dataDir)
    const drafts = async () =>
      (await readdir(dataDir).catch(() => [])).filter((name) => name.startsWith('cluster.init-'))
    while ((await drafts()).length === 0) await sleep(5)
    await sleep(100)
    expect(await drafts()).toHaveLength(1)
    killed.kill('SIGKILL')
    await killed.ended
    const { freshlyCreated, stop } = await start(dataDir)
    expect(freshlyCreated).toBe(true)
    expect(await drafts()).toEqual([])
    await stop()
  })
})

describe('after a crash', () => {
  it('starts although the pid of the dead server now belongs to another program', async () => {
    const dataDir = await usedDataDir()
    const before = await start(dataDir, { settings: {} })
    await query(before.connectionString, 'create table kept as select 42 as answer')
    const pid = await serverPid(dataDir)
    process.kill(pid!, 'SIGKILL')
    while (isAlive(pid!)) await sleep(10)
    const { uid, gid } = await stat(join(dataDir, 'cluster'))
    const stranger = spawn('sleep', ['60'], isRoot ? { uid, gid } : {})
    await once(stranger, 'spawn')
    const file = join(dataDir, 'cluster', 'data', 'postmaster.pid')
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(stranger.pid)))

    const after = await start(dataDir)
    expect(await query(after.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }])
    stranger.kill()
    await after.stop()
    await before.release()
  })
})

describe('what cannot be helped', () => {
  it('is explained: a damaged cluster', async () => {
    const dataDir = await usedDataDir()
    const { stop } = await start(dataDir)
    await stop()
    await rm(join(dataDir, 'cluster', 'data', 'global', 'pg_control'))
    const error = (await start(dataDir).catch((thrown) => thrown)) as Error
    expect(error).toMatchObject({ name: 'PostMcpError', code: 'database_unavailable' })
    expect(error.message).toContain('The embedded PostgreSQL did not start: ')
    expect(error.message).toContain(`Last lines of ${join(dataDir, 'cluster', 'postgres.log')}:\n`)
    expect(error.message).toContain('could not find the database system')
    expect(error.message).toMatch(
      /restore \S+cluster from a back-up, or move it away to begin with an empty one\.$/,
    )
    const password = await readFile(join(dataDir, 'cluster', 'password'), 'utf8')
    expect(error.message).not.toContain(password)
  })

  it('is explained: a port that stays taken', async () => {
    const dataDir = await usedDataDir('x'.repeat(100))
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const port = String((taken.address() as AddressInfo).port)
    await expect(start(dataDir, { settings: { fsync: 'off', port } })).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(
        /Address already in use[\s\S]*Let programs listen on 127\.0\.0\.1, or set DATABASE_URL to a PostgreSQL server\.$/,
      ),
    })
    taken.close()
  })

  it('is explained: a folder that cannot be made', async () => {
    const dataDir = await newDataDir()
    await writeFile(dataDir, 'not a folder')
    await expect(start(dataDir)).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(/EEXIST[\s\S]*, or set DATABASE_URL to a PostgreSQL server\.$/),
    })
  })
})

if (!isRoot) {
  process.stdout.write('Not root: that PostgreSQL runs as another user for root is not tested in this run.\n')
}

describe.runIf(isRoot)('root', () => {
  const ordinary = { uid: 65534, gid: 65534 }

  it('is not needed: an ordinary user has a cluster of its own, which root can use too', async () => {
    const dataDir = await newDataDir()
    await mkdir(dataDir, { mode: 0o700 })
    await chown(dataDir, ordinary.uid, ordinary.gid)
    const session = startSession(dataDir, ordinary)
    await session.ready
    const pid = await serverPid(dataDir)
    const mine = await start(dataDir)
    expect(await serverPid(dataDir)).toBe(pid)
    await session.release()
    await mine.release()
    expect(await serverPid(dataDir)).toBeUndefined()
    const again = await start(dataDir)
    expect((await stat(`/proc/${await serverPid(dataDir)}`)).uid).toBe(ordinary.uid)
    await again.release()
  })

  it('keeps the cluster elsewhere when the data directory is out of the reach of other users', async () => {
    const dataDir = await newDataDir()
    await mkdir(dataDir, { mode: 0o700 })
    const first = await start(dataDir)
    const elsewhere = (await readFile(join(dataDir, 'cluster-location'), 'utf8')).trim()
    expect(elsewhere).toMatch(/^\/var\/lib\/postmcp\/[0-9a-f]{16}$/)
    await query(first.connectionString, 'create table kept as select 42 as answer')
    await first.release()
    const second = await start(dataDir)
    expect(second.freshlyCreated).toBe(false)
    expect(await query(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }])
    await second.release()

    await rm(join(elsewhere, 'cluster'), { recursive: true })
    await expect(start(dataDir)).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(/delete \S+cluster-location to begin with an empty database\.$/),
    })
  })
})
