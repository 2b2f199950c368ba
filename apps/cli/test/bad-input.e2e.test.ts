import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConnectStep, Problem } from '@postmcp/sdk'
import { startTestPds, type TestAccount, type TestPds } from '@postmcp/tooling/test-servers/pds'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Env, type Running, run, runJson, serve, start, tempDataDir } from './support/cli.js'
import { png } from './support/png.js'

let pds: TestPds
let owner: TestAccount
let env: Env
let server: Running | undefined
let accountId: string
let remove: () => Promise<void>
let folder: string

beforeAll(async () => {
  pds = await startTestPds()
  const place = await tempDataDir()
  remove = place.remove
  folder = join(place.dataDir, '..')
  owner = await pds.createAccount()
  env = { ...pds.env(owner, await pds.createAppPassword(owner)), POSTMCP_DATA_DIR: place.dataDir }
  // A server is quicker than opening the database for every case; what differs without one is tried below.
  server = await serve(env)
  const { json } = await runJson<Extract<ConnectStep, { type: 'connected' }>>(
    ['accounts', 'connect', '--platform', 'bluesky'],
    env,
  )
  accountId = json.accounts[0]!.id
  await writeFile(join(folder, 'note.txt'), 'This is no image.')
  await writeFile(join(folder, 'large.png'), png(10, 10, 2_000_001))
}, 120_000)
afterAll(async () => {
  server?.child.kill('SIGTERM')
  await server?.ended
  await pds.close()
  await remove()
})

const connect = ['accounts', 'connect', '--platform', 'bluesky']
const create = (...more: string[]) => ['post', 'create', '--account', accountId, ...more]

describe('is refused with a code, an exit status and what to do', () => {
  test.each<[string, () => string[], string, number, RegExp]>([
    [
      'an unknown platform',
      () => ['accounts', 'connect', '--platform', 'bluski'],
      'unknown_platform',
      2,
      /Did you mean "bluesky"/,
    ],
    [
      'a malformed handle',
      () => [...connect, '--identifier', 'not a handle'],
      'invalid_request',
      2,
      /handle/i,
    ],
    [
      'a handle that nobody has',
      () => [...connect, '--identifier', 'nobody-here.test'],
      'identity_not_found',
      2,
      /nobody-here\.test/,
    ],
    [
      'the main password',
      () => [...connect, '--app-password', owner.password],
      'credentials_unsuitable',
      2,
      /not an app password/,
    ],
    [
      'a wrong password',
      () => [...connect, '--app-password', 'abcd-efgh-ijkl-mnop'],
      'credentials_rejected',
      5,
      /./,
    ],
    [
      'a missing file',
      () => create('--media', '/nowhere/cat.png'),
      'invalid_request',
      2,
      /\/nowhere\/cat\.png cannot be read \(ENOENT\)/,
    ],
    [
      'a file of another type',
      () => create('--media', join(folder, 'note.txt')),
      'media_type_unsupported',
      2,
      /image\/png/,
    ],
    [
      'an image that is too large',
      () => create('--media', join(folder, 'large.png')),
      'validation_failed',
      2,
      /2000000|2,000,000/,
    ],
    [
      'a text that is too long',
      () => create('--text', 'é'.repeat(307)),
      'validation_failed',
      2,
      /7 characters too long/,
    ],
    [
      'a description without image',
      () => create('--alt', 'A cat'),
      'invalid_request',
      2,
      /1 --alt for 0 --media/,
    ],
    [
      'an account that is not there',
      () => ['accounts', 'status', '--account', '@nobody.test'],
      'not_found',
      4,
      /nobody\.test/,
    ],
    [
      'an id of another kind',
      () => ['post', 'show', '--post-group-id', accountId],
      'invalid_request',
      2,
      /pg_/,
    ],
    [
      'a flag that is not there',
      () => [...connect, '--app-passwrd=hunter2'],
      'invalid_request',
      2,
      /--app-passwrd=…/,
    ],
    [
      'two ways at once',
      () => [...connect, '--app-password', 'x', '--app-password-stdin'],
      'invalid_request',
      2,
      /--app-password-stdin/,
    ],
    [
      'a command that is not there',
      () => ['accounts', 'conect'],
      'invalid_request',
      2,
      /Did you mean "accounts connect"/,
    ],
    [
      'a disconnect nobody confirmed',
      () => ['accounts', 'disconnect', '--account', accountId],
      'invalid_request',
      2,
      /Disconnect/,
    ],
  ])('%s', async (_, args, code, exitCode, words) => {
    const ended = await runJson<Problem>(args(), env)
    expect(ended.json).toMatchObject({
      code,
      type: `urn:postmcp:error:${code}`,
      nextAction: expect.stringMatching(/\S/),
    })
    expect(ended.json.detail).toMatch(words)
    expect(ended.code).toBe(exitCode)
    expect(ended.stderr).toBe('')
    expect(ended.stdout).not.toMatch(/hunter2|abcd-efgh/)
    expect(ended.stdout).not.toContain(owner.password)
  })

  test('missing credentials, for nobody can be asked', async () => {
    const { code, json } = await runJson<Problem>(connect, { ...env, POSTMCP_BLUESKY_APP_PASSWORD: '' })
    expect(code).toBe(2)
    expect(json.nextAction).toBe(
      'Give --app-password-stdin or --app-password (or POSTMCP_BLUESKY_APP_PASSWORD).',
    )
  })

  test('a PDS that cannot be reached, and no account is the worse for it', async () => {
    await pds.stop()
    try {
      const { code, json } = await runJson<Problem>([...connect, '--service', pds.url], env)
      expect(json.code).toBe('platform_unavailable')
      expect(code).toBe(6)
      const status = await runJson(['accounts', 'status', '--account', accountId, '--fresh'], env)
      expect(status.code).toBe(0)
      expect(status.json).toMatchObject({
        status: 'active',
        check: { source: 'failed', error: { code: 'platform_unavailable' } },
      })
    } finally {
      await pds.start()
    }
  })

  test('nothing of all this was published', async () => {
    expect(await pds.listPosts(owner.did)).toEqual([])
  })
})

