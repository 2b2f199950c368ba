import { refusal, type StartFactServer, setStage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { nextTid, pngOf, putPost, type XrpcAnswer } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeRateLimits(start: StartFactServer): void {
  describe('rate limits', () => {
    const stage = setStage(start, { rateLimits: true })
    const { login, put, session, upload } = stage

    const limitsOf = ({ headers }: XrpcAnswer) =>
      ['limit', 'remaining', 'policy'].map((name) => headers.get(`ratelimit-${name}`))
    const inSeconds = ({ headers }: XrpcAnswer) =>
      Number(headers.get('ratelimit-reset')) - Date.parse(headers.get('date') ?? '') / 1000

    it('every call carries the bucket with the fewest calls left, reset in epoch seconds; refused tokens carry none', async () => {
      const read = await session(stage.auth)
      const [limit, left, policy] = limitsOf(read)
      expect([limit, policy]).toEqual(['3000', '3000;w=300'])
      expect(inSeconds(read)).toBeGreaterThan(290)
      expect(inSeconds(read)).toBeLessThanOrEqual(301)
      const written = await put(putPost(stage.account.did, nextTid(), 'x'))
      expect(limitsOf(written)).toEqual(['3000', String(Number(left) - 1), '3000;w=300'])
      expect(limitsOf(await upload(pngOf(), 'image/png'))).toEqual(['1000', '999', '1000;w=86400'])
      expect(limitsOf(await session('garbage'))).toEqual([null, null, null])
    })

    it('the 31st login within five minutes is 429 RateLimitExceeded with Retry-After, right password or not', async () => {
      const { owner, appPassword } = await stage.connected()
      const attempt = (identifier: string) => login(identifier, appPassword.password)
      // One was made to connect.
      const answers = await Promise.all(Array.from({ length: 30 }, () => attempt(owner.handle)))
      const [answer, ...others] = answers.filter(({ status }) => status !== 200)
      expect(others).toEqual([])
      if (!answer) throw new Error('None was refused.')
      expect(refusal(answer)).toEqual([429, 'RateLimitExceeded', 'Rate Limit Exceeded'])
      expect(limitsOf(answer)).toEqual(['30', '0', '30;w=300'])
      const retryAfter = Number(answer.headers.get('retry-after'))
      expect(retryAfter).toBeGreaterThan(290)
      expect(retryAfter).toBeLessThanOrEqual(300)
      expect(Math.abs(inSeconds(answer) - retryAfter)).toBeLessThan(5)
      // The bucket belongs to the spelling of the identifier, not to the account.
      expect((await attempt(owner.did)).status).toBe(200)
    })
  })
}
