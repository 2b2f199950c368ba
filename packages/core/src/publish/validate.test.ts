import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newId } from '../model/ids.js'
import type { Media } from '../model/media.js'
import type { Content, TargetContent } from '../model/post.js'
import type { Manifest } from '../provider/manifest.js'
import type { PostLimits } from '../provider/post-limits.js'
import type { Provider } from '../provider/provider.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { createMemoryPlatform } from '../testing/memory-platform.js'
import { countText } from './count-text.js'
import { nextTry } from './retry-policy.js'
import { validateContent } from './validate.js'

const { provider } = createMemoryPlatform({ clock: createFakeClock() })
const account = { id: newId('account'), kind: 'profile', settings: {} }
const file = (more: Partial<Media> = {}): Media => ({
  id: newId('media'),
  workspaceId: newId('workspace'),
  kind: 'image',
  mimeType: 'image/png',
  bytes: 1000,
  sha256: '',
  width: 100,
  height: 100,
  durationMs: null,
  frameRate: null,
  videoCodec: null,
  audioCodec: null,
  isAnimated: false,
  frames: null,
  fileName: null,
  createdAt: new Date(),
  deletedAt: null,
  ...more,
})
const png = file
const video = (more: Partial<Media> = {}) =>
  file({
    kind: 'video',
    mimeType: 'video/mp4',
    durationMs: 10_000,
    frameRate: 30,
    videoCodec: 'avc',
    audioCodec: 'aac',
    ...more,
  })

interface Circumstances {
  target?: TargetContent
  limits?: Partial<PostLimits>
  more?: Partial<Provider>
  scopes?: Manifest['scopes']
  grantedScopes?: string[]
}

/** What stands against a content whose files have an alt text each, unless it says otherwise. */
function check(
  content: Partial<Content>,
  media: (Media | undefined)[] = [],
  { target = {}, limits = {}, more = {}, scopes = [], grantedScopes = [] }: Circumstances = {},
) {
  const { publish } = provider.manifest
  const manifest = {
    ...provider.manifest,
    scopes,
    publish: { ...publish, limits: { ...publish.limits, ...limits } },
  }
  const given: Content = {
    text: '',
    media: media.map((one) => ({ mediaId: one?.id ?? 'media_gone', altText: 'What it shows' })),
    ...content,
  }
  const files = new Map(media.flatMap((one) => (one ? [[one.id, one] as const] : [])))
  const whom = {
    account,
    grant: { settings: {}, grantedScopes },
    provider: { ...provider, ...more, manifest },
  }
  return validateContent(given, target, files, whom)
}
const codes = (...parameters: Parameters<typeof check>) => check(...parameters).map(({ code }) => code)

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

describe('what is special to a target', () => {
  it('is held against its limits, and the issue is that of the content', () => {
    const target = { overrides: { text: 'x'.repeat(301) } }
    expect(codes({ text: 'short' }, [], { target })).toEqual(['text_too_long'])
    expect(codes({ text: 'x'.repeat(301) }, [], { target: { overrides: { text: 'short' } } })).toEqual([])
  })

  it('may be limits of its own', () => {
    const limitsOf = () => ({
      ...provider.manifest.publish.limits,
      text: [{ unit: 'code_points' as const, max: 5 }],
    })
    expect(codes({ text: 'abcdef' }, [], { more: { limitsOf } })).toEqual(['text_too_long'])
  })

  it('are options by their declared names, types and values', () => {
    const options = [
      { name: 'tone', label: 'Tone', description: 'How.', type: 'string' as const, values: ['loud', 'low'] },
      { name: 'times', label: 'Times', description: 'How often.', type: 'integer' as const },
    ]
    const manifest = { ...provider.manifest, publish: { ...provider.manifest.publish, options } }
    const validate = (given: Record<string, string | number | boolean>) =>
      validateContent({ text: 'Hello', media: [] }, { options: given }, new Map(), {
        account,
        grant: undefined,
        provider: { ...provider, manifest },
      }).map(({ code, field }) => `${code} ${field}`)
    expect(validate({ tone: 'loud', times: 2 })).toEqual([])
    expect(validate({ tone: 'shrill' })).toEqual(['option_invalid options.tone'])
    expect(validate({ times: 1.5 })).toEqual(['option_invalid options.times'])
    expect(validate({ times: '2' })).toEqual(['option_invalid options.times'])
    expect(validate({ toString: true })).toEqual(['option_unknown options.toString'])
  })
})

describe('a link', () => {
  const link = { url: 'https://example.org/a' }

  it('stands in the text, with its length, where there is no card for it', () => {
    expect(check({ text: 'x'.repeat(290), link }, [], { limits: { linkCard: undefined } })).toMatchObject([
      { code: 'text_too_long', found: 290 + 2 + link.url.length },
      { code: 'link_in_text', severity: 'warning' },
    ])
    expect(codes({ text: 'See', link }, [png()])).toEqual(['link_in_text'])
    expect(codes({ text: `See ${link.url}`, link }, [png()])).toEqual([])
  })
})

