import type { Provider } from '@postmcp/core'
import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import { startTestPds } from '@postmcp/tooling/test-servers/pds'
import { consent } from './fixtures/consent.js'
import { seenPosts } from './fixtures/seen-posts.js'
import { bluesky } from './index.js'

const { authenticate: _, ...rest } = bluesky
const { credentials: __, ...connect } = bluesky.manifest.connect
const byOAuth: Provider = { ...rest, manifest: { ...bluesky.manifest, connect } }
async function start(): Promise<FakePlatform> {
  const pds = await startTestPds({ withProxy: true })
  const proxies = [pds.proxy, pds.plcProxy]
  const forEver = { times: Number.POSITIVE_INFINITY }
  const all = () => true
  return {
    endpoints: {
      resolver: pds.url,
      plc: pds.plcUrl,
      entryway: pds.url,
      video: pds.url,
      web: 'https://bsky.app',
    },
    serverOrigins: [pds.url],
    async createAccount() {
      const account = await pds.createAccount()
      return {
        targetId: account.did,
        fields: { identifier: account.handle },
        wrongFields: {},
        approve: (url) => consent(url, account),
        deny: (url) => consent(url, { ...account, decision: 'deny' }),
        revokeAccess: async () => {
          await pds.takedown(account)
          await pds.reverseTakedown(account)
        },
        posts: () => seenPosts(pds, account.did),
      }
    },
    expireAccessToken: (t) => pds.expireAccessToken(t),
    fail(fault) {
      for (const proxy of proxies) {
        if (fault === 'rate_limited') proxy.respondRateLimited(all, 120, forEver)
        if (fault === 'server_error')
          proxy.respond(all, { status: 500, body: { error: 'InternalServerError', message: 'x' } }, forEver)
        if (fault === 'garbage')
          proxy.respond(
            all,
            { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Hi' },
            forEver,
          )
        if (fault === 'lost_request') proxy.dropBefore(all, forEver)
        if (fault === 'lost_answer') proxy.dropAfter(all, forEver)
      }
    },
    heal() {
      for (const proxy of proxies) proxy.clearRules()
    },
    refusal: (message) => ({ status: 400, body: { error: 'InvalidRequest', message } }),
    close: pds.close,
  }
}
// See conformance.pds.test.ts.
testProvider(byOAuth, start, { without: ['video'] })
