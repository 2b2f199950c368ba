import { afterEach, describe, expect, it } from 'vitest'
import { answerLookups, restoreLookup } from '../testing/lookups.js'
import { guardedLookup, isPublicAddress, refuseUrl } from './address-guard.js'

const none = new Set<string>()

/** Hosts that lead to this machine or its neighbours, in all the ways in which they can be written. */
const inside = [
  '127.0.0.1',
  '127.1',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '127.0.0.1.',
  '0',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '3232235777',
  '0xc0a80101',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '169.254.0.1',
  '100.64.0.1',
  '100.127.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::10.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:10.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[::ffff:169.254.169.254]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2002:a00:1::1]',
  '[2001::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[100::1]',
  '[fc00::1]',
  '[fd12:3456::1]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[5f00::1]',
  '[2001:10::1]',
  '[2001:20::1]',
  '[4000::1]',
  '[e000::1]',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'a.b.localhost.',
  '１２７.0.0.1',
  '127。0。0。1',
  'ⓛocalhost',
]

describe('an address a user gives', () => {
  it.each(inside)('is refused when it is inside: %s', (host) => {
    expect(refuseUrl(new URL(`https://${host}/`), none)).toMatch(/is not a public address$/)
  })

  it('is refused when it is not https', () => {
    for (const url of [
      'http://example.org',
      'ftp://example.org',
      'file:///etc/passwd',
      'data:,x',
      'ws://example.org',
    ])
      expect(refuseUrl(new URL(url), none)).toMatch(/is not https$/)
  })

  it('is refused when it holds credentials, even on an allowed origin', () => {
    const allowed = new Set(['http://127.0.0.1:2583'])
    for (const url of ['https://a@example.org', 'https://:b@example.org', 'http://a:b@127.0.0.1:2583'])
      expect(refuseUrl(new URL(url), allowed)).toBe('an address must not contain a user name or password')
  })

  it('is allowed when it is public', () => {
    for (const host of [
      'example.org',
      '1.1.1.1',
      '172.32.0.1',
      '100.128.0.1',
      '[2606:4700::1111]',
      'localhost.example.org',
      '[::ffff:1.1.1.1]',
    ])
      expect(refuseUrl(new URL(`https://${host}/`), none)).toBeNull()
  })

  it('is allowed when the operator allowed exactly this origin', () => {
    const allowed = new Set(['http://127.0.0.1:2583', 'https://pds.internal'])
    expect(refuseUrl(new URL('http://127.0.0.1:2583/xrpc'), allowed)).toBeNull()
    expect(refuseUrl(new URL('https://pds.internal:443/'), allowed)).toBeNull()
    for (const url of [
      'http://127.0.0.1:2584',
      'https://127.0.0.1:2583',
      'http://localhost:2583',
      'http://pds.internal',
      'http://127.0.0.1',
    ])
      expect(refuseUrl(new URL(url), allowed)).not.toBeNull()
  })

  it('is public only as a literal', () => {
    for (const text of ['', 'example.org', '1.1.1.1/8', '::g']) expect(isPublicAddress(text)).toBe(false)
    expect(isPublicAddress('1.1.1.1')).toBe(true)
    expect(isPublicAddress('fe80::1%eth0')).toBe(false)
  })
})

describe('the look-up of a name', () => {
  afterEach(restoreLookup)
  const look = (all: boolean) =>
    new Promise<unknown>((resolve) =>
      guardedLookup('example.org', { all }, (error, address) => resolve(error ?? address)),
    )

  it('refuses a name with any address inside, whatever else it has', async () => {
    for (const addresses of [
      ['127.0.0.1'],
      ['1.1.1.1', '10.0.0.1'],
      ['2606:4700::1', '::1'],
      ['::ffff:10.0.0.1'],
      [],
    ]) {
      answerLookups(() => addresses)
      for (const all of [true, false]) expect(await look(all)).toMatchObject({ code: 'ADDRESS_NOT_ALLOWED' })
    }
  })

  it('gives public addresses in the form asked for', async () => {
    answerLookups(() => ['1.1.1.1', '1.0.0.1'])
    expect(await look(false)).toBe('1.1.1.1')
    expect(await look(true)).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '1.0.0.1', family: 4 },
    ])
  })

  it('passes on that there is no such name', async () => {
    answerLookups(() => null)
    expect(await look(true)).toMatchObject({ code: 'ENOTFOUND' })
  })
})
