import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { platformRegistry, readServerFile, readSettings } from '@postmcp/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dataDirOf, findRunningServer, readApiKeyFile } from './running-server.js'

let dataDir: string
let server: Server
let url: string
let answer: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postmcp-cli-'))
  answer = '{"status":"ok"}'
  server = createServer((_, response) => response.end(answer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.close()
  await rm(dataDir, { recursive: true })
})

const announce = (announcement: unknown) =>
  writeFile(join(dataDir, 'server.json'), JSON.stringify(announcement))

test('finds the server that is announced, as the API reads the announcement', async () => {
  await announce({ url, pid: process.pid, nonce: 'n' })
  expect(await findRunningServer(dataDir)).toBe(url)
  expect(await readServerFile(dataDir)).toMatchObject({ url })
})

test('there is none without announcement', async () => {
  expect(await findRunningServer(dataDir)).toBeUndefined()
})

test.each([
  ['whose process is gone', () => ({ url, pid: 2 ** 22 + 1, nonce: 'n' })],
  ['that does not answer', () => ({ url: 'http://127.0.0.1:9', pid: process.pid, nonce: 'n' })],
  ['that is no announcement', () => 'garbage'],
])('ignores one %s', async (_, announcement) => {
  await announce(announcement())
  expect(await findRunningServer(dataDir)).toBeUndefined()
})

test('ignores somebody else on its port, so that the API key is not sent there', async () => {
  answer = '{"status":"fine"}'
  await announce({ url, pid: process.pid, nonce: 'n' })
  expect(await findRunningServer(dataDir)).toBeUndefined()
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
