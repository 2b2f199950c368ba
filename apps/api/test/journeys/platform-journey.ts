import type { Account, ConnectStep, Platform, PostMcp } from '@postmcp/sdk'
import type { Browser } from 'playwright-core'
import type { SandboxAdmin, SandboxPerson } from './sandbox-admin.js'

/** What came of one platform's journey, in the words of the table. */
export interface JourneyRow {
  platform: string
  connect: string
  list: string
  status: string
  refresh: string
  revoked: string
  reconnect: string
  disconnect: string
}

/** What a journey needs: the product as users have it, a sandbox beside it, and a browser. */
export interface JourneyWorld {
  api: PostMcp
  sandbox: SandboxAdmin
  browser: Browser
}

/**
 * Takes one account of a platform through its life: connected (in a real browser at the consent page, or with credentials), listed,
 * verified, refreshed, revoked at the platform, reconnected, disconnected.
 * @throws Error that says which step did not do what it must
 */
export async function runJourney(world: JourneyWorld, platform: Platform): Promise<JourneyRow> {
  const { api, sandbox } = world
  const [person] = await sandbox.people(platform.id)
  if (!person) throw new Error(`Nobody lives at ${platform.id}.`)

  const [account, how] = await connect(world, platform, person)
  const { data } = await api.accounts.list()
  check(
    data.some(({ id }) => id === account.id),
    'list does not hold the account',
  )

  const first = await api.accounts.status(account.id, { freshness: 'live' })
  check(
    first.status === 'active' && first.check.source === 'live',
    `status is ${first.status}, ${first.check.source}`,
  )

  await sandbox.act(platform.id, 'expire-tokens')
  const refreshed = await api.accounts.status(account.id, { freshness: 'live' })

  const alive = refreshed.status === 'active' ? account : await reconnect(world, platform, account, person)
  await sandbox.act(platform.id, 'revoke', { personId: person.id })
  const revoked = await api.accounts.status(alive.id, { freshness: 'live' })
  check(!revoked.canPublish, `after the revocation the status is still ${revoked.status}`)
  check(revoked.nextAction.kind !== 'none', 'there is no next action')

  const again = await reconnect(world, platform, account, person)
  check(again.id === account.id, 'the reconnected account has another id')
  const healthy = await api.accounts.status(account.id, { freshness: 'live' })
  check(healthy.status === 'active', `after the reconnect the status is ${healthy.status}, ${healthy.reason}`)

  const { revocation } = await api.accounts.disconnect(account.id)
  const gone = await api.accounts.get(account.id)
  check(gone.status === 'disconnected', `after the disconnect the status is ${gone.status}`)
  return {
    platform: platform.id,
    connect: how,
    list: 'listed',
    status: first.status,
    refresh: refreshed.status === 'active' ? 'active again' : `${refreshed.status} (${refreshed.reason})`,
    revoked: `${revoked.status} (${revoked.reason}), ${revoked.nextAction.kind}`,
    reconnect: 'same id, active',
    disconnect: revocation.outcome,
  }
}

function check(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Error(otherwise)
}

async function connect(
  world: JourneyWorld,
  platform: Platform,
  person: SandboxPerson,
): Promise<[Account, string]> {
  const { oauth2, credentials } = platform.connect
  const fields = knownFields(oauth2?.fields ?? credentials?.fields ?? [], person)
  const step = await world.api.accounts.connect({
    platform: platform.id,
    fields,
    ...(oauth2 && { method: 'oauth2' as const }),
  })
  const account = await finish(world, step, person)
  return [account, oauth2 ? 'browser' : 'credentials']
}

async function reconnect(
  world: JourneyWorld,
  platform: Platform,
  account: Account,
  person: SandboxPerson,
): Promise<Account> {
  const { oauth2, credentials } = platform.connect
  // A person whose bot token was taken away gets a new one.
  const now = (await world.sandbox.people(platform.id)).find(({ id }) => id === person.id) ?? person
  const fields = oauth2 ? {} : knownFields(credentials?.fields ?? [], now)
  return finish(world, await world.api.accounts.reconnect(account.id, { fields }), person)
}

const knownFields = (asked: readonly { name: string }[], { connectFields }: SandboxPerson) =>
  Object.fromEntries(
    Object.entries(connectFields).filter(([name]) => asked.some((field) => field.name === name)),
  )

async function finish(world: JourneyWorld, step: ConnectStep, person: SandboxPerson): Promise<Account> {
  switch (step.type) {
    case 'connected': {
      const [account] = step.accounts
      check(account !== undefined, 'connected led to no account')
      return account
    }
    case 'authorize': {
      await consent(world.browser, step, person)
      const { step: next, state, failureReason } = await world.api.connections.get(step.connectionId)
      check(next !== null, `after the consent the connection is ${state}, ${failureReason}`)
      check(next.type !== 'authorize', 'the consent led nowhere')
      return finish(world, next, person)
    }
    case 'select_targets': {
      const [target] = step.targets
      check(target !== undefined, 'there is nothing to choose')
      const chosen = await world.api.connections.continue(step.connectionId, { targetIds: [target.targetId] })
      return finish(world, chosen, person)
    }
    default:
      throw new Error(`The step is ${step.type}.`)
  }
}

/** Goes through the pages as a person does: ours, the platform's, ours again. */
async function consent(
  browser: Browser,
  { startUrl, userCode }: ConnectStep & { type: 'authorize' },
  person: SandboxPerson,
): Promise<void> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    await page.goto(startUrl)
    check((await page.textContent('.code'))?.trim() === userCode, 'the start page shows another code')
    await page.getByRole('button', { name: /^Continue/ }).click()
    await page.locator(`input[name="person"][value="${person.id}"]`).check()
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.waitForURL(/\/accounts\/oauth\/callback/)
    const heading = await page.textContent('h1')
    check(
      /is connected|is authorized/.test(heading ?? ''),
      `the last page says: ${await page.textContent('main')}`,
    )
  } finally {
    await context.close()
  }
}
