import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import type { CannedAnswer } from '@postmcp/tooling/test-servers/fault-proxy'
import { startTestPds } from '@postmcp/tooling/test-servers/pds'
import { seenPosts } from './fixtures/seen-posts.js'
import { bluesky } from './index.js'

/** A real PDS and a real PLC directory, with a fault proxy before each. */
async function startBluesky(): Promise<FakePlatform> {
  const pds = await startTestPds({ withProxy: true })
  const proxies = [pds.proxy, pds.plcProxy]
  const forEver = { times: Number.POSITIVE_INFINITY }
  const every = () => true

  const fail: Record<Parameters<FakePlatform['fail']>[0], (proxy: typeof pds.proxy) => void> = {
    rate_limited: (proxy) => proxy.respondRateLimited(every, 120, forEver),
    server_error: (proxy) => proxy.respond(every, serverError, forEver),
    garbage: (proxy) => proxy.respond(every, webPage, forEver),
    lost_request: (proxy) => proxy.dropBefore(every, forEver),
    lost_answer: (proxy) => proxy.dropAfter(every, forEver),
  }

  return {
    endpoints: {
      resolver: pds.url,
      plc: pds.plcUrl,
      entryway: pds.url,
      video: pds.url,
      web: 'https://bsky.app',
    },
    serverOrigins: [],
    async createAccount() {
      const account = await pds.createAccount()
      const { name, password } = await pds.createAppPassword(account)
      return {
        targetId: account.did,
        fields: { identifier: account.handle, appPassword: password },
        wrongFields: { identifier: account.handle, appPassword: 'aaaa-bbbb-cccc-dddd' },
        revokeAccess: () => pds.revokeAppPassword(account, name),
        posts: () => seenPosts(pds, account.did),
      }
    },
    expireAccessToken: pds.expireAccessToken,
    fail(fault) {
      for (const proxy of proxies) fail[fault](proxy)
    },
    heal() {
      for (const proxy of proxies) proxy.clearRules()
    },
    refusal: (message) => ({ status: 400, body: { error: 'InvalidRequest', message } }),
    close: pds.close,
  }
}

const serverError: CannedAnswer = {
  status: 500,
  body: { error: 'InternalServerError', message: 'Internal Server Error' },
}
const webPage: CannedAnswer = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: '<!doctype html><title>Welcome to nginx!</title>',
}

// The server has no video service; videos are tried against the simulation.
testProvider(bluesky, startBluesky, { without: ['video'] })
