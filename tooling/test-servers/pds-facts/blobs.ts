import { invalidPost, refusal, type Stage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { pngOf } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeBlobs(stage: Stage): void {
  const { putText, upload } = stage
  describe('blobs', () => {
    const images = (blob: object, count = 1) => ({
      embed: {
        $type: 'app.bsky.embed.images',
        images: Array.from({ length: count }, () => ({ image: blob, alt: '' })),
      },
    })

    it('an image of 2,000,001 bytes uploads and is refused by putRecord; 2,000,000 pass', async () => {
      const large = await upload(pngOf(2_000_001), 'image/png')
      expect(large).toMatchObject({ status: 200, blob: { mimeType: 'image/png', size: 2_000_001 } })
      const problem = 'blob too big (maximum 2000000, got 2000001) at $.record.embed.images[0].image'
      expect(refusal(await putText('large', images(large.blob)))).toEqual(invalidPost(problem))
      const lying = await putText('large', images({ ...large.blob, size: 5 }))
      expect(refusal(lying)).toEqual([
        400,
        'InvalidSize',
        'Referenced Size does not match stored blob. Expected: 2000001, Got: 5',
      ])
      const fitting = await upload(pngOf(2_000_000), 'image/png')
      expect((await putText('fits', images(fitting.blob))).status).toBe(200)
    })

    it('an upload above the limit of the server is 413, at the byte', async () => {
      expect((await upload(new Uint8Array(5_242_880), 'image/png')).status).toBe(200)
      expect(refusal(await upload(new Uint8Array(5_242_881), 'image/png'))).toEqual([
        413,
        'PayloadTooLarge',
        'request entity too large',
      ])
    })

    it('the type is sniffed where the bytes tell, else believed; a missing type is refused', async () => {
      const typeOf = async (bytes: Uint8Array<ArrayBuffer>, contentType: string) =>
        (await upload(bytes, contentType)).blob.mimeType
      expect(await typeOf(pngOf(), 'image/jpeg')).toBe('image/png')
      expect(await typeOf(pngOf(), 'application/octet-stream')).toBe('image/png')
      expect(await typeOf(new TextEncoder().encode('hello'), 'image/png')).toBe('image/png')
      expect((await upload(new Uint8Array(0), 'image/png')).status).toBe(200)
      expect(refusal(await upload(pngOf()))).toEqual([
        400,
        'InvalidRequest',
        'Request encoding (Content-Type) required but not provided',
      ])
    })

    it('a blob that is no image is refused by type, one never uploaded by name', async () => {
      const text = await upload(new TextEncoder().encode('hello there'), 'text/plain')
      const problem = 'Expected "image/*" (got "text/plain") at $.record.embed.images[0].image.mimeType'
      expect(refusal(await putText('text', images(text.blob)))).toEqual(invalidPost(problem))
      const cid = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yaa'
      const unknown = { $type: 'blob', ref: { $link: cid }, mimeType: 'image/png', size: 5 }
      expect(refusal(await putText('unknown', images(unknown)))).toEqual([
        400,
        'BlobNotFound',
        `Could not find blob: ${cid}`,
      ])
    })

    it('the same bytes get the same CID, and four images are the most', async () => {
      const [one, two] = [await upload(pngOf(80), 'image/png'), await upload(pngOf(80), 'image/png')]
      expect(two.blob).toEqual(one.blob)
      expect((await putText('four', images(one.blob, 4))).status).toBe(200)
      const problem = 'array too big (maximum 4, got 5) at $.record.embed.images'
      expect(refusal(await putText('five', images(one.blob, 5)))).toEqual(invalidPost(problem))
      const withoutAlt = { embed: { $type: 'app.bsky.embed.images', images: [{ image: one.blob }] } }
      const missing = 'Missing required key "alt" at $.record.embed.images[0]'
      expect(refusal(await putText('no alt', withoutAlt))).toEqual(invalidPost(missing))
    })
  })
}
