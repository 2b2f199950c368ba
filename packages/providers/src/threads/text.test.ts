import type { DraftForTarget } from '@postmcp/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countWeighted, validate } from './text.js'

describe('the length of a text', () => {
  it.each([
    ['hello', 5],
    ['😀', 4],
    ['👨‍👩‍👧‍👦', 25],
    ['🇩🇪', 8],
    ['1️⃣', 7],
    ['👍🏽', 8],
    ['żółw', 4],
    ['日本', 2],
    [`${'a'.repeat(497)}😀`, 501],
  ])('of %s is %i', (text, length) => {
    expect(countWeighted(text)).toBe(length)
  })

  it('is between its characters and its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const length = countWeighted(text)
        expect(length).toBeGreaterThanOrEqual([...text].length)
        expect(length).toBeLessThanOrEqual(Buffer.byteLength(text))
      }),
    )
  })
})

const draftOf = (content: Partial<DraftForTarget['content']>, options = {}): DraftForTarget => ({
  content: { text: '', visibility: 'public', media: [], replies: [], ...content },
  options,
  target: { kind: 'profile', settings: {}, grantSettings: {}, grantedScopes: [] },
})
const links = (count: number) => Array.from({ length: count }, (_, index) => `https://example.org/${index}`)

describe('a draft', () => {
  it('may name five different links, and one of them again', () => {
    const text = `${links(5).join(' ')} (https://example.org/0).`
    expect(validate(draftOf({ text, link: { url: 'https://example.org/1' } }))).toEqual([])
  })

  it('with six links is refused, where one is that of the card or they stand in a reply', () => {
    const link = { url: 'https://example.org/card' }
    expect(validate(draftOf({ text: links(5).join('\n'), link }))).toMatchObject([
      { code: 'too_many_links', field: 'content.text', found: 6 },
    ])
    expect(validate(draftOf({ link, replies: ['', links(6).join(' ')] }))).toMatchObject([
      { code: 'too_many_links', field: 'content.replies.1' },
    ])
  })

  it.each(['a.b', 'a&b', 'a'.repeat(51)])('with the topic %s is refused', (topicTag) => {
    expect(validate(draftOf({ text: 'x' }, { topicTag }))).toMatchObject([{ field: 'options.topicTag' }])
  })

  it('may have a topic of several words', () => {
    expect(validate(draftOf({ text: 'x' }, { topicTag: 'Fresh bread' }))).toEqual([])
  })
})
