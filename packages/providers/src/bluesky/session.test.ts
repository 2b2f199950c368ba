import { unsignedJwt } from '@postmcp/core/testing'
import { describe, expect, it } from 'vitest'
import { session } from './fixtures/context.js'
import { parseAppPassword, scopesOf, toTokens } from './session.js'

const opened = (accessJwt: string) => ({ ...session(), accessJwt, active: true, status: null })

describe('a password', () => {
  it.each([
    'hunter2',
    '',
    'abcd-efgh-ijkl',
    'abcd-efgh-ijkl-mnop-qrst',
    'abcdefghijklmnop',
    'abcd efgh ijkl mnop',
  ])('%j is not sent', (typed) => {
    let message = ''
    try {
      parseAppPassword(typed)
    } catch (error) {
      expect(error).toMatchObject({
        code: 'credentials_unsuitable',
        helpUrl: 'https://bsky.app/settings/app-passwords',
      })
      message = JSON.stringify(error)
    }
    expect(message).toContain('Nothing was sent.')
    if (typed) expect(message).not.toContain(typed)
  })

  it('of the right form is sent as it was made: without spaces around it, in small letters', () => {
    expect(parseAppPassword(' ABCD-efgh-2345-mnop\n')).toBe('abcd-efgh-2345-mnop')
  })
})

describe('a session', () => {
  it.each([
    ['com.atproto.appPass', ['com.atproto.appPass']],
    ['com.atproto.appPassPrivileged', ['com.atproto.appPass', 'com.atproto.appPassPrivileged']],
  ])('with the scope %s is that of an app password', (scope, scopes) => {
    expect(scopesOf(opened(unsignedJwt({ scope })))).toEqual(scopes)
  })

  it.each([
    unsignedJwt({ scope: 'com.atproto.access' }),
    unsignedJwt({ scope: 'constructor' }),
    unsignedJwt({}),
    'opaque',
    '',
  ])('with any other is refused', (token) => {
    expect(() => scopesOf(opened(token))).toThrow(expect.objectContaining({ code: 'credentials_unsuitable' }))
  })

  it('says when its tokens end', () => {
    const exp = 1_800_000_000
    expect(toTokens(opened(unsignedJwt({ scope: 'com.atproto.appPass', exp })))).toMatchObject({
      accessTokenExpiresAt: new Date(exp * 1000),
      refreshTokenExpiresAt: new Date(1_808_000_000_000),
      grantedScopes: ['com.atproto.appPass'],
    })
  })
})
