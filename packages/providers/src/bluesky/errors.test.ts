import { type Occasion, PlatformError } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'

const classify = (status: number, platformCode: string | null, occasion: Occasion) =>
  classifyError(new PlatformError({ status, platformCode, message: '' }), occasion)
const kindOf = (...args: Parameters<typeof classify>) => classify(...args).kind
const occasions: Occasion[] = ['connect', 'refresh', 'verify', 'publish', 'delete', 'revoke']

describe('an error of Bluesky', () => {
  it.each([
    ['connect', 'credentials_rejected'],
    ['refresh', 'grant_lost'],
    ['verify', 'account_unusable'],
    ['publish', 'account_unusable'],
  ] as const)('a refused login on %s means %s', (occasion, kind) => {
    expect(kindOf(401, 'AuthenticationRequired', occasion)).toBe(kind)
  })

  it('does not say whether identifier or password was wrong', () => {
    expect(classify(401, 'AuthenticationRequired', 'connect')).toEqual({
      kind: 'credentials_rejected',
      message: 'Bluesky did not accept this identifier with this app password.',
    })
  })

  it.each(['ExpiredToken', 'InvalidToken'])(
    '%s asks for a refresh, and after a refresh for a person',
    (code) => {
      expect(kindOf(400, code, 'publish')).toBe('access_token_expired')
      expect(kindOf(400, code, 'delete')).toBe('access_token_expired')
      expect(classify(400, code, 'refresh')).toEqual({
        kind: 'grant_lost',
        status: 'revoked',
        reason: 'token_revoked',
      })
    },
  )

  it.each([
    [401, 'AccountTakedown', 'account_taken_down'],
    [401, 'AccountSuspended', 'account_suspended'],
    [401, 'AccountDeactivated', 'account_deactivated'],
    [403, 'AccountNotFound', 'account_not_found'],
    [400, 'RepoNotFound', 'account_not_found'],
  ] as const)('%s %s is about the account, whatever was asked', (status, code, reason) => {
    for (const occasion of occasions) {
      expect(classify(status, code, occasion)).toEqual({
        kind: 'account_unusable',
        status: 'verification_failed',
        reason,
      })
    }
  })

  it.each([
    [400, 'InvalidRequest'],
    [400, 'BlobTooLarge'],
    [413, 'PayloadTooLarge'],
    [413, null],
    [400, 'SomethingNew'],
  ] as const)('%s %s refuses a post for good', (status, code) => {
    expect(kindOf(status, code, 'publish')).toBe('refused')
  })

  it('a key that is taken means that the post is there', () => {
    expect(kindOf(400, 'InvalidSwap', 'publish')).toBe('already_sent')
  })

  it('busy and broken servers are passing trouble', () => {
    for (const occasion of occasions) {
      expect(kindOf(429, 'RateLimitExceeded', occasion)).toBe('rate_limited')
      expect(kindOf(429, null, occasion)).toBe('rate_limited')
      expect(kindOf(500, 'InternalServerError', occasion)).toBe('unavailable')
      expect(kindOf(502, 'UpstreamFailure', occasion)).toBe('unavailable')
      expect(kindOf(503, null, occasion)).toBe('unavailable')
    }
  })

  it('a refusal nobody knows never ends a grant', () => {
    for (const code of ['SomethingNew', 'constructor', '__proto__', null]) {
      expect(kindOf(403, code, 'refresh')).toBe('unavailable')
      expect(kindOf(403, code, 'verify')).toBe('unavailable')
    }
  })
})