describe('files', () => {
  const images = { max: 4, mimeTypes: ['image/png'], maxBytes: 5000 }
  const videos = { max: 1, mimeTypes: ['video/mp4'], maxBytes: 5000 }

  it.each<[string, Media[], Partial<PostLimits>]>([
    ['media_not_supported', [video()], {}],
    ['too_many_videos', [video(), video()], { videos }],
    ['media_mixed', [png(), video()], { videos }],
    ['too_many_files', [png(), png()], { maxMedia: 1 }],
    ['media_expired', [png({ deletedAt: new Date() })], {}],
    ['image_dimensions', [png()], { images: { ...images, width: { min: 101 } } }],
    ['image_dimensions', [png()], { images: { ...images, maxPixels: 9999 } }],
    ['image_ratio', [png({ width: 300 })], { images: { ...images, ratio: { max: 2.9 } } }],
    ['video_duration', [video()], { videos: { ...videos, seconds: { max: 9 } } }],
    ['video_duration', [video()], { videos: { ...videos, seconds: { min: 11 } } }],
    ['frame_rate_unsupported', [video()], { videos: { ...videos, frameRate: { max: 25 } } }],
    ['video_codec_unsupported', [video()], { videos: { ...videos, videoCodecs: ['vp9'] } }],
    ['audio_codec_unsupported', [video()], { videos: { ...videos, audioCodecs: ['opus'] } }],
    ['video_too_large', [video({ bytes: 5001 })], { videos }],
    [
      'too_many_animations',
      [png({ isAnimated: true }), png({ isAnimated: true })],
      { animations: { ...images, max: 1 } },
    ],
    ['too_many_frames', [png({ isAnimated: true, frames: 9 })], { animations: { ...images, maxFrames: 8 } }],
  ])('meet %s', (code, media, limits) => {
    expect(codes({}, media, { limits: { ...limits } })).toEqual([code])
  })

  it('that cannot be measured are not held against it, and a silent video is fine', () => {
    const limits = { videos: { ...videos, frameRate: { max: 25 }, audioCodecs: ['opus'] } }
    expect(codes({}, [video({ frameRate: null, audioCodec: null })], { limits })).toEqual([])
  })

  it('include thumbnails, which must be there wherever they are given', () => {
    const one = png()
    const gone = 'media_gone' as const
    expect(codes({ media: [{ mediaId: one.id, altText: 'a', thumbnailId: gone }] }, [one])).toEqual([
      'media_not_found',
    ])
    const clip = video()
    const big = png({ bytes: 9 })
    const withThumbnails = { videos: { ...videos, thumbnail: { mimeTypes: ['image/png'], maxBytes: 8 } } }
    const content = { media: [{ mediaId: clip.id, altText: 'a', thumbnailId: big.id }] }
    expect(codes(content, [clip, big], { limits: withThumbnails })).toEqual(['image_too_large'])
    expect(codes(content, [clip, big], { limits: { videos } })).toEqual([])
  })

  it('of several kinds stand together where the platform says so', () => {
    expect(codes({}, [png(), video()], { limits: { videos, mixes: ['image', 'video'] } })).toEqual([])
  })

  it('without alt text, or with one that is not shown, are let through with a word', () => {
    const one = png()
    expect(check({ media: [{ mediaId: one.id }] }, [one])).toMatchObject([
      { code: 'alt_text_missing', severity: 'warning', field: 'content.media.0.altText' },
    ])
    expect(check({}, [one], { limits: { images: { ...images, maxAltTextGraphemes: 0 } } })).toMatchObject([
      { code: 'alt_text_not_shown', severity: 'warning' },
    ])
  })
})

describe('further parts of a post', () => {
  it.each<[string, Partial<Content>, Partial<PostLimits>]>([
    ['title_required', {}, { title: { required: true, limits: [{ unit: 'graphemes', max: 5 }] } }],
    [
      'title_too_long',
      { title: 'abcdef' },
      { title: { required: true, limits: [{ unit: 'graphemes', max: 5 }] } },
    ],
    ['too_many_tags', { tags: ['a', 'b'] }, { tags: { max: 1 } }],
    ['tag_too_long', { tags: ['abc'] }, { tags: { each: [{ unit: 'graphemes', max: 2 }] } }],
    ['tags_too_long', { tags: ['ab', 'cd'] }, { tags: { all: [{ unit: 'graphemes', max: 4 }] } }],
    ['tag_empty', { tags: [' '] }, { tags: {} }],
    ['replies_not_supported', { replies: ['More'] }, { replies: undefined }],
    ['too_many_replies', { replies: ['More', 'more'] }, { replies: { max: 1 } }],
    ['reply_empty', { replies: [' '] }, { replies: { max: 1 } }],
    ['reply_too_long', { replies: ['x'.repeat(301)] }, { replies: { max: 1 } }],
    ['visibility_not_supported', { visibility: 'private' }, {}],
    ['media_required', {}, { textOnly: false }],
  ])('meet %s', (code, content, limits) => {
    expect(codes({ text: 'Hello', ...content }, [], { limits })).toEqual([code])
  })

  it('meet a permission that was not granted, with what to do', () => {
    const limits = { replies: { max: 1, scopes: ['chat'] } }
    const scopes = [{ name: 'chat', need: 'optional' as const, alternatives: ['talk'], why: 'To reply.' }]
    const found = (grantedScopes: string[]) =>
      check({ text: 'Hello', replies: ['More'] }, [], { limits, scopes, grantedScopes })
    expect(found(['read'])).toMatchObject([
      {
        code: 'replies_not_permitted',
        message: expect.stringContaining('chat to POSTMCP_MEMORY_OPTIONAL_SCOPES'),
      },
    ])
    expect(found(['chat'])).toEqual([])
    expect(found(['talk'])).toEqual([])
  })

  it('are not asked of a platform that does not have them', () => {
    expect(codes({ text: 'Hello', title: 'x'.repeat(999), tags: ['x'.repeat(999)] })).toEqual([])
  })

  it('include the description, which takes the place of the text where there is one', () => {
    const limits = { textIsDescription: true }
    expect(codes({ text: 'x'.repeat(301), description: 'Short' }, [], { limits })).toEqual([])
    expect(codes({ text: 'Short', description: 'x'.repeat(301) }, [], { limits })).toEqual(['text_too_long'])
    expect(codes({ text: 'Short', description: 'x'.repeat(301) })).toEqual([])
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
