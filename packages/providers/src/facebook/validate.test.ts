import type { DraftForTarget, DraftMedia } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { validate } from './validate.js'

const fileOf = (is: 'image' | 'video', more: object = {}): DraftMedia =>
  ({
    mediaId: 'media_1',
    file: { is, durationMs: 10_000, width: 1080, height: 1920, frameRate: 30, ...more },
  }) as unknown as DraftMedia

const problems = (postAs: string, media: DraftMedia[], text = '', replies: string[] = []) => {
  const content: DraftForTarget['content'] = { text, visibility: 'public', media, replies }
  const target = { kind: 'page', settings: {}, grantSettings: {}, grantedScopes: [] }
  return validate({ content, options: { postAs }, target }).map(({ code, severity }) => `${severity} ${code}`)
}

describe('a draft for Facebook', () => {
  it.each([
    ['post', [], []],
    ['post', [fileOf('video', { durationMs: 600_000 })], []],
    ['reel', [fileOf('video')], []],
    ['reel', [], ['error reel_needs_video']],
    ['reel', [fileOf('image')], ['error reel_needs_video']],
    ['reel', [fileOf('video', { durationMs: 2000 })], ['error video_duration']],
    ['reel', [fileOf('video', { durationMs: 91_000 })], ['error video_duration']],
    ['reel', [fileOf('video', { width: 500 })], ['error video_dimensions']],
    ['reel', [fileOf('video', { frameRate: 12 })], ['error frame_rate_unsupported']],
    ['reel', [fileOf('video', { durationMs: null, width: null, frameRate: null })], []],
    ['story', [fileOf('image')], []],
    ['story', [], ['error story_needs_file']],
    ['story', [fileOf('image'), fileOf('image')], ['error story_needs_file']],
    ['story', [fileOf('video', { durationMs: 61_000 })], ['error video_duration']],
    ['story', [{ mediaId: 'media_gone', file: undefined } as DraftMedia], []],
  ])('as a %s of %j has the problems %j', (postAs, media, expected) => {
    expect(problems(postAs, media)).toEqual(expected)
  })

  it('is warned that stories have no text', () => {
    expect(problems('story', [fileOf('image')], 'Hello')).toEqual(['warning text_not_shown'])
  })

  it.each([
    ['post', []],
    ['reel', []],
    ['story', ['error replies_not_supported']],
  ])('as a %s with comments has the problems %j', (postAs, expected) => {
    expect(problems(postAs, [fileOf('video')], '', ['First!'])).toEqual(expected)
  })
})
