import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findAddresses } from './addresses.js'
import { countWeighted, hasForbiddenCharacter, weigh } from './weighted-length.js'

const found = (text: string) => findAddresses(text).map(({ start, end }) => text.slice(start, end))

describe('the length of a text', () => {
  it.each([
    ['plain letters', 'Hello', 5],
    ['an accent of its own, composed first', 'e\u0301', 1],
    ['a language of large characters', '日本語', 6],
    ['an emoji', '😀', 2],
    ['a family', '👨‍👩‍👧‍👦', 2],
    ['a skin tone', '👍🏽', 2],
    ['a flag', '🇩🇪', 2],
    ['letters of flags that are no flag', '🇽🇽', 4],
    ['a key without its selector', '1\u20E3', 2],
    ['a sign that is drawn as text', '©', 1],
    ['the same as emoji', '©\uFE0F', 2],
    ['people nobody draws together', '😀\u200D😀', 5],
    ['an address', 'https://example.org/a/long/path/that/does/not/matter', 23],
    ['a name alone', 'see example.org.', 28],
    ['a name of no domain', 'see example.notadomain', 22],
    ['an e-mail address', 'me@example.org', 14],
  ])('of %s', (_, text, length) => {
    expect(countWeighted(text)).toBe(length)
  })

  it('is that of its parts, which make up the whole text', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'https://example.org/x',
        ' ',
        'example.com',
        '日本',
        '👨‍👩‍👧',
        '🇩🇪',
        '1️⃣',
        '.',
        '(',
        ')',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('')
        const parts = weigh(text)
        expect(parts.reduce((sum, { units }) => sum + units, 0)).toBe(text.normalize('NFC').length)
        expect(countWeighted(text)).toBe(parts.reduce((sum, { weight }) => sum + weight, 0) / 100)
        // In NFC an address may only begin or end elsewhere, never weigh less than nothing.
        expect(parts.every(({ units, weight }) => units > 0 && weight >= 100)).toBe(true)
      }),
    )
  })

  it('is the same however a text is composed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(countWeighted(text.normalize('NFD'))).toBe(countWeighted(text.normalize('NFC')))
      }),
    )
  })

  it('does not depend on the length of an address', () => {
    const path = fc.stringMatching(/^[a-z0-9_=-]{0,200}[a-z0-9]$/)
    fc.assert(
      fc.property(path, (rest) => {
        expect(countWeighted(`a https://example.org/${rest} b`)).toBe(27)
      }),
    )
  })

  it('of a text made to be slow is known at once', () => {
    for (const text of [
      'a.'.repeat(50_000),
      '-a'.repeat(50_000),
      'http://a.'.repeat(10_000),
      '('.repeat(50_000),
    ]) {
      expect(countWeighted(text)).toBeGreaterThan(0)
      expect(countWeighted(`http://a.org/${text}`)).toBeGreaterThan(0)
    }
  })
})

describe('addresses in a text', () => {
  it.each([
    ['(see https://example.org/a_(b)).', ['https://example.org/a_(b)']],
    ['https://example.org/?a=b&c=d, and more', ['https://example.org/?a=b&c=d']],
    ['日本語example.jp日本語', ['example.jp']],
    ['http://例え.みんな/', ['http://例え.みんな/']],
    ['http://localhost:3000/ and http://192.168.0.1/', []],
    ['http://-example.org http://foo.under_score.org', []],
    ['$example.org #example.org @example.org', []],
    ['-example.org _example.org /example.org', []],
    ['example.org/path#anchor', ['example.org/path#anchor']],
    ['https://t.co/abc,def https://t.co/abcdefghij', ['https://t.co/abc', 'https://t.co/abcdefghij']],
    [`https://t.co/${'a'.repeat(41)}`, []],
    [`http://${'a'.repeat(64)}.org http://${'a'.repeat(63)}.org`, [`http://${'a'.repeat(63)}.org`]],
    ['https://example.org:8080/x', ['https://example.org:8080/x']],
  ])('of %j', (text, expected) => {
    expect(found(text)).toEqual(expected)
  })

  it('do not overlap and stand in their order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('http://a.org', 'b.com', '/', '.', ' ', '(', 'é', '語', '-')),
        (parts) => {
          let last = 0
          for (const { start, end } of findAddresses(parts.join(''))) {
            expect(start).toBeGreaterThanOrEqual(last)
            expect(end).toBeGreaterThan(start)
            last = end
          }
        },
      ),
    )
  })
})

it('characters that are none are found', () => {
  expect(['\uFFFE', '\uFEFF', '\uFFFF'].every(hasForbiddenCharacter)).toBe(true)
  expect(hasForbiddenCharacter('\u202A text')).toBe(false)
})
