import { PostMcpError, type PublishInput, type PublishMedia, type StreamBody } from '@postmcp/core'

/** The one alt text of a Pin: those of all its pictures, in their order. */
export const altTextOf = (altTexts: readonly string[]): string =>
  altTexts
    .map((text) => text.trim())
    .filter(Boolean)
    .join('\n')

/**
 * A Pin as it is created, as JSON without the bytes of its pictures, which `bodyOf` puts in.
 * @param mediaId of a video that was uploaded; null for pictures
 * @see https://developers.pinterest.com/docs/api/v5/pins-create (2026-11-22)
 */
export function describePin(
  { account, content, options }: Pick<PublishInput, 'account' | 'content' | 'options'>,
  mediaId: string | null,
): string {
  const { title, text, link, media } = content
  const altText = altTextOf(media.map((file) => file.altText))
  const { boardSectionId, dominantColor } = options
  return JSON.stringify({
    board_id: account.targetId,
    ...(boardSectionId !== undefined && { board_section_id: boardSectionId }),
    ...(title?.trim() && { title: title.trim() }),
    ...(text.trim() !== '' && { description: text }),
    ...(altText !== '' && { alt_text: altText }),
    ...(link && { link: link.url }),
    ...(dominantColor !== undefined && { dominant_color: dominantColor }),
    media_source: mediaId === null ? pictures(media, options) : video(media, mediaId, options),
  })
}

const picture = ({ mimeType }: PublishMedia, index: number) => ({
  content_type: mimeType,
  data: placeOf(index),
})

function pictures(media: readonly PublishMedia[], { coverIndex }: PublishInput['options']) {
  const [first] = media
  if (!first)
    throw new PostMcpError('validation_failed', 'Pinterest takes no Pin without a picture or video.')
  if (media.length === 1) return { source_type: 'image_base64', ...picture(first, 0) }
  return { source_type: 'multiple_image_base64', items: media.map(picture), index: coverIndex ?? 0 }
}

/** A video needs a cover, as others found out. */
function video(
  [first]: readonly PublishMedia[],
  media_id: string,
  { coverSeconds }: PublishInput['options'],
) {
  const source = { source_type: 'video_id', media_id }
  if (!first?.thumbnail) return { ...source, cover_image_key_frame_time: coverSeconds ?? 0 }
  const { content_type, data } = picture(first.thumbnail, 0)
  return { ...source, cover_image_content_type: content_type, cover_image_data: data }
}

const placeOf = (index: number): string => `picture ${index}`

/** A place as it stands in JSON. What a user writes cannot look like this: quotes in it are escaped. */
const place = /(data":")picture (\d+)(?=")/

/** The files whose bytes a request carries. */
const filesOf = ({ media: [first, ...others] }: PublishInput['content']): PublishMedia[] =>
  first?.kind === 'video' ? (first.thumbnail ? [first.thumbnail] : []) : first ? [first, ...others] : []

/** The request with its pictures in Base64, never held whole, and the same bytes every time. */
export function bodyOf(request: string, content: PublishInput['content']): StreamBody {
  const files = filesOf(content)
  // Texts and numbers of places in turn; each `data":"` belongs to the text before it.
  const parts = request.split(place)
  const pieces: (Uint8Array | PublishMedia)[] = []
  for (let at = 0; at < parts.length; at += 3) {
    pieces.push(new TextEncoder().encode(`${parts[at] ?? ''}${parts[at + 1] ?? ''}`))
    const number = parts[at + 2]
    if (number === undefined) continue
    const file = files[Number(number)]
    if (!file) throw new PostMcpError('media_invalid', 'A picture of the Pin is no longer there.')
    pieces.push(file)
  }
  const lengthOf = (piece: Uint8Array | PublishMedia) =>
    'byteLength' in piece ? piece.byteLength : Math.ceil(piece.bytes / 3) * 4
  return {
    bytes: pieces.reduce((sum, piece) => sum + lengthOf(piece), 0),
    async *open() {
      for (const piece of pieces) {
        if ('byteLength' in piece) yield piece
        else yield* toBase64(piece.stream().open())
      }
    },
  }
}

/** Three bytes are four characters: what is left of a piece waits for the next. */
async function* toBase64(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array()
  for await (const piece of bytes) {
    const whole = Buffer.concat([rest, piece])
    const end = whole.byteLength - (whole.byteLength % 3)
    rest = whole.subarray(end)
    if (end > 0) yield Buffer.from(whole.subarray(0, end).toString('base64'), 'latin1')
  }
  if (rest.byteLength > 0) yield Buffer.from(Buffer.from(rest).toString('base64'), 'latin1')
}
