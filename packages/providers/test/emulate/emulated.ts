import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { Authorization } from '@postmcp/core'
import type { ConnectedAccount, FakeAccount, FakePlatform } from '@postmcp/core/testing'
import { createEmulator, type Emulator, type SeedConfig } from 'emulate'
import { pickFirst } from './consent.js'

/** Our application at emulate, whose redirect address is that of `startRun`. */
export const application = { id: '1234567890.emulate', secret: 'the-secret-of-the-application' }
export const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'

/** A service of emulate on a port of its own, and its address by number: it listens on no other. */
export async function startEmulator(
  service: 'slack' | 'google',
  seed: SeedConfig,
): Promise<{ emulator: Emulator; url: string }> {
  const port = await findPort()
  const url = `http://127.0.0.1:${port}`
  return { emulator: await createEmulator({ service, port, seed, baseUrl: url }), url }
}

/** What a run needs to know of a platform; emulate has no switches for bad days. */
export function asPlatform(endpoints: Record<string, string>, secret: string): FakePlatform {
  const cannot = () => {
    throw new Error('emulate cannot do this.')
  }
  return {
    endpoints,
    serverOrigins: [],
    client: { id: application.id, secrets: [secret], optionalScopes: [], values: {} },
    createAccount: async () => account,
    expireAccessToken: cannot,
    fail: cannot,
    heal() {},
    refusal: cannot,
    async close() {},
  }
}

/** Whoever emulate shows first. */
export const account: FakeAccount = {
  targetId: '',
  fields: {},
  wrongFields: {},
  approve: pickFirst,
  revokeAccess: () => Promise.reject(new Error('emulate cannot do this.')),
  posts: async () => [],
}

/** An authorization as what was connected by it. */
export const toConnected = (authorization: Authorization): ConnectedAccount => {
  const { subject, settings, grantedScopes, tokens } = authorization
  return {
    account,
    authorization,
    access: { authMethod: 'oauth2', subject, settings, grantedScopes, tokens },
    target: { targetId: '', handle: '', settings: {}, secrets: {} },
  }
}

/** Somebody who comes back with a code that was used before, for the authorization that is asked for now. */
export const comingBackWith = (code: string): FakeAccount => ({
  ...account,
  async approve(authorizationUrl) {
    const back = new URL(redirectUri)
    back.searchParams.set('code', code)
    back.searchParams.set('state', new URL(authorizationUrl).searchParams.get('state') ?? '')
    return back.href
  },
})

async function findPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
