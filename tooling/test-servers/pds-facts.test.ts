import { describePds } from '@postmcp/tooling/test-servers/pds-facts/all'
import { refusal } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { describe, expect, it, vi } from 'vitest'
import { startTestPds } from './pds.js'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

describe('the real server', () => {
  describePds(startReal, (stage) => {
    it('knows no profiles, for there is no AppView', async () => {
      const nsid = 'app.bsky.actor.getProfile'
      const answer = await stage.call(nsid, { query: { actor: stage.account.did } })
      expect(refusal(answer)).toEqual([400, 'InvalidRequest', `No service configured for ${nsid}`])
    })

    it('without rate limits sends no rate-limit headers', async () => {
      const { headers } = await stage.session(stage.auth)
      expect([...headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([])
    })
  })
})

async function startReal(options: { rateLimits?: boolean } = {}) {
  const pds = await startTestPds(options)
  return {
    ...pds,
    did: 'did:web:localhost',
    accessTokenFor: async ({ did }: { did: string }) => pds.signAccessToken(did),
    now: () => new Date(),
    pass: (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
  }
}
