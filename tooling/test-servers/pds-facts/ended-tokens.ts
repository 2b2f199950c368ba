import {
  expired,
  refusal,
  revoked,
  type Stage,
  unverified,
  wrongPassword,
} from '@postmcp/tooling/test-servers/pds-facts/stage'
import { nextTid, pngOf, putPost } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeEndedTokens(stage: Stage): void {
  const { put, login, refresh, logout, session, connected, upload } = stage
  describe('tokens that have ended', () => {
    it('after its app password was revoked a session cannot refresh or start, but its access token goes on', async () => {
      const { owner, appPassword, accessJwt, refreshJwt } = await connected()
      await stage.server.revokeAppPassword(owner, appPassword.name)
      expect(await session(accessJwt)).toMatchObject({ status: 200, json: { did: owner.did, active: true } })
      expect((await put(putPost(owner.did, nextTid(), 'still here'), accessJwt)).status).toBe(200)
      expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
      expect(refusal(await login(owner.handle, appPassword.password))).toEqual(wrongPassword)
    })

    it('after deleteSession the refresh token is revoked, the access token goes on, and a repeat is fine', async () => {
      const { accessJwt, refreshJwt } = await connected()
      expect(refusal(await logout(accessJwt))).toEqual(unverified)
      expect(await logout(refreshJwt)).toMatchObject({ status: 200, text: '' })
      expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
      expect((await session(accessJwt)).status).toBe(200)
      expect((await logout(refreshJwt)).status).toBe(200)
    })

    it('an expired access token is 400 ExpiredToken everywhere, also for uploads', async () => {
      const { owner, accessJwt } = await connected()
      const old = stage.server.expireAccessToken(String(accessJwt))
      expect(refusal(await session(old))).toEqual(expired)
      expect(refusal(await put(putPost(owner.did, nextTid(), 'x'), old))).toEqual(expired)
      expect(refusal(await upload(pngOf(), 'image/png', old))).toEqual(expired)
    })

    it('an expired refresh token cannot refresh but can still log out', async () => {
      const { refreshJwt } = await connected()
      const old = stage.server.expireRefreshToken(String(refreshJwt))
      expect(refusal(await refresh(old))).toEqual(expired)
      expect((await logout(old)).status).toBe(200)
      expect(refusal(await refresh(refreshJwt))).toEqual(revoked)
    })

    it('garbage and tokens of the other kind are 400 InvalidToken, a missing token 401 AuthMissing', async () => {
      const { owner, accessJwt, refreshJwt } = await connected()
      const body = putPost(owner.did, nextTid(), 'x')
      for (const token of ['garbage', accessJwt]) expect(refusal(await refresh(token))).toEqual(unverified)
      for (const token of ['garbage', refreshJwt]) expect(refusal(await put(body, token))).toEqual(unverified)
      expect(refusal(await session('garbage'))).toEqual(unverified)
      const missing = [401, 'AuthMissing', 'Authentication Required']
      expect(refusal(await stage.call('com.atproto.server.refreshSession'))).toEqual(missing)
      expect(refusal(await stage.call('com.atproto.repo.putRecord', { body }))).toEqual(missing)
    })

    it('refuses a body at refreshSession, even an empty object', async () => {
      const { refreshJwt } = await connected()
      const answer = await stage.call('com.atproto.server.refreshSession', { auth: refreshJwt, body: {} })
      expect(refusal(answer)).toEqual([
        400,
        'InvalidRequest',
        'A request body was provided when none was expected',
      ])
      expect((await refresh(refreshJwt)).status).toBe(200)
    })

    it('app password tokens cannot manage app passwords', async () => {
      const answer = await stage.call('com.atproto.server.createAppPassword', {
        auth: stage.auth,
        body: { name: 'more' },
      })
      expect(refusal(answer)).toEqual([400, 'InvalidToken', 'Bad token scope'])
    })
  })
}
