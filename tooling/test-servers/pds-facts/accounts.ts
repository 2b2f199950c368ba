import {
  noSuchUser,
  refusal,
  revoked,
  type Stage,
  takenDown,
  wrongPassword,
} from '@postmcp/tooling/test-servers/pds-facts/stage'
import { nextTid, pngOf, postCollection, putPost } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeAccounts(stage: Stage): void {
  const { put, login, refresh, session, connected, upload } = stage
  describe('an account that is', () => {
    const readable = async (did: string) => {
      const listed = await stage.call('com.atproto.repo.listRecords', {
        query: { repo: did, collection: postCollection },
      })
      const got = await stage.call('com.atproto.repo.getRecord', {
        query: { repo: did, collection: postCollection, rkey: nextTid() },
      })
      return [refusal(listed), refusal(got)]
    }
    const unreadable = (did: string) => [
      [400, 'InvalidRequest', `Could not find repo: ${did}`],
      [400, 'InvalidRequest', 'Could not locate record'],
    ]
    const statusOf = async (did: string) =>
      (await stage.call('com.atproto.sync.getRepoStatus', { query: { did } })).json
    const resolved = (handle: string) =>
      stage.call('com.atproto.identity.resolveHandle', { query: { handle } })

    it('taken down: writes and refreshes are AccountTakedown, but getSession says the user is unknown', async () => {
      const { owner, appPassword, accessJwt, refreshJwt } = await connected()
      await stage.server.takedown(owner)
      expect(refusal(await session(accessJwt))).toEqual(noSuchUser(owner.did))
      expect(refusal(await refresh(refreshJwt))).toEqual(takenDown)
      expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), accessJwt))).toEqual(takenDown)
      expect(refusal(await upload(pngOf(), 'image/png', accessJwt))).toEqual(takenDown)
      const gone = { repo: owner.did, collection: postCollection, rkey: nextTid() }
      expect(
        refusal(await stage.call('com.atproto.repo.deleteRecord', { auth: accessJwt, body: gone })),
      ).toEqual(takenDown)
      expect(await readable(owner.did)).toEqual(unreadable(owner.did))
      expect(await statusOf(owner.did)).toEqual({ did: owner.did, active: false, status: 'takendown' })
      expect(refusal(await resolved(owner.handle))).toEqual([
        400,
        'HandleNotFound',
        'Unable to resolve handle',
      ])

      await stage.server.reverseTakedown(owner)
      expect((await session(accessJwt)).status).toBe(200)
      expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
      expect((await login(owner.handle, appPassword.password)).status).toBe(200)
    })

    it('deactivated: sessions live on and say so, uploads pass, only writes are refused', async () => {
      const { owner, accessJwt, refreshJwt } = await connected()
      await stage.server.deactivate(owner)
      const inactive = { status: 200, json: { did: owner.did, active: false, status: 'deactivated' } }
      expect(await session(accessJwt)).toMatchObject(inactive)
      const refreshed = await refresh(refreshJwt)
      expect(refreshed).toMatchObject(inactive)
      expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), accessJwt))).toEqual([
        401,
        'AccountDeactivated',
        'Account is deactivated',
      ])
      expect((await upload(pngOf(), 'image/png', accessJwt)).status).toBe(200)
      expect(await readable(owner.did)).toEqual(unreadable(owner.did))
      expect(await statusOf(owner.did)).toEqual({ did: owner.did, active: false, status: 'deactivated' })
      expect(refusal(await resolved(owner.handle))).toEqual([
        400,
        'HandleNotFound',
        'Unable to resolve handle',
      ])

      await stage.server.activate(owner)
      expect(await session(accessJwt)).toMatchObject({ status: 200, json: { active: true } })
      expect((await refresh(refreshed.json.refreshJwt)).status).toBe(200)
    })

    it('deleted: sessions name an unknown user, writes AccountNotFound; the DID document may outlive it', async () => {
      const { owner, appPassword, accessJwt, refreshJwt } = await connected()
      await stage.server.deleteAccount(owner)
      expect(refusal(await session(accessJwt))).toEqual(noSuchUser(owner.did))
      expect(refusal(await refresh(refreshJwt))).toEqual(noSuchUser(owner.did))
      const notFound = [403, 'AccountNotFound', 'Account not found']
      expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), accessJwt))).toEqual(notFound)
      expect(refusal(await upload(pngOf(), 'image/png', accessJwt))).toEqual(notFound)
      expect(refusal(await login(owner.handle, appPassword.password))).toEqual(wrongPassword)
      expect((await fetch(`${stage.server.plcUrl}/${owner.did}`)).status).toBe(200)
    })
  })
}
