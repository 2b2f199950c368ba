import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectFacets } from './facets.js'
import { cannedContext, did } from './fixtures/context.js'

const found = { body: { did } }
const missing = { status: 400, body: { error: 'InvalidRequest', message: 'Unable to resolve handle' } }
const resolver = (answers: Record<string, { status?: number; body: unknown }>) =>
  cannedContext({
    'com.atproto.identity.resolveHandle': ({ url }) =>
      answers[new URL(url).searchParams.get('handle') ?? ''] ?? missing,
  })

/** The stretches a reader would see as links, with what they are. */
async function read(text: string, answers: Parameters<typeof resolver>[0] = {}) {
  const { ctx } = resolver(answers)
  const bytes = Buffer.from(text, 'utf8')
  const facets = await detectFacets(ctx, text)
  return facets.map(({ index, features }) => [
    bytes.toString('utf8', index.byteStart, index.byteEnd),
    ...features,
  ])
}

const link = (uri: string) => ({ $type: 'app.bsky.richtext.facet#link', uri })
const tag = (name: string) => ({ $type: 'app.bsky.richtext.facet#tag', tag: name })
const mention = { $type: 'app.bsky.richtext.facet#mention', did }

describe('facets', () => {
  it('are none in plain text', async () => {
    expect(await read('Just words, 3.14 and an @ sign')).toEqual([])
  })

  it('mark links, mentions and tags by bytes, past emoji and accents', async () => {
    const text = 'é👨‍👩‍👧‍👦 https://example.org/a?b=c, @anna.example.org #straße 日本 example.com/x.'
    expect(await read(text, { 'anna.example.org': found })).toEqual([
      ['https://example.org/a?b=c', link('https://example.org/a?b=c')],
      ['@anna.example.org', mention],
      ['#straße', tag('straße')],
      ['example.com/x', link('https://example.com/x')],
    ])
  })

  it('drop mentions of nobody, and ask for each handle once', async () => {
    const text = '@Anna.example.org @nobody.example.org @Anna.example.org @printer.local'
    const { ctx, requests } = resolver({ 'anna.example.org': found })
    const facets = await detectFacets(ctx, text)
    expect(facets.map(({ features }) => features)).toEqual([[mention], [mention]])
    expect(requests).toHaveLength(2)
    expect(new URL(requests[0]!.url).origin).toBe('https://resolver.example.org')
  })

  it('are not given up because nobody can be asked', async () => {
    const { ctx } = cannedContext({
      'com.atproto.identity.resolveHandle': { status: 502, body: { error: 'UpstreamFailure' } },
    })
    await expect(detectFacets(ctx, 'Hello @anna.example.org')).rejects.toMatchObject({
      platformCode: 'UpstreamFailure',
    })
  })

  it('lie on whole characters, in order, and never carry a handle as DID', async () => {
    const pieces = fc.constantFrom(
      'https://a.example.org/ü',
      '@anna.example.org',
      '@x.nobody.org',
      '#täg',
      '👩‍🚀',
      'e\u0301',
      ' ',
      '\n',
      '(',
      ').',
      '日本',
      '\u{1F1E9}\u{1F1EA}',
    )
    const texts = fc.array(fc.oneof(pieces, fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(texts, async (parts) => {
        const text = parts.join('').toWellFormed()
        const bytes = Buffer.from(text, 'utf8')
        const facets = await detectFacets(resolver({ 'anna.example.org': found }).ctx, text)
        for (const { index, features } of facets) {
          expect(index.byteStart).toBeLessThan(index.byteEnd)
          const stretch = new TextDecoder('utf-8', { fatal: true }).decode(
            bytes.subarray(index.byteStart, index.byteEnd),
          )
          expect(text).toContain(stretch)
          for (const feature of features) if ('did' in feature) expect(feature.did).toBe(did)
        }
        expect(facets).toEqual(facets.toSorted((a, b) => a.index.byteStart - b.index.byteStart))
      }),
      { numRuns: 200 },
    )
  })
})
