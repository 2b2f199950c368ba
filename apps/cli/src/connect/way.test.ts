import type { Platform } from '@postmcp/sdk'
import { describe, expect, test } from 'vitest'
import { chooseWay, chooseWayAgain, withWaitSeconds } from './way.js'

const field = (name: string) => ({ name }) as never
const credentials = { fields: [field('identifier'), field('appPassword')] } as never
const oauth2 = { fields: [field('identifier')] } as never
const both = { connect: { credentials, oauth2, ways: [], targetKinds: [] } } as Pick<Platform, 'connect'>
const onlyOAuth = { connect: { oauth2, ways: [], targetKinds: [] } } as Pick<Platform, 'connect'>

describe('the way to connect', () => {
  test.each([
    ['nothing given: credentials', both, {}, 'credentials'],
    ['nothing given, and there is only consent', onlyOAuth, {}, 'oauth2'],
    ['what both ask for', both, { identifier: 'anna.test' }, 'credentials'],
    ['a secret that belongs to one', both, { 'app-password-stdin': true }, 'credentials'],
    ['what was asked for', both, { method: 'oauth2', identifier: 'anna.test' }, 'oauth2'],
    ['where the browser comes back to', both, { 'redirect-uri': 'https://a.test' }, 'oauth2'],
    [
      'where it comes back to, and a password',
      both,
      { 'redirect-uri': 'x', 'app-password': 'y' },
      'credentials',
    ],
    ['one of several ways through the browser', both, { way: 'partner' }, 'oauth2'],
    ['an address that is pasted', both, { paste: true }, 'oauth2'],
    ['a field that none has, for the server to refuse', onlyOAuth, { 'bot-token': 'x' }, 'oauth2'],
  ])('%s', (_, platform, flags, expected) => {
    expect(chooseWay(platform, flags)).toBe(expected)
  })

  test('of an account that is there already is known to the server only, unless something tells it', () => {
    expect(chooseWayAgain(both, {})).toBeUndefined()
    expect(chooseWayAgain(both, { 'app-password': 'x' })).toBe('credentials')
    expect(chooseWayAgain(both, { method: 'oauth2' })).toBe('oauth2')
    expect(chooseWayAgain(both, { way: 'partner' })).toBe('oauth2')
    expect(chooseWayAgain(onlyOAuth, {})).toBe('oauth2')
  })
})

test.each([
  [['--wait'], ['--wait=600']],
  [
    ['--wait', '--json'],
    ['--wait=600', '--json'],
  ],
  [
    ['--wait', '30', '--json'],
    ['--wait', '30', '--json'],
  ],
  [['--wait=30'], ['--wait=30']],
])('%j is read as %j', (argv, expected) => {
  expect(withWaitSeconds(argv)).toEqual(expected)
})
