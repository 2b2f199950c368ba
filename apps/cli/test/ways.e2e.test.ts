import { approve, platforms, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import type { Account, AccountStatus, ConnectStep, Finding, Problem } from '@postmcp/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Env, run, runJson, tempDataDir } from './support/cli.js'

type StepOf<Type extends ConnectStep['type']> = Extract<ConnectStep, { type: Type }>

const redirectUri = 'https://postmcp.example/accounts/oauth/callback'

let sandbox: RunningSandbox
let env: Env
let remove: () => Promise<void>
beforeAll(async () => {
  sandbox = await startSandbox({
    platforms: platforms().filter(({ id }) => id === 'instagram'),
    redirectUris: [redirectUri],
  })
  const { endpoints, furtherApps } = sandbox.platform('instagram')
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
  const place = await tempDataDir()
  remove = place.remove
  env = {
    POSTMCP_DATA_DIR: place.dataDir,
    POSTMCP_SANDBOX: 'off',
    POSTMCP_REDIRECT_URIS: redirectUri,
    ...Object.fromEntries(
      Object.entries(endpoints).map(([name, url]) => [`POSTMCP_INSTAGRAM_${snake(name)}_URL`, url]),
    ),
    // Only the second way has an application.
    ...Object.fromEntries(
      Object.entries(furtherApps.facebook_login ?? {}).map(([field, value]) => [
        `POSTMCP_INSTAGRAM_FACEBOOK_LOGIN_${snake(field)}`,
        value,
      ]),
    ),
  }
})
afterAll(async () => {
  await sandbox.close()
  await remove()
})

describe('a platform with two ways through the browser', () => {
  let account: Account

  test('is shown with both, and with the variables of each', async () => {
    const { stdout } = await run(['platforms', 'show', 'instagram'], env)
    expect(stdout).toContain('postmcp accounts connect --platform instagram --way facebook_login')
    expect(stdout).toContain('POSTMCP_INSTAGRAM_CLIENT_ID')
    expect(stdout).toContain('POSTMCP_INSTAGRAM_FACEBOOK_LOGIN_CLIENT_ID')
  })

  test('names the variables to set where the first has no application', async () => {
    const { json, code } = await runJson<Problem>(
      ['accounts', 'connect', '--platform', 'instagram', '--paste'],
      env,
    )
    expect(json).toMatchObject({ code: 'client_not_configured' })
    expect(json.nextAction).toContain('POSTMCP_INSTAGRAM_CLIENT_ID and')
    expect(code).toBe(8)
  })

  test('is connected by the second, with a choice among the accounts it brings', async () => {
    const begun = await run(
      ['accounts', 'connect', '--platform', 'instagram', '--way', 'facebook_login', '--paste', '--json'],
      env,
      'nothing yet',
    )
    const authorizationUrl = /http:\/\/\S+\/dialog\/oauth\S+/.exec(begun.stderr)?.[0] ?? ''
    const connectionId = /conn_\w+/.exec(begun.stdout)?.[0] ?? ''
    const pasted = await runJson<StepOf<'select_targets'>>(
      ['accounts', 'connect', '--connection', connectionId, '--paste'],
      env,
      await approve(authorizationUrl),
    )
    expect(pasted.json).toMatchObject({ type: 'select_targets', accountsLeft: null, alreadyConnected: [] })
    const [target] = pasted.json.targets
    const chosen = await runJson<StepOf<'connected'>>(
      ['accounts', 'connect', '--connection', connectionId, '--target', target?.targetId ?? ''],
      env,
    )
    const [connected] = chosen.json.accounts
    expect(connected).toMatchObject({ handle: 'adas.bakery', way: 'facebook_login' })
    account = connected as Account
  })

  test('is looked at by the doctor on each way, and nobody misses the first', async () => {
    const { code, json } = await runJson<{ data: Finding[] }>(['doctor', '--platform', 'instagram'], env)
    const applications = json.data.filter(({ check }) => check === 'application')
    expect(applications.map(({ way, status }) => [way, status])).toEqual([
      ['instagram_login', 'ok'],
      ['facebook_login', 'ok'],
    ])
    expect(code).toBe(0)
  })

  test('lists what else the authorization can publish to, and adds it without a consent', async () => {
    const listed = await runJson<StepOf<'select_targets'>>(['accounts', 'add', '--account', account.id], env)
    expect(listed.json).toMatchObject({
      targets: [{ handle: 'corner.cafe' }],
      alreadyConnected: [{ accountId: account.id }],
    })
    const shown = await run(['accounts', 'add', '--account', '@adas.bakery'], env)
    expect(shown.stdout).toContain(`Connected already: @adas.bakery (${account.id})`)
    expect(shown.stdout).toMatch(/postmcp accounts connect --connection conn_\w+ --target ID/)

    const [target] = listed.json.targets
    const added = await runJson<StepOf<'connected'>>(
      ['accounts', 'add', '--account', '@adas.bakery', '--target', target?.targetId ?? ''],
      env,
    )
    expect(added.json.accounts).toMatchObject([{ handle: 'corner.cafe', way: 'facebook_login' }])
    const status = await runJson<AccountStatus>(['accounts', 'status', '--account', '@corner.cafe'], env)
    expect(status.json).toMatchObject({ status: 'active', check: { source: 'live' } })
    expect((await run(['accounts', 'add', '--account', account.id], env)).stdout).toContain(
      'There is nothing more to connect.',
    )
  })

  test('asks for a new consent where the old one is used up, and says what to do then', async () => {
    sandbox.platform('instagram').tokens.expireAccessTokens()
    const { stdout, stderr } = await run(
      ['accounts', 'add', '--account', account.id, '--paste', '--json'],
      env,
    )
    expect(stderr).toContain('The authorization has ended. Renew it, then add again.')
    expect(stderr).toContain('/dialog/oauth')
    expect(stdout).toContain('conn_')
  })
})
