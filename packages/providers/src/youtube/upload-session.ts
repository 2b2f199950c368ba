import {
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
} from '@postmcp/core'
import { z } from 'zod'
import { endpoint, toError } from './api.js'

/** What is uploaded, as it is announced. */
export interface Upload {
  /** The video resource, as JSON. */
  resource: string
  notifySubscribers: boolean
  mimeType: string
  total: number
}

/** A video as the answer to its last chunk shows it. */
export const videoForm = z.object({
  id: z.string().regex(/^[\w-]{1,64}$/),
  status: z.object({ privacyStatus: z.string() }),
})
export type Video = z.infer<typeof videoForm>

/** Where an upload stands: so many bytes have arrived, or the video is there, or YouTube has forgotten the session. */
export type UploadState = { stored: number } | { video: Video } | 'gone'

type Access = Pick<PublishInput, 'access' | 'secrets'>

/** Longer than the default: a chunk may go over a slow line. The step's own deadline holds as well. */
const chunkMs = 300_000

/**
 * Opens an upload session. Nothing is made by that; a session that is not used is forgotten.
 * @returns its address, which is as good as a token
 */
export async function openSession(
  ctx: ProviderContext,
  { access }: Pick<PublishInput, 'access'>,
  { resource, notifySubscribers, mimeType, total }: Upload,
): Promise<string> {
  const token = access.tokens.accessToken
  const path = '/upload/youtube/v3/videos'
  const query = new URLSearchParams({
    uploadType: 'resumable',
    part: 'snippet,status',
    notifySubscribers: String(notifySubscribers),
  })
  const response = await ctx.http.request({
    method: 'POST',
    url: `${endpoint(ctx, 'api')}${path}?${query}`,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json; charset=UTF-8',
      'x-upload-content-length': String(total),
      'x-upload-content-type': mimeType,
    },
    body: resource,
  })
  if (response.status !== 200) throw toError(ctx, { path, hidden: [token] }, response)
  return readLocation(ctx, response.headers.get('location') ?? '')
}

/** @throws MalformedResponseError for an address at which nobody may hear our token: another host than the API's */
function readLocation(ctx: ProviderContext, location: string): string {
  const api = new URL(endpoint(ctx, 'api'))
  const url = URL.canParse(location) ? new URL(location) : null
  const isGoogle = (one: URL) => one.protocol === 'https:' && one.hostname.endsWith('.googleapis.com')
  if (url && (url.origin === api.origin || (isGoogle(api) && isGoogle(url)))) return url.href
  throw new MalformedResponseError('YouTube named no address for the upload.')
}

/**
 * Sends a part of the file. Whatever else than progress comes of it, the session is asked where it stands: it may have more of the
 * file than we know of, from a request whose answer was lost, and it refuses a part that leaves a gap (with status 503:
 * https://github.com/Byron/google-apis-rs/issues/438, 2023-08-08).
 */
export async function sendChunk(
  ctx: ProviderContext,
  input: PublishInput,
  { start, end, total }: { start: number; end: number; total: number },
): Promise<UploadState> {
  const [media] = input.content.media
  if (!media) throw new PostMcpError('media_invalid', 'There is no video to upload.')
  try {
    return await put(ctx, input, {
      headers: { 'content-type': media.mimeType, 'content-range': `bytes ${start}-${end - 1}/${total}` },
      body: media.stream({ start, end }),
      timeoutMs: chunkMs,
    })
  } catch (error) {
    if (!(error instanceof PlatformError) || !isAboutPlace(error)) throw error
    const state = await askSession(ctx, input, total).catch(() => null)
    const isNews = state !== null && (state === 'gone' || 'video' in state || state.stored !== start)
    if (!isNews) throw error
    return state
  }
}

const isAboutPlace = ({ status }: PlatformError) => status === 400 || status === 416 || status >= 500

/** Asks a session where it stands. Sends no part of the file. */
export const askSession = (ctx: ProviderContext, input: Access, total: number): Promise<UploadState> =>
  put(ctx, input, { headers: { 'content-range': `bytes */${total}` }, body: '' })

async function put(
  ctx: ProviderContext,
  { access, secrets }: Access,
  request: Pick<HttpRequest, 'headers' | 'body' | 'timeoutMs'>,
): Promise<UploadState> {
  const { session } = secrets
  if (session === undefined) return 'gone'
  const token = access.tokens.accessToken
  const response = await ctx.http.request({
    ...request,
    method: 'PUT',
    url: session,
    headers: { authorization: `Bearer ${token}`, ...request.headers },
  })
  const id = new URL(session).searchParams.get('upload_id')
  return readState(ctx, response, [token, session, ...(id ? [id] : [])])
}

function readState(ctx: ProviderContext, response: HttpResponse, hidden: readonly string[]): UploadState {
  const { status, headers, json } = response
  // 308 without a range: nothing has arrived.
  if (status === 308) return { stored: lastByte(headers.get('range')) + 1 }
  // How a session ends that nobody used for about a week is remembered, not documented.
  if (status === 404 || status === 410) return 'gone'
  if (status !== 200 && status !== 201)
    throw toError(ctx, { path: 'the upload', hidden, isPlain: true }, response)
  const parsed = videoForm.safeParse(json)
  if (!parsed.success) throw new MalformedResponseError('The answer to the upload is no video.')
  return { video: parsed.data }
}

function lastByte(range: string | null): number {
  if (range === null) return -1
  const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(range) ?? []
  if (last === undefined) throw new MalformedResponseError('YouTube did not say how much has arrived.')
  return Number(last)
}