test('without --json errors are words on standard error, and standard output is empty', async () => {
  const { code, stdout, stderr } = await run(['accounts', 'connect', '--platform', 'bluski'], env)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(
    /^Error: There is no platform "bluski"\..*\nNext: {2}Run `postmcp platforms list`.*\n\(unknown_platform, [\w-]+\)\n$/,
  )
})

describe('a server', () => {
  test('is not sent a key that is not for it', async () => {
    const { code, json } = await runJson<Problem>(['accounts', 'list'], {
      ...env,
      POSTMCP_API_URL: 'http://127.0.0.1:9',
    })
    expect(code).toBe(3)
    expect(json.code).toBe('unauthorized')
  })

  test('refuses a wrong key', async () => {
    const { code, json, stdout } = await runJson<Problem>(['accounts', 'list'], {
      ...env,
      POSTMCP_API_KEY: 'postmcp_wrong',
    })
    expect(code).toBe(3)
    expect(json.code).toBe('unauthorized')
    expect(stdout).not.toContain('postmcp_wrong')
  })

  test('that is not there is said to be so', async () => {
    const { code, json } = await runJson<Problem>(['accounts', 'list'], {
      ...env,
      POSTMCP_API_URL: 'http://127.0.0.1:9',
      POSTMCP_API_KEY: 'postmcp_x',
    })
    expect(code).toBe(6)
    expect(json.code).toBe('server_unreachable')
  })

  test('is the only one on its data directory', async () => {
    const { code, json } = await runJson<Problem>(['serve', '--port', '0'], env)
    expect(code).toBe(8)
    expect(json.code).toBe('server_already_running')
  })
})

describe('the key ring', () => {
  test('is backed up to a file that only its owner can read, never over another', async () => {
    const file = join(folder, 'backup.json')
    const backup = await runJson(['keys', 'backup', '--output', file], env)
    expect(backup).toMatchObject({ code: 0, json: { file } })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const piped = await run(['keys', 'backup', '--output', '-'], env)
    expect(JSON.parse(piped.stdout)).toEqual(JSON.parse(await readFile(file, 'utf8')))
    expect(backup.stdout).not.toContain(JSON.parse(piped.stdout).keys[0].key)
    const again = await runJson<Problem>(['keys', 'backup', '--output', file], env)
    expect(again.code).toBe(2)
  })

  test('that is missing stops everything and changes nothing, until it is back', async () => {
    const ended = server?.ended
    server?.child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
    server = undefined
    const ring = join(env.POSTMCP_DATA_DIR!, 'keyring.json')
    await rename(ring, `${ring}.away`)
    const { code, json } = await runJson<Problem>(['accounts', 'list'], env)
    expect(code).toBe(8)
    expect(json.code).toBe('keyring_missing')
    await expect(stat(ring)).rejects.toThrow('ENOENT')
    await rename(join(folder, 'backup.json'), ring)
    expect(await runJson(['accounts', 'status', '--account', accountId], env)).toMatchObject({
      code: 0,
      json: { status: 'active' },
    })
  })
})

test('an announcement of a server that was killed is ignored', async () => {
  const killed = start(['serve', '--port', '0', '--json'], env)
  await expect.poll(() => killed.printed.stdout, { timeout: 60_000 }).toContain('\n')
  killed.child.kill('SIGKILL')
  await killed.ended
  await expect(stat(join(env.POSTMCP_DATA_DIR!, 'server.json'))).resolves.toBeDefined()
  expect(await runJson(['accounts', 'list'], env)).toMatchObject({
    code: 0,
    json: { data: [{ id: accountId }] },
  })
})
