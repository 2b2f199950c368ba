import { invalidPost, refusal, type Stage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { nextTid, postCollection } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeRecords(stage: Stage): void {
  const { putText } = stage
  describe('records', () => {
    const family = '👨‍👩‍👧‍👦'

    it('text: 300 graphemes and 3000 bytes, both', async () => {
      expect(family).toHaveLength(11)
      expect((await putText('a'.repeat(300))).status).toBe(200)
      const graphemes = 'grapheme too big (maximum 300, got 301) at $.record.text'
      expect(refusal(await putText('a'.repeat(301)))).toEqual(invalidPost(graphemes))
      expect((await putText(family.repeat(120))).status).toBe(200)
      const bytes = 'string too big (maximum 3000, got 3025) at $.record.text'
      expect(refusal(await putText(family.repeat(121)))).toEqual(invalidPost(bytes))
      expect((await putText('')).status).toBe(200)
    })

    it('facets: a link must be an address, the range is not looked at', async () => {
      const facet = (uri: string, byteStart: number, byteEnd: number) => ({
        facets: [
          { index: { byteStart, byteEnd }, features: [{ $type: 'app.bsky.richtext.facet#link', uri }] },
        ],
      })
      expect((await putText('x', facet('https://example.com', 50, 3))).status).toBe(200)
      const problem = 'Invalid uri (got "nope") at $.record.facets[0].features[0].uri'
      expect(refusal(await putText('x', facet('nope', 0, 1)))).toEqual(invalidPost(problem))
    })

    it('at most three languages; unknown embeds and fields pass unseen', async () => {
      const problem = 'array too big (maximum 3, got 4) at $.record.langs'
      expect(refusal(await putText('x', { langs: ['en', 'de', 'fr', 'it'] }))).toEqual(invalidPost(problem))
      expect((await putText('x', { embed: { $type: 'app.bsky.embed.nonsense' }, nonsense: 1 })).status).toBe(
        200,
      )
    })

    it('getRecord of a missing record is 400 RecordNotFound, of an unknown repository 400 InvalidRequest', async () => {
      const rkey = nextTid()
      const get = (repo: string) =>
        stage.call('com.atproto.repo.getRecord', { query: { repo, collection: postCollection, rkey } })
      const uri = `at://${stage.account.did}/app.bsky.feed.post/${rkey}`
      expect(refusal(await get(stage.account.did))).toEqual([
        400,
        'RecordNotFound',
        `Could not locate record: ${uri}`,
      ])
      const elsewhere = await get('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
      expect(refusal(elsewhere)).toEqual([400, 'InvalidRequest', 'Could not locate record'])
    })

    it('deleteRecord of a missing record is 200 with an empty object', async () => {
      const body = { repo: stage.account.did, collection: postCollection, rkey: nextTid() }
      expect(await stage.call('com.atproto.repo.deleteRecord', { auth: stage.auth, body })).toMatchObject({
        status: 200,
        text: '{}',
      })
    })

    it('a JSON body above 1 MB is 413', async () => {
      const answer = await putText('x', { pad: 'y'.repeat(1_100_000) })
      expect(refusal(answer)).toEqual([413, 'PayloadTooLargeError', 'request entity too large'])
    })
  })
}
