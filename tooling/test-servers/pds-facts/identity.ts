import { refusal, type Stage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { describe, expect, it } from 'vitest'

const badHandle = (handle: string) => [
  400,
  'InvalidRequest',
  `Invalid com.atproto.identity.resolveHandle params: Invalid handle (got "${handle}")`,
]

export function describeIdentity(stage: Stage): void {
  describe('identity', () => {
    const resolve = (query: Record<string, string>) =>
      stage.call('com.atproto.identity.resolveHandle', { query })

    it('resolveHandle: unknown here, unknown elsewhere, malformed', async () => {
      expect(refusal(await resolve({ handle: 'nobody.test' }))).toEqual([
        400,
        'HandleNotFound',
        'Unable to resolve handle',
      ])
      const elsewhere = await resolve({ handle: 'nobody.example.com' })
      expect(refusal(elsewhere)).toEqual([400, 'InvalidRequest', 'Unable to resolve handle'])
      for (const handle of ['not a handle', 'nobody', `@${stage.account.handle}`, stage.account.did]) {
        expect(refusal(await resolve({ handle }))).toEqual(badHandle(handle))
      }
      expect((await resolve({ handle: stage.account.handle.toUpperCase() })).json).toEqual({
        did: stage.account.did,
      })
    })

    it('the PLC directory: 404 with a message for unknown DIDs, the document under either spelling of the path', async () => {
      const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
      const unknown = await fetch(`${stage.server.plcUrl}/${did}`)
      expect([unknown.status, await unknown.json()]).toEqual([404, { message: `DID not registered: ${did}` }])
      for (const path of [stage.account.did, encodeURIComponent(stage.account.did)]) {
        const known = await fetch(`${stage.server.plcUrl}/${path}`)
        expect(known.headers.get('content-type')).toBe('application/did+ld+json; charset=utf-8')
        expect(await known.json()).toMatchObject({
          id: stage.account.did,
          alsoKnownAs: [`at://${stage.account.handle}`],
        })
      }
    })
  })

  describe('the server', () => {
    it('describes itself, with the limit of its uploads', async () => {
      const answer = await stage.call('com.atproto.server.describeServer', { query: {} })
      expect(answer.json).toEqual({
        did: stage.server.did,
        availableUserDomains: ['.test'],
        inviteCodeRequired: false,
        blobUploadLimit: 5_242_880,
        links: {},
        contact: {},
      })
    })

    it('knows no method of the application that it does not have, whoever asks', async () => {
      for (const nsid of ['app.bsky.feed.getTimeline', 'app.bsky.video.getUploadLimits']) {
        for (const call of [{ auth: stage.auth }, {}]) {
          const answer = await stage.call(nsid, { query: {}, ...call })
          expect(refusal(answer)).toEqual([400, 'InvalidRequest', `No service configured for ${nsid}`])
        }
      }
    })
  })
}
