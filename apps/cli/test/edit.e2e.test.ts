import type { Account, ConnectStep, Page, PostGroup, Problem } from '@postmcp/sdk'
import { startTestPds, type TestPds } from '@postmcp/tooling/test-servers/pds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Env, type Running, run, runJson, serve, tempDataDir } from './support/cli.js'

let pds: TestPds
let env: Env
let server: Running & { url: string }
let account: Account
let remove: () => Promise<void>

beforeAll(async () => {
  pds = await startTestPds()
  const owner = await pds.createAccount()
  const place = await tempDataDir()
  remove = place.remove
  env = {
    ...pds.env(owner, await pds.createAppPassword(owner)),
    POSTMCP_DATA_DIR: place.dataDir,
    TZ: 'Europe/Berlin',
  }
  server = await serve(env)
  const { json } = await runJson<Extract<ConnectStep, { type: 'connected' }>>(
    ['accounts', 'connect', '--platform', 'bluesky'],
    env,
  )
  account = json.accounts[0]!
}, 120_000)
afterAll(async () => {
  server?.child.kill('SIGTERM')
  await server?.ended
  await pds?.close()
  await remove?.()
})

const ok = async <T>(args: string[], input?: string): Promise<T> => {
  const { code, json, stderr } = await runJson<T>(args, env, input)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return json
}
const create = (text: string, ...more: string[]) =>
  ok<PostGroup>(['post', 'create', '--account', account.id, '--text', text, ...more])
const at = (time: string) => ['--at', time, '--time-zone', 'Europe/Berlin']

test('what is given becomes different and all else stays, by argument or flag, from flags or standard input', async () => {
  const { id } = await create('Good mornign', '--link', 'https://example.org', ...at('2027-06-01T09:00'))
  expect(await ok<PostGroup>(['post', 'edit', id, '--text', 'Good morning'])).toMatchObject({
    version: 2,
    status: 'scheduled',
    publishAt: '2027-06-01T07:00:00.000Z',
    content: { text: 'Good morning', link: { url: 'https://example.org' } },
  })
  const draft = '{"text": "From a file", "at": "2027-06-02T09:00", "timeZone": "Europe/Berlin"}'
  const changed = await ok<PostGroup>(
    ['post', 'edit', '--post-group-id', id, '--remove', 'link', '--file', '-'],
    draft,
  )
  expect(changed).toMatchObject({ version: 3, publishAt: '2027-06-02T07:00:00.000Z' })
  expect(changed.content).toEqual({ text: 'From a file', media: [] })
})

test('what was begun is refused with what to do, before files are uploaded', async () => {
  const { id } = await create('Now')
  const { code, json } = await runJson<Problem>(
    ['post', 'edit', id, '--text', 'Later', '--media', '/no/such/file.png'],
    env,
  )
  expect(code).toBe(2)
  expect(json).toMatchObject({
    code: 'conflict',
    detail: expect.stringContaining('can no longer be changed'),
    nextAction: 'Make a new post for what should be different.',
  })
})

test('of two who edit at once one is told that the other was quicker, and no change is lost', async () => {
  const { id } = await create('Both', ...at('2027-07-01T09:00'))
  const texts = ['One', 'Two', 'Three', 'Four']
  const ended = await Promise.all(
    texts.map((text) => runJson<PostGroup & Problem>(['post', 'edit', id, '--text', text], env)),
  )
  const done = ended.filter(({ code }) => code === 0)
  for (const { json } of ended.filter(({ code }) => code !== 0)) {
    expect(json).toMatchObject({ code: 'conflict', detail: expect.stringContaining('somebody else') })
  }
  const { version } = await ok<PostGroup>(['post', 'show', '--post-group-id', id])
  expect(done.length).toBeGreaterThan(0)
  expect(version).toBe(1 + done.length)
})

test('a list is narrowed down by state, account and days of this machine, and goes on after its cursor', async () => {
  const late = await create('Late in the day', ...at('2027-08-01T23:30'))
  const early = await create('Early in the day', ...at('2027-08-01T00:30'))
  const list = (...args: string[]) => ok<Page<PostGroup>>(['post', 'list', ...args])
  const day = [
    '--state',
    'scheduled',
    '--account',
    `@${account.handle}`,
    '--from',
    '2027-08-01',
    '--to',
    '2027-08-01',
  ]
  expect((await list(...day)).data.map(({ id }) => id)).toEqual([late.id, early.id])
  expect((await list(...day, '--time-zone', 'Asia/Tokyo')).data.map(({ id }) => id)).toEqual([early.id])
  const first = await list(...day, '--limit', '1')
  expect(first.data.map(({ id }) => id)).toEqual([late.id])
  expect((await list(...day, '--after', first.nextCursor ?? '')).data.map(({ id }) => id)).toEqual([early.id])
  expect((await run(['post', 'list', '--state', 'failed'], env)).stdout).toBe('Nothing matches.\n')
})

test.each([
  [['--from', 'tomorrow'], 'invalid_request', 2],
  [['--from', '2027-08-02', '--to', '2027-08-01'], 'invalid_request', 2],
  [['--state', 'done'], 'invalid_request', 2],
  [['--platform', 'twiter'], 'unknown_platform', 2],
  [['--account', '@nobody'], 'not_found', 4],
])('a list with %j is refused as %s', async (args, code, exitCode) => {
  const ended = await runJson<Problem>(['post', 'list', ...args], env)
  expect({ code: ended.json.code, exitCode: ended.code }).toEqual({ code, exitCode })
})
