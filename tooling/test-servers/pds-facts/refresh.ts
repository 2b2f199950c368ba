import { refusal, revoked, type Stage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { jwtPayload, type XrpcAnswer } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeRefresh(stage: Stage): void {
  const { refresh, logout, session, connected } = stage
  describe('refreshSession within the grace period', () => {
    const idOf = (answer: XrpcAnswer) => jwtPayload(answer.json.refreshJwt).jti

    it('gives the same successor again: same id, other bytes once the clock has moved, all of them valid', async () => {
      const { refreshJwt } = await connected()
      const first = await refresh(refreshJwt)
      await stage.server.pass(1_050)
      const second = await refresh(refreshJwt)
      expect([first.status, second.status]).toEqual([200, 200])
      expect(idOf(second)).toBe(idOf(first))
      expect(second.json.refreshJwt).not.toBe(first.json.refreshJwt)
      expect(second.json.accessJwt).not.toBe(first.json.accessJwt)
      for (const { json } of [first, second]) expect((await session(json.accessJwt)).status).toBe(200)
      const [next, nextToo] = [await refresh(first.json.refreshJwt), await refresh(second.json.refreshJwt)]
      expect(idOf(nextToo)).toBe(idOf(next))
      // Two generations on, the first one still answers, with its own successor.
      expect(idOf(await refresh(refreshJwt))).toBe(idOf(first))
    })

    it('answers eight at once with one successor', async () => {
      const { refreshJwt } = await connected()
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refreshJwt)))
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
      expect(new Set(answers.map(idOf)).size).toBe(1)
    })

    it('deleting one generation leaves the others alive: the predecessor can even bring its successor back', async () => {
      const one = await connected()
      const successor = await refresh(one.refreshJwt)
      await logout(successor.json.refreshJwt)
      expect(refusal(await refresh(successor.json.refreshJwt))).toEqual(revoked)
      expect(idOf(await refresh(one.refreshJwt))).toBe(idOf(successor))
      expect((await refresh(successor.json.refreshJwt)).status).toBe(200)

      const two = await connected()
      const heir = await refresh(two.refreshJwt)
      await logout(two.refreshJwt)
      expect((await refresh(heir.json.refreshJwt)).status).toBe(200)
    })

    it('ends all generations when the app password is revoked', async () => {
      const { owner, appPassword, refreshJwt } = await connected()
      const successor = await refresh(refreshJwt)
      await stage.server.revokeAppPassword(owner, appPassword.name)
      for (const token of [refreshJwt, successor.json.refreshJwt])
        expect(refusal(await refresh(token))).toEqual(revoked)
    })
  })
}
