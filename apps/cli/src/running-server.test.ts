import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, platformRegistry, readServerFile, readSettings } from '@postmcp/api'
import { type CoreContext, silentLogger } from '@postmcp/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openApi } from './open-api.js'
import { dataDirOf, findRunningServer, readApiKeyFile } from './running-server.js'

let dataDir: string
let server: Server
let url: string
/** What listens there; the API itself, unless a test puts somebody else in its place. */
let answer: (request: IncomingMessage, response: ServerResponse) => void
/** Everything that was asked for there, as it came in. */
let asked: { path: string; headers: IncomingMessage['headers'] }[]

const nonce = 'nonce-of-the-server'
const app = createApp({ logger: silentLogger, publicUrl: 'http://127.0.0.1:4477' } as CoreContext)

/** The API, as it answers when it was announced with a nonce. */
const apiWith = (serverNonce: string) => async (request: IncomingMessage, response: ServerResponse) => {
  const answered = await app.request(request.url ?? '/', {}, { serverNonce })
  response.statusCode = answered.status
  response.end(await answered.text())
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postmcp-cli-'))
  answer = apiWith(nonce)
  asked = []
  server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers })
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await rm(dataDir, { recursive: true })
})

const announce = (announcement: unknown) =>
  writeFile(join(dataDir, 'server.json'), JSON.stringify(announcement))

test('finds the server that is announced, as the API reads the announcement', async () => {
  await announce({ url, pid: process.pid, nonce })
  expect(await findRunningServer(dataDir)).toBe(url)
  expect(await readServerFile(dataDir)).toMatchObject({ url, nonce })
})

test('asks it something new each time', async () => {
  await announce({ url, pid: process.pid, nonce })
  await findRunningServer(dataDir)
  await findRunningServer(dataDir)
  expect(new Set(asked.map(({ path }) => path)).size).toBe(2)
  expect(asked[0]?.path).toMatch(/^\/healthz\?challenge=[0-9a-f]{64}$/)
})

test('there is none without announcement', async () => {
  expect(await findRunningServer(dataDir)).toBeUndefined()
})

test.each([
  ['whose process is gone', () => ({ url, pid: 2 ** 22 + 1, nonce })],
  ['that does not answer', () => ({ url: 'http://127.0.0.1:9', pid: process.pid, nonce })],
  ['that tells no nonce', () => ({ url, pid: process.pid })],
  ['that is no announcement', () => 'garbage'],
])('ignores one %s', async (_, announcement) => {
  await announce(announcement())
  expect(await findRunningServer(dataDir)).toBeUndefined()
})

const text = (body: string) => (_: IncomingMessage, response: ServerResponse) => response.end(body)

describe('somebody else on its port is not taken for it', () => {
  test.each<[string, typeof answer]>([
    ['who says something else', text('{"status":"fine"}')],
    ['who says that it is well', text('{"status":"ok"}')],
    ['who guesses', text(`{"status":"ok","proof":"${'0'.repeat(64)}"}`)],
    ['who is another server of ours', apiWith('another-nonce')],
  ])('%s', async (_, stranger) => {
    answer = stranger
    await announce({ url, pid: process.pid, nonce })
    expect(await findRunningServer(dataDir)).toBeUndefined()
  })

  test('and is never sent the API key', async () => {
    answer = text('{"status":"ok"}')
    await announce({ url, pid: process.pid, nonce })
    await writeFile(join(dataDir, 'api-key'), 'postmcp_secret\n')
    // Without a server the command would open the database: that there is none to open is how we see that it went on without it.
    const env = { POSTMCP_DATA_DIR: dataDir, DATABASE_URL: 'postgres://127.0.0.1:9/none' }
    await expect(openApi(env, new AbortController().signal)).rejects.toMatchObject({
      code: 'database_unavailable',
    })
    expect(asked).toHaveLength(1)
    expect(JSON.stringify(asked)).not.toContain('postmcp_secret')
  })
})

test.each([{ POSTMCP_DATA_DIR: 'some/where' }, { POSTMCP_DATA_DIR: ' ' }, {}])(
  'looks where the API looks: %j',
  (env) => {
    expect(dataDirOf(env)).toBe(readSettings(env, platformRegistry()).dataDir)
  },
)

test('the default is in the home directory', () => {
  expect(dataDirOf({})).toBe(join(homedir(), '.postmcp'))
})

test('reads the key that the first start wrote down', async () => {
  expect(await readApiKeyFile(dataDir)).toBeUndefined()
  await writeFile(join(dataDir, 'api-key'), 'postmcp_x\n')
  expect(await readApiKeyFile(dataDir)).toBe('postmcp_x')
})
