import type { Provider } from '@postmcp/core'
import {
  type ConnectedAccount,
  type Exchange,
  type FakePlatform,
  type ProviderRun,
  sampleKinds,
  startRun,
  whyNot,
} from '@postmcp/core/testing'

/** Calls that no hook makes, to see the sandbox's answers to them; sent through `run.ctx.http`. */
export type FurtherCalls = (run: ProviderRun, connected: ConnectedAccount) => Promise<void>

/** Everything that passes between a provider and its platform: from connecting to the end, mishaps included. */
export async function recordLife(
  provider: Provider,
  fake: FakePlatform,
  furtherCalls: FurtherCalls = async () => {},
): Promise<Exchange[]> {
  const run = startRun(provider, fake)
  try {
    const account = await fake.createAccount()
    const consentPages: string[] = []
    const { approve } = account
    if (approve) {
      account.approve = (address) => {
        consentPages.push(address)
        return approve(address)
      }
    }
    const one = await run.connect(account)
    for (const url of consentPages) await run.ctx.http.request({ method: 'GET', url })
    const verify = ({ access, target }: ConnectedAccount) => provider.verify(run.ctx, access, target)
    await verify(one)
    await publishAndDelete(provider, run, one)
    await furtherCalls(run, one)
    const latest = await expireAndRenew(provider, run, fake, one)
    for (const fault of ['rate_limited', 'server_error'] as const) {
      fake.fail(fault)
      await refuse(verify(latest))
      fake.heal()
    }
    if (latest !== one) await refuse(run.renew(withRefreshToken(latest, 'never-given-to-anyone')))

    if (await run.revoke(latest)) await run.revoke(latest)
    else await latest.account.revokeAccess()
    await refuse(verify(latest))
    if (latest !== one) await refuse(run.renew(latest))
    return run.exchanges
  } finally {
    fake.heal()
    await run.close()
  }
}

/** A post of every kind the platform has, looked for as if its answer had been lost, and deleted. */
async function publishAndDelete(provider: Provider, run: ProviderRun, one: ConnectedAccount): Promise<void> {
  if (!provider.startPublish || !provider.continuePublish) return
  const { limits } = provider.manifest.publish
  for (const kind of sampleKinds.filter((each) => whyNot(each, limits) === null)) {
    const input = await run.inputFor(one, kind)
    const { checkpoint } = await run.prepare(input)
    const step = await provider.continuePublish(run.ctx, input, checkpoint)
    const lost = { ...input, sentAt: input.startedAt }
    await refuse(Promise.resolve(provider.findPublished?.(run.ctx, lost, checkpoint)))
    const sent = await run.finish(input, step)
    await provider.deletePost?.(run.ctx, { access: one.access, account: one.target }, sent)
  }
}

/** With new tokens, where there are refresh tokens: only then do access tokens end by themselves. */
async function expireAndRenew(
  provider: Provider,
  run: ProviderRun,
  fake: FakePlatform,
  one: ConnectedAccount,
): Promise<ConnectedAccount> {
  const { accessToken, refreshToken } = one.access.tokens
  if (refreshToken === undefined) return one
  const expired = withToken(one, fake.expireAccessToken(accessToken))
  await refuse(provider.verify(run.ctx, expired.access, one.target))
  const tokens = await run.renew(one)
  const latest = { ...one, access: { ...one.access, tokens } }
  await provider.verify(run.ctx, latest.access, one.target)
  return latest
}

const withToken = (one: ConnectedAccount, accessToken: string): ConnectedAccount => ({
  ...one,
  access: { ...one.access, tokens: { ...one.access.tokens, accessToken } },
})

const withRefreshToken = (one: ConnectedAccount, refreshToken: string): ConnectedAccount => ({
  ...one,
  access: { ...one.access, tokens: { ...one.access.tokens, refreshToken } },
})

/** Some platforms answer a status, others refuse; only what was said over the wire matters here. */
const refuse = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined)
