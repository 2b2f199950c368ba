import { Hono } from 'hono'
import { IncomingFile } from '../incoming-file.js'
import { FormError, receiveForm } from '../incoming-form.js'
import type { Media, Resource } from '../world.js'
import { type Caller, readCaller } from './caller.js'
import { findChannel, isMember } from './conversations.js'
import { SlackRefusal } from './errors.js'
import { addMessage } from './messages.js'
import type { SlackState } from './state.js'
import { channelOf } from './workspace.js'

const MAX_ALT_TEXT = 1000

/** A file on its way into a channel. */
interface Upload {
  id: string
  personId: string
  fileName: string
  length: number
  altText: string | null
  media: Media | null
  /** Where it was shared; how often that was asked for, and when it is told. */
  share: { channel: Resource; ts: string; looks: number; readyAt: Date } | null
}

/** Uploads and their sharing. @see https://docs.slack.dev/messaging/working-with-files */
export function createFileRoutes(state: SlackState): Hono {
  const { world, random, badDays, now, base } = state.kit
  const uploads = new Map<string, Upload>()
  /** By what stands in their addresses. */
  const addresses = new Map<string, Upload>()
  const app = new Hono()

  const findFile = ({ person }: Caller, id: string): Upload => {
    const upload = uploads.get(id)
    if (upload?.personId !== person.id) throw new SlackRefusal('file_not_found')
    return upload
  }

  app.on(['GET', 'POST'], '/api/files.getUploadURLExternal', async (c) => {
    const { person, given } = await readCaller(state, c, ['files:write'])
    const { filename = '', length = '', alt_txt: altText = null } = given
    const bytes = Number(length)
    if (filename === '' || !Number.isInteger(bytes) || bytes < 1) throw new SlackRefusal('invalid_arguments')
    if (altText !== null && altText.length > MAX_ALT_TEXT) throw new SlackRefusal('alt_txt_too_large')
    const id = `F0${random.digits(9)}`
    const upload: Upload = {
      id,
      personId: person.id,
      fileName: filename,
      length: bytes,
      altText,
      media: null,
      share: null,
    }
    const secret = random.text(40)
    uploads.set(id, upload)
    addresses.set(secret, upload)
    return c.json({ ok: true, upload_url: `${base()}/upload/v1?upload=${secret}`, file_id: id })
  })

  // Whoever has the address may use it; bytes as they are, or as a part of a form.
  app.post('/upload/v1', async (c) => {
    const upload = addresses.get(c.req.query('upload') ?? '')
    if (!upload || upload.media) return c.text('Bad upload', 404)
    const type = c.req.header('content-type') ?? ''
    const file = type.startsWith('multipart/form-data')
      ? [...(await receiveForm(c.req.raw)).files.values()][0]?.file
      : new IncomingFile()
    if (!file) throw new FormError('There is no file in the form.')
    if (!type.startsWith('multipart/form-data')) await file.receive(c.req.raw.body)
    if (file.bytes !== upload.length) return c.text(`Bad upload - ${file.bytes}`, 400)
    const { personId, fileName, altText } = upload
    const mimeType = typeOf(fileName)
    upload.media = file.finish(world, { personId, mimeType, altText, facts: { fileName } })
    return c.text(`OK - ${upload.length}`)
  })

  app.on(['GET', 'POST'], '/api/files.completeUploadExternal', async (c) => {
    const caller = await readCaller(state, c, ['files:write'])
    const {
      files = '',
      channel_id: channelId,
      initial_comment: text = '',
      thread_ts: threadTs,
    } = caller.given
    const chosen = readFiles(files).map((id) => findFile(caller, id))
    const media = chosen.map((upload) => {
      if (!upload.media || upload.share) throw new SlackRefusal('file_not_found')
      return upload.media
    })
    if (channelId !== undefined) {
      const channel = findChannel(state, { ...caller, given: { channel: channelId } })
      if (channelOf(channel).isArchived) throw new SlackRefusal('is_archived')
      // Here `chat:write.public` does not help.
      if (!isMember(state, caller, channel)) throw new SlackRefusal('not_in_channel')
      const { id: ts } = addMessage(state, caller, channel, {
        text,
        media,
        threadTs,
        fileIds: chosen.map(({ id }) => id),
      })
      const readyAt = new Date(now().getTime() + badDays.mediaSeconds() * 1000)
      for (const upload of chosen) upload.share = { channel, ts, looks: 0, readyAt }
    }
    return c.json({
      ok: true,
      files: chosen.map(({ id, fileName }) => ({ id, title: fileName, permalink: permalinkOf(id) })),
    })
  })

  app.on(['GET', 'POST'], '/api/files.info', async (c) => {
    const caller = await readCaller(state, c, ['files:read'])
    const upload = findFile(caller, caller.given.file ?? '')
    const { id, fileName, length, media, share } = upload
    // Sharing goes on after its answer: at the first look it is never there.
    const isTold = share !== null && share.looks++ > 0 && now() >= share.readyAt
    const place = share && channelOf(share.channel).isPrivate ? 'private' : 'public'
    return c.json({
      ok: true,
      file: {
        id,
        name: fileName,
        mimetype: media?.mimeType ?? '',
        size: length,
        permalink: permalinkOf(id),
        shares: isTold ? { [place]: { [share.channel.id]: [{ ts: share.ts }] } } : {},
      },
      comments: [],
    })
  })

  app.on(['GET', 'POST'], '/api/files.delete', async (c) => {
    const caller = await readCaller(state, c, ['files:write'])
    uploads.delete(findFile(caller, caller.given.file ?? '').id)
    return c.json({ ok: true })
  })

  const permalinkOf = (id: string): string => `${base()}/files/${id}`
  app.get('/files/:id', (c) => {
    const media = uploads.get(c.req.param('id'))?.media
    return media ? c.redirect(state.kit.mediaUrl(media.id)) : c.notFound()
  })
  return app
}

/** A file as it stands in a message. */
export const describeShared = (id: string, { mimeType, byteLength, facts }: Media) => ({
  id,
  name: String(facts.fileName),
  mimetype: mimeType,
  size: byteLength,
})

/** The ids of files: a list of objects, as JSON. */
function readFiles(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list) && list.length > 0) return list.map((one) => String(Object(one).id))
  } catch {
    // As for any other text.
  }
  throw new SlackRefusal('invalid_arguments')
}

const TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
}

/** Slack goes by the name. */
const typeOf = (fileName: string): string =>
  TYPES[fileName.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream'
