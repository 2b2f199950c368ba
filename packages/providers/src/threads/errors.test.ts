import { type Occasion, PlatformError } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'

const summary = (platformCode: string, occasion: Occasion = 'verify', message = '') => {
  const error = new PlatformError({ status: 400, platformCode, message })
  const found = classifyError(error, occasion)
  return [found.kind, 'status' in found ? found.status : '', 'reason' in found ? found.reason : '']
    .join(' ')
    .trim()
}

describe('an error of Threads', () => {
  it.each([
    ['190', 'grant_lost revoked token_revoked'],
    ['190/458', 'grant_lost revoked token_revoked'],
    ['190/460', 'grant_lost revoked token_revoked'],
    ['190/463', 'grant_lost expired token_expired'],
    ['190/459', 'account_unusable verification_failed authorization_rejected'],
    ['10', 'account_unusable missing_permission scope_missing'],
    ['200', 'account_unusable missing_permission scope_missing'],
    ['100/33', 'account_unusable missing_permission target_not_granted'],
    ['4/2207051', 'rate_limited'],
    ['1', 'unavailable'],
    ['24', 'unavailable'],
    ['24/4279009', 'unavailable'],
    ['10/4279013', 'account_unusable verification_failed account_suspended'],
    ['98/2207051', 'rate_limited'],
  ])('with code %s means %s', (platformCode, expected) => {
    expect(summary(platformCode)).toBe(expected)
  })

  it('about a token that ran out asks for a refresh while publishing: somebody else may have extended it', () => {
    expect(summary('190/463', 'publish')).toBe('access_token_expired')
    expect(summary('190/463', 'refresh')).toBe('grant_lost expired token_expired')
  })

  it.each([
    ['24/4279009', 'unavailable'],
    ['9/2207042', 'rate_limited'],
    ['4/2207051', 'rate_limited'],
    ['24', 'refused'],
    ['36001/2207005', 'refused'],
    ['9004/2207052', 'refused'],
    ['100', 'refused'],
    // A container that is gone does not end an account, nor does a reply that is not allowed.
    ['100/33', 'refused'],
    ['reply/10', 'refused'],
    ['10', 'account_unusable missing_permission scope_missing'],
    ['10/4279013', 'account_unusable verification_failed account_suspended'],
  ])('with code %s means %s while publishing', (platformCode, expected) => {
    expect(summary(platformCode, 'publish')).toBe(expected)
  })

  it.each([
    ['Invalid platform app', 'client_invalid'],
    ['Error validating client secret.', 'client_invalid'],
    ['Matching code was not found or was already used.', 'refused'],
  ])('of the token endpoint is told by its words, as its code is always 400: %s', (message, expected) => {
    expect(summary('400', 'callback', message)).toBe(expected)
  })
})
