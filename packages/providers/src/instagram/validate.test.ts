import type { DraftForTarget, DraftMedia } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { validate } from './validate.js'

const fileOf = (is: 'image' | 'video', more: object = {}): DraftMedia =>
  ({
    mediaId: 'media_1',
    file: { is, durationMs: is === 'video' ? 10_000 : null, width: 1080, height: 1080, bytes: 1000, ...more },
  }) as unknown as DraftMedia

function problems(content: Partial<DraftForTarget['content']>, postAs = 'post') {
  const target = { kind: 'account', settings: {}, grantSettings: {}, grantedScopes: [] }
  const whole = { text: '', visibility: 'public' as const, media: [], replies: [], ...content }
  return validate({ content: whole, options: { postAs }, target }).map(
    ({ code, severity, field }) => `${severity} ${code} ${field}`,
  )
}
const words = (sign: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${sign}w${n}`).join(' ')

describe('the caption of a draft for Instagram', () => {
  it.each([
    [words('#', 30), []],
    [words('#', 31), ['error too_many_hashtags content.text']],
    [`${words('#', 30)} ＃full`, ['error too_many_hashtags content.text']],
    [words('@', 20), []],
    [words('@', 21), ['error too_many_mentions content.text']],
    [Array(40).fill('me@example.org').join(' '), []],
  ])('%s has the problems %j', (text, expected) => expect(problems({ text })).toEqual(expected))
})

describe('the files of a draft for Instagram', () => {
  it.each([
    [{ width: 1080, height: 1350 }, []],
    [{ width: 1080, height: 566 }, []],
    [{ width: null, height: null }, []],
    [{ width: 1080, height: 1920 }, ['error image_ratio content.media.0']],
    [{ width: 2000, height: 1000 }, ['error image_ratio content.media.0']],
  ])('as a picture of %j have the problems %j', (size, expected) => {
    expect(problems({ media: [fileOf('image', size)] })).toEqual(expected)
  })

  it('may be upright as videos and in stories', () => {
    const upright = { width: 1080, height: 1920 }
    expect(problems({ media: [fileOf('video', upright)] })).toEqual([])
    expect(problems({ media: [fileOf('image', upright)] }, 'story')).toEqual([])
  })

  it.each([
    [[], ['error story_needs_file content.media']],
    [[fileOf('image'), fileOf('image')], ['error story_needs_file content.media']],
    [[fileOf('video', { durationMs: 61_000 })], ['error video_duration content.media.0']],
    [[fileOf('video', { durationMs: 2000 })], ['error video_duration content.media.0']],
    [[fileOf('video', { bytes: 100_000_001 })], ['error video_too_large content.media.0']],
    [[fileOf('video')], []],
  ])('as a story %# have the problems %j', (media, expected) => {
    expect(problems({ media }, 'story')).toEqual(expected)
  })

  it('as a story have no text, which is said', () => {
    expect(problems({ text: words('#', 40), media: [fileOf('image')] }, 'story')).toEqual([
      'warning text_not_shown content.text',
    ])
  })
})

describe('the comments of a draft for Instagram', () => {
  it.each([
    [[words('#', 30), 'First!'], []],
    [['First!', words('#', 31)], ['error too_many_hashtags content.replies.1']],
    [[words('@', 21)], ['error too_many_mentions content.replies.0']],
  ])('%j have the problems %j', (replies, expected) => expect(problems({ replies })).toEqual(expected))

  it('have no place below a story', () => {
    expect(problems({ replies: ['First!'], media: [fileOf('image')] }, 'story')).toEqual([
      'error replies_not_supported content.replies',
    ])
  })
})
