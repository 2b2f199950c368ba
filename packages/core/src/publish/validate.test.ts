import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newId } from '../model/ids.js'
import type { Media } from '../model/media.js'
import type { Content } from '../model/post.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { createMemoryPlatform } from '../testing/memory-platform.js'
import { nextTry } from './retry-policy.js'
import { countText, validateContent } from './validate.js'

const { provider } = createMemoryPlatform({ clock: createFakeClock() })
const account = { id: newId('account') }
const png = (more: Partial<Media> = {}): Media => ({
  id: newId('media'),
  workspaceId: newId('workspace'),
  mimeType: 'image/png',
  bytes: 1000,
  sha256: '',
  width: 1,
  height: 1,
  fileName: null,
  createdAt: new Date(),
  ...more,
})
const check = (content: Partial<Content>, media: (Media | undefined)[] = []) =>
  validateContent(
    { text: '', media: media.map((file) => ({ mediaId: file?.id ?? 'media_gone' })), ...content },
    media,
    account,
    provider,
  )

describe('counting text', () => {
  it('is done as people, bytes and machines do', () => {
    const family = '👩‍👩‍👧'
    expect(countText(`é${family}`, 'graphemes')).toBe(2)
    expect(countText(family, 'utf8_bytes')).toBe(18)
    expect(countText(family, 'utf16_units')).toBe(8)
    expect(countText('e\u0301', 'graphemes')).toBe(1)
  })

  it('never finds more characters than units, nor more units than bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(countText(text, 'graphemes')).toBeLessThanOrEqual(countText(text, 'utf16_units'))
        expect(countText(text, 'utf16_units')).toBeLessThanOrEqual(countText(text, 'utf8_bytes'))
      }),
    )
  })
})

describe('a draft', () => {
  it('within the limits has no issues', () => {
    expect(check({ text: 'x'.repeat(300) })).toEqual([])
    expect(check({}, [png(), png(), png(), png()])).toEqual([])
    expect(check({ link: { url: 'https://example.org' } })).toEqual([])
  })

  it('says by how many characters it is too long', () => {
    expect(check({ text: '👋'.repeat(301) })).toEqual([
      {
        code: 'text_too_long',
        severity: 'error',
        accountId: account.id,
        message: 'The text is 1 character too long for Memory: 301 of 300 characters.',
        field: 'content.text',
        allowed: 300,
        found: 301,
      },
    ])
    expect(check({ text: 'x'.repeat(342) })[0]?.message).toContain('42 characters too long')
  })

  it.each([
    ['content_empty', { text: ' \n' }, []],
    ['text_malformed', { text: 'a\0b' }, []],
    ['text_malformed', { text: 'a\ud83d' }, []],
    ['link_card_beside_images', { link: { url: 'https://example.org' } }, [png()]],
    ['media_not_found', {}, [undefined]],
    ['media_type_unsupported', {}, [png({ mimeType: 'image/gif' })]],
    ['image_too_large', {}, [png({ bytes: 1001 })]],
    ['too_many_images', {}, Array(5).fill(png())],
  ])('is told %s', (code, content, media) => {
    const issues = check(content, media)
    expect(issues.map((issue) => issue.code)).toEqual([code])
    expect(issues[0]).toMatchObject({
      severity: 'error',
      accountId: account.id,
      field: expect.stringMatching(/^content/),
    })
  })

  it('is told which alt text is too long', () => {
    const file = png()
    const issues = check({ media: [{ mediaId: file.id, altText: 'x'.repeat(21) }] }, [file])
    expect(issues).toMatchObject([
      { code: 'alt_text_too_long', field: 'content.media.0.altText', allowed: 20, found: 21 },
    ])
  })
})

describe('the next try', () => {
  const now = new Date('2026-11-22T12:00:00Z')
  const seconds = (failedTurns: number, random: number, retryAfter?: Date) => {
    const at = nextTry(failedTurns, retryAfter, now, random)
    return at && (at.getTime() - now.getTime()) / 1000
  }
  it('comes later and later, spread, up to a quarter of an hour, and then no more', () => {
    expect([1, 2, 3, 10, 23].map((turn) => seconds(turn, 0.999999))).toEqual(
      [2, 4, 8, 900, 900].map((expected) => expect.closeTo(expected, 2)),
    )
    expect(seconds(1, 0)).toBe(1)
    expect(seconds(24, 0)).toBeNull()
  })
  it('is never earlier than the platform asks', () => {
    expect(seconds(1, 0, new Date(now.getTime() + 7_200_000))).toBe(7200)
    expect(seconds(10, 0, new Date(now.getTime() - 1))).toBe(450)
  })
})
