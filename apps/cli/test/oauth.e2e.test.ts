import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { approve, deny, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import type { Account, AccountStatus, ConnectStep, Problem } from '@postmcp/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.js'
import { type Env, type Running, run, runJson, start, tempDataDir } from './support/cli.js'
import { freePort, occupyPort } from './support/free-port.js'

type StepOf<Type extends ConnectStep['type']> = Extract<ConnectStep, { type: Type }>

let sandbox: RunningSandbox
let env: Env
let remove: () => Promise<void>
const connect = () => [
  'accounts',
  'connect',
  '--platform',
  'mastodon',
  '--instance',
  sandbox.platform('mastodon').base,
]

beforeAll(async () => {
  sandbox = await startSandbox()
  const place = await tempDataDir()
  remove = place.remove
  env = {
    POSTMCP_DATA_DIR: place.dataDir,
    POSTMCP_PORT: String(await freePort()),
    POSTMCP_ALLOW_ORIGINS: new URL(sandbox.platform('mastodon').base).origin,
    POSTMCP_SANDBOX: 'off',
  }
})
afterAll(async () => {
  await stopServer()
  await sandbox.close()
  await remove()
})

const announcement = () => join(env.POSTMCP_DATA_DIR!, 'server.json')
const isGone = () => !existsSync(announcement())
const serverPid = async () => (JSON.parse(await readFile(announcement(), 'utf8')) as { pid: number }).pid

/** Ends the server that a command left behind, which is nobody's child here. */
async function stopServer(): Promise<void> {
  if (isGone()) return
  const pid = await serverPid()
  process.kill(pid, 'SIGTERM')
  while (isAlive(pid)) await sleep(100)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const personId = (at: number) => sandbox.platform('mastodon').world.people()[at]!.id

/** Goes the way of a person: our page, the platform's, and back. */
async function consent(step: Pick<StepOf<'authorize'>, 'startUrl'>, person = 0): Promise<string> {
  const browser = new Browser()
  const { location } = await browser.submit(await browser.open(step.startUrl))
  const back = await approve(location!, { personId: personId(person) })
  return (await browser.open(back)).text
}

/** What a command that waits has told the person: the page to open. */
async function shownPage({ printed, ended }: Running): Promise<{ startUrl: string }> {
  const page = () => /http:\/\/\S+\/accounts\/oauth\/start\/\S+/.exec(printed.stderr)?.[0]
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  await expect.poll(() => page() !== undefined || isOver, { timeout: 60_000 }).toBe(true)
  const startUrl = page()
  if (startUrl === undefined) throw new Error(`No page was shown: ${JSON.stringify(await ended)}`)
  return { startUrl }
}

describe('a platform with consent in a browser, without a server', () => {
  let account: Account

  test('refuses an address of somebody else for the browser to come back to', async () => {
    const { code, json } = await runJson<Problem>(
      [...connect(), '--redirect-uri', 'https://evil.example/callback'],
      env,
    )
    expect(json.code).toBe('redirect_uri_not_allowed')
    expect(code).toBe(2)
    expect(json.detail).toContain(`http://127.0.0.1:${env.POSTMCP_PORT}/accounts/oauth/callback`)
  })

  test('two at once start one server that hears the browser, and answer with the page to open', async () => {
    await stopServer()
    const runs = await Promise.all([1, 2].map(() => runJson<StepOf<'authorize'>>(connect(), env)))
    for (const { code, json, stderr } of runs) {
      expect({ code, stderr, type: json.type }).toEqual({ code: 0, stderr: '', type: 'authorize' })
      expect(json.startUrl).toMatch(`http://127.0.0.1:${env.POSTMCP_PORT}/accounts/oauth/start/`)
    }
    const log = join(env.POSTMCP_DATA_DIR!, 'serve.log')
    expect((await stat(log)).mode & 0o777).toBe(0o600)
    const key = (await readFile(join(env.POSTMCP_DATA_DIR!, 'api-key'), 'utf8')).trim()
    expect(await readFile(log, 'utf8')).not.toContain(key)
  })

  test('the documented command: the step, then the browser, then the account', async () => {
    const redirectUri = `http://127.0.0.1:${env.POSTMCP_PORT}/accounts/oauth/callback`
    const begun = await runJson<StepOf<'authorize'>>([...connect(), '--redirect-uri', redirectUri], env)
    expect(begun.code).toBe(0)
    expect(await consent(begun.json)).toContain('is connected')

    const { code, json } = await runJson<StepOf<'connected'>>(
      ['accounts', 'connect', '--connection', begun.json.connectionId, '--wait'],
      env,
    )
    expect({ code, type: json.type }).toEqual({ code: 0, type: 'connected' })
    account = json.accounts[0]!
    expect(account).toMatchObject({ platform: 'mastodon', status: 'active', canPublish: true })
  })

  test('lists the account and tells its status, alone and among all', async () => {
    const list = await runJson<{ data: Account[] }>(['accounts', 'list'], env)
    expect(list.json.data.map(({ id }) => id)).toEqual([account.id])
    const status = await runJson<AccountStatus>(
      ['accounts', 'status', '--account', account.id, '--fresh'],
      env,
    )
    expect(status).toMatchObject({ code: 0, json: { status: 'active', check: { source: 'live' } } })
    const all = await run(['accounts', 'status', '--all', '--fail-on', 'warning'], env)
    expect(all).toMatchObject({ code: 0, stderr: '' })
    expect(all.stdout).toContain(account.id)
  })

  test('reconnects while it waits, and keeps the account', async () => {
    sandbox.platform('mastodon').tokens.revokePerson(personId(0))
    const broken = await run(['accounts', 'status', '--all', '--fresh', '--fail-on', 'error'], env)
    expect(broken.code).toBe(5)

    const running = start(['accounts', 'reconnect', '--account', account.id, '--wait', '60', '--json'], env)
    await consent(await shownPage(running))
    const { code, stdout } = await running.ended
    expect(code).toBe(0)
    expect(
      (JSON.parse(stdout) as StepOf<'connected'>).accounts.map(({ id, status }) => [id, status]),
    ).toEqual([[account.id, 'active']])
  })

  test('does not reconnect as somebody else', async () => {
    const running = start(['accounts', 'reconnect', '--account', account.id, '--wait', '--json'], env)
    expect(await consent(await shownPage(running), 1)).toContain('identity_mismatch')
    const { code, stdout } = await running.ended
    expect(JSON.parse(stdout)).toMatchObject({ code: 'identity_mismatch' })
    expect(code).toBe(5)
  })

  test('says that consent was denied', async () => {
    const running = start([...connect(), '--wait'], env)
    const browser = new Browser()
    const { location } = await browser.submit(await browser.open((await shownPage(running)).startUrl))
    await browser.open(await deny(location!))
    const { code, stdout, stderr } = await running.ended
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toContain('authorization_denied')
  })

  test('a browser that did not see our page has to confirm', async () => {
    const { json } = await runJson<StepOf<'authorize'>>(connect(), env)
    const browser = new Browser()
    const page = await browser.open(await approve(json.authorizationUrl, { personId: personId(1) }))
    expect(page.text).toContain('was not started in this browser')
    const waiting = ['accounts', 'connect', '--connection', json.connectionId]
    expect((await runJson<ConnectStep>(waiting, env)).json.type).toBe('awaiting_confirmation')

    const running = start([...waiting, '--wait', '60', '--json'], env)
    await expect.poll(() => running.printed.stderr, { timeout: 60_000 }).toContain('must confirm')
    expect((await browser.submit(page, { answer: 'confirm' })).text).toContain('is connected')
    expect(await running.ended).toMatchObject({ code: 0 })
  })

  test('gives up waiting when the time is over or somebody presses Ctrl-C; the connection stays', async () => {
    const late = await runJson<StepOf<'authorize'>>([...connect(), '--wait', '1'], env)
    expect({ code: late.code, type: late.json.type }).toEqual({ code: 6, type: 'authorize' })

    const running = start([...connect(), '--wait', '--json'], env)
    await shownPage(running)
    running.child.kill('SIGINT')
    const { code, stdout } = await running.ended
    expect(code).toBe(130)
    const step = JSON.parse(stdout) as StepOf<'authorize'>
    expect(step.type).toBe('authorize')
    expect(await consent(step)).toContain('is connected')
  })

  test('disconnects', async () => {
    const { code, json } = await runJson(['accounts', 'disconnect', '--account', account.id, '--yes'], env)
    expect(code).toBe(0)
    expect(json).toMatchObject({ accountId: account.id, status: 'disconnected' })
  })
})

describe('where no browser can come back', () => {
  beforeAll(stopServer)

  test('the address it ended at is pasted, and no server is started', async () => {
    const begun = start([...connect(), '--paste', '--json'], env, 'nonsense')
    const refused = await begun.ended
    expect(refused.code).toBe(2)
    expect(JSON.parse(refused.stdout)).toMatchObject({ code: 'invalid_request' })
    const authorizationUrl = /http:\/\/\S+\/oauth\/authorize\S+/.exec(refused.stderr)?.[0]
    expect(isGone()).toBe(true)

    // The person at the browser takes a while; the connection is named by what was printed, and waits.
    const address = await approve(authorizationUrl!, { personId: personId(0) })
    const connectionId = /conn_\w+/.exec(JSON.parse(refused.stdout).nextAction)?.[0]
    const paste = ['accounts', 'connect', '--connection', connectionId!, '--paste']
    const { code, json, stdout } = await runJson<StepOf<'connected'>>(paste, env, address)
    expect({ code, type: json.type }).toEqual({ code: 0, type: 'connected' })
    expect(stdout).not.toContain(new URL(address).searchParams.get('code'))
    expect(isGone()).toBe(true)
  })
})

describe('a server that is started for a browser', () => {
  test('cannot start where its port is taken: the command says so', async () => {
    await stopServer()
    const { port, server } = await occupyPort()
    const { code, json } = await runJson<Problem>(connect(), { ...env, POSTMCP_PORT: String(port) })
    server.close()
    expect(json).toMatchObject({ code: 'config_invalid', detail: expect.stringContaining(String(port)) })
    expect(code).toBe(8)
  })

  test('ends by itself when nobody needs it', async () => {
    // Connections that are open keep one going, and those of the tests above are.
    const place = await tempDataDir()
    const own = { ...env, POSTMCP_DATA_DIR: place.dataDir }
    const idle = start(['serve', '--idle-exit', '2', '--json'], own)
    await expect.poll(() => idle.printed.stdout, { timeout: 60_000 }).toContain('"url"')
    expect(await idle.ended).toMatchObject({ code: 0 })
    expect(existsSync(join(place.dataDir, 'server.json'))).toBe(false)
    await place.remove()
  })
})
