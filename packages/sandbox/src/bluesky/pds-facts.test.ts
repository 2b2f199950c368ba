import type { TestAccount } from '@postmcp/tooling/test-servers/pds'
import { describePds } from '@postmcp/tooling/test-servers/pds-facts/all'
import type { FactServer } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { jwtPayload, xrpc } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe } from 'vitest'
import { startSandbox } from '../server.js'
import { addAccount, emailOf, mainPasswordOf } from './accounts.js'
import { createBluesky } from './index.js'
import { type SessionClaims, signToken } from './jwt.js'
import { serviceDid } from './sessions.js'

describe('the simulated server', () => {
  describePds(startSimulated)
})

async function startSimulated(): Promise<FactServer> {
  const running = await startSandbox({ platforms: [createBluesky()] })
  const { base: url, kit, world, tokens, clock } = running.platform('bluesky')
  let accounts = 0

  const call = async (nsid: string, body: object, auth?: unknown) => {
    const answer = await xrpc(url, nsid, { body, ...(auth !== undefined && { auth }) })
    if (answer.status === 200) return answer.json
    throw new Error(`${nsid} answered ${answer.status} ${answer.text}`)
  }
  const logIn = async ({ did, password }: Pick<TestAccount, 'did' | 'password'>) =>
    (await call('com.atproto.server.createSession', { identifier: did, password })).accessJwt
  const become =
    (condition: string) =>
    async ({ did }: TestAccount) =>
      world.setCondition(did, condition)
  const createAppPassword: FactServer['createAppPassword'] = async (
    account,
    { name = `app-${Math.random()}`, privileged = false } = {},
  ) => {
    const auth = await logIn(account)
    const made = await call('com.atproto.server.createAppPassword', { name, privileged }, auth)
    return { name, password: String(made.password) }
  }

  return {
    url,
    plcUrl: url,
    did: serviceDid(kit),
    async createAccount({ handle = `user-${++accounts}.test` } = {}) {
      const person = addAccount(world, world.random, handle, handle)
      return { did: person.id, handle, password: mainPasswordOf(person), email: emailOf(person) }
    },
    createAppPassword,
    async revokeAppPassword(account, name) {
      await call('com.atproto.server.revokeAppPassword', { name }, await logIn(account))
    },
    takedown: become('takendown'),
    reverseTakedown: become('active'),
    deactivate: become('deactivated'),
    activate: become('active'),
    deleteAccount: become('deleted'),
    async deleteRecord(account, rkey) {
      const place = { repo: account.did, collection: 'app.bsky.feed.post', rkey }
      await call('com.atproto.repo.deleteRecord', place, await logIn(account))
    },
    expireAccessToken(token) {
      tokens.expireAccessToken(token)
      return token
    },
    // A second one of the same id, signed with the key of the seed.
    expireRefreshToken(token) {
      const exp = Math.floor(kit.now().getTime() / 1000) - 60
      const claims = { ...jwtPayload(token), exp } as unknown as SessionClaims
      return signToken(kit.random.fork('session-key').bytes(32), 'refresh+jwt', claims)
    },
    async accessTokenFor({ did, ...account }) {
      const { password } = await createAppPassword({ did, ...account })
      return String(await logIn({ did, password }))
    },
    now: () => kit.now(),
    async pass(milliseconds) {
      clock.advance(milliseconds / 1000)
    },
    close: running.close,
  }
}
