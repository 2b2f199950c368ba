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

describe('an error of Instagram', () => {
  it.each([
    ['190', 'grant_lost revoked token_revoked'],
    ['190/458', 'grant_lost revoked token_revoked'],
    ['190/460', 'grant_lost revoked token_revoked'],
    ['190/463', 'grant_lost expired token_expired'],
    ['190/459', 'account_unusable verification_failed authorization_rejected'],
    ['10', 'account_unusable missing_permission scope_missing'],
    ['200', 'account_unusable missing_permission scope_missing'],
    ['100/33', 'account_unusable missing_permission target_not_granted'],
    ['25/2207050', 'account_unusable verification_failed account_suspended'],
    ['368', 'account_unusable verification_failed account_suspended'],
    ['9/2207042', 'rate_limited'],
    ['4/2207051', 'rate_limited'],
    ['80002', 'rate_limited'],
    ['-1/2207001', 'unavailable'],
    ['1', 'unavailable'],
    ['9007/2207027', 'unavailable'],
  ])('with code %s means %s', (platformCode, expected) => {
    expect(summary(platformCode)).toBe(expected)
  })

  it('about a token that ran out asks for a refresh while publishing: somebody else may have extended it', () => {
    expect(summary('190/463', 'publish')).toBe('access_token_expired')
    expect(summary('190/463', 'refresh')).toBe('grant_lost expired token_expired')
  })

  it.each([
    ['100/33', 'refused'],
    ['9007/2207027', 'unavailable'],
    ['9/2207042', 'rate_limited'],
    ['container/2207051', 'rate_limited'],
    ['container/2207026', 'refused'],
    ['36001/2207005', 'refused'],
    ['9004/2207052', 'refused'],
    ['506', 'refused'],
    ['24/2207006', 'refused'],
    ['25/2207050', 'account_unusable verification_failed account_suspended'],
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
