import { PostMcpError, type ProviderContext, type PublishInput } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

const text = z.string().nullish()

/** Some answers leave the zone out, which is that of Greenwich. */
const instant = z
  .string()
  .transform((time) => new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(time) ? time : `${time}Z`))
  .refine((time) => !Number.isNaN(time.getTime()))

const pinForm = z.object({
  id: z.string(),
  created_at: instant,
  title: text,
  description: text,
  link: text,
  is_owner: z.boolean().nullish(),
  media: z.object({ media_type: text }).nullish(),
})
type Pin = z.infer<typeof pinForm>

const requestForm = z.object({
  title: text,
  description: text,
  link: text,
  media_source: z.object({ source_type: z.string() }),
})
type Wanted = z.infer<typeof requestForm>

/** What Pinterest calls the media of a Pin, by what they were created from. */
const mediaTypes: Record<string, string> = {
  image_base64: 'image',
  multiple_image_base64: 'multiple_images',
  video_id: 'video',
}

/** Their clock and ours may differ, and a Pin may be created some time after it was asked for. */
const earlierMs = 2 * 60 * 1000
const laterMs = 10 * 60 * 1000

const mostPages = 20

/**
 * Looks for a Pin on its board. Ours has our title, description, link and kind of media, is the person's own, and was created between
 * two minutes before the attempt and ten after it began.
 * @returns its id; null where it is certainly not there
 * @throws PostMcpError `outcome_unknown` where several could be it, or the board cannot be read to the end of that time
 */
export async function findPin(
  ctx: ProviderContext,
  { access, account, sentAt }: Pick<PublishInput, 'access' | 'account'> & { sentAt: Date },
  request: string,
): Promise<string | null> {
  if (account.settings.privacy === 'SECRET' && !access.grantedScopes.includes('pins:read_secret')) {
    throw unknown('Pins on secret boards cannot be read with what was granted.')
  }
  const wanted = requestForm.parse(JSON.parse(request))
  const from = sentAt.getTime() - earlierMs
  const to = sentAt.getTime() + laterMs
  const seen: Pin[] = []
  let bookmark: string | undefined
  for (let page = 0; ; page++) {
    if (page === mostPages) throw unknown('The board has more Pins than we can look through.')
    const found = await readPins(ctx, access, account.targetId, bookmark)
    seen.push(...found.items)
    if (!found.bookmark || isPast(seen, from)) break
    bookmark = found.bookmark
  }
  const ours = seen.filter(
    (pin) => pin.created_at.getTime() >= from && pin.created_at.getTime() <= to && isEqual(pin, wanted),
  )
  if (ours.length > 1) throw unknown('Several Pins look like it.')
  return ours[0]?.id ?? null
}

const unknown = (message: string) => new PostMcpError('outcome_unknown', message, { platform: 'pinterest' })

const readPins = (ctx: ProviderContext, access: PublishInput['access'], boardId: string, bookmark?: string) =>
  callApi(ctx, {
    path: `/boards/${encodeURIComponent(boardId)}/pins`,
    query: { page_size: '250', ...(bookmark !== undefined && { bookmark }) },
    access,
    answer: z.object({ items: z.array(pinForm), bookmark: text }),
  })

/** Whether all that comes is older. That the newest come first is not documented: it is believed only where it was so up to here. */
function isPast(seen: readonly Pin[], from: number): boolean {
  const times = seen.map((pin) => pin.created_at.getTime())
  const isDescending = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? time))
  return isDescending && (times.at(-1) ?? from) < from
}

const plain = (value: string | null | undefined) =>
  (value ?? '').normalize('NFC').replaceAll(/\s+/g, ' ').trim()

function isEqual(pin: Pin, wanted: Wanted): boolean {
  const mediaType = pin.media?.media_type ?? null
  return (
    plain(pin.title) === plain(wanted.title) &&
    plain(pin.description) === plain(wanted.description) &&
    plain(pin.link) === plain(wanted.link) &&
    pin.is_owner !== false &&
    (mediaType === null || mediaType === mediaTypes[wanted.media_source.source_type])
  )
}
