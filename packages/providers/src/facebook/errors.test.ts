import { type Occasion, PlatformError } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { GraphError } from '../meta/graph.js'
import { classifyError } from './errors.js'

const error = (
  platformCode: string,
  more: { message?: string; isTransient?: boolean; status?: number } = {},
) => new GraphError({ status: 400, message: '', isTransient: false, platformCode, ...more })

const summary = (thrown: PlatformError, occasion: Occasion = 'verify') => {
  const found = classifyError(thrown, occasion)
  return [found.kind, 'status' in found ? found.status : '', 'reason' in found ? found.reason : '']
    .join(' ')
    .trim()
}

describe('an error of Facebook', () => {
  it.each([
    ['190', 'grant_lost revoked token_revoked'],
    ['190/458', 'grant_lost revoked token_revoked'],
    ['190/460', 'grant_lost revoked token_revoked'],
    ['190/464', 'grant_lost revoked token_revoked'],
    ['190/467', 'grant_lost revoked token_revoked'],
    ['190/463', 'grant_lost expired token_expired'],
    ['190/459', 'account_unusable verification_failed authorization_rejected'],
    ['190/490', 'account_unusable verification_failed authorization_rejected'],
    ['190/492', 'account_unusable missing_permission target_not_granted'],
    ['3', 'account_unusable missing_permission scope_missing'],
    ['10', 'account_unusable missing_permission scope_missing'],
    ['200', 'account_unusable missing_permission scope_missing'],
    ['283', 'account_unusable missing_permission scope_missing'],
    ['100/33', 'account_unusable missing_permission target_not_granted'],
    ['4', 'rate_limited'],
    ['17', 'rate_limited'],
    ['32', 'rate_limited'],
    ['341', 'rate_limited'],
    ['613', 'rate_limited'],
    ['80001', 'rate_limited'],
    ['368', 'account_unusable verification_failed account_suspended'],
    ['1404112', 'account_unusable verification_failed account_suspended'],
    ['1404078', 'account_unusable verification_failed authorization_rejected'],
    ['4854002', 'account_unusable verification_failed authorization_rejected'],
    ['1', 'unavailable'],
    ['2', 'unavailable'],
    ['101', 'client_invalid'],
  ])('with code %s means %s', (platformCode, expected) => {
    expect(summary(error(platformCode))).toBe(expected)
  })

  it.each([
    ['1', 'Error validating client secret.'],
    ['100', 'Invalid appsecret_proof provided in the API argument'],
    ['200', 'API access blocked.'],
  ])('with code %s and the words "%s" is for the operator', (platformCode, message) => {
    expect(summary(error(platformCode, { message }))).toBe('client_invalid')
  })

  it('that will pass changes no status, but a limit stays a limit', () => {
    expect(summary(error('190', { isTransient: true }))).toBe('unavailable')
    expect(summary(error('200', { isTransient: true }))).toBe('unavailable')
    expect(summary(error('987', { isTransient: true }), 'publish')).toBe('unavailable')
    expect(summary(error('4', { isTransient: true }))).toBe('rate_limited')
  })

  it('that is unknown is refused, and ends no grant', () => {
    for (const occasion of ['publish', 'connect', 'callback'] as const)
      expect(summary(error('100'), occasion)).toBe('refused')
    for (const occasion of ['verify', 'refresh'] as const)
      expect(summary(error('100'), occasion)).toBe('unavailable')
    const nameless = (status: number) => new PlatformError({ status, platformCode: null, message: '' })
    expect(summary(nameless(503), 'publish')).toBe('unavailable')
    expect(summary(nameless(429), 'publish')).toBe('rate_limited')
  })

  it.each([
    ['100/33', 'refused'],
    ['506', 'refused'],
    ['100/1366046', 'refused'],
    ['6000', 'refused'],
    ['80001', 'rate_limited'],
    ['200', 'account_unusable missing_permission scope_missing'],
    ['190/463', 'grant_lost expired token_expired'],
  ])('with code %s means %s while publishing', (platformCode, expected) => {
    expect(summary(error(platformCode), 'publish')).toBe(expected)
  })
})
