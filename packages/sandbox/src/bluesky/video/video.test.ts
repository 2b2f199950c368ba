import { request } from 'node:http'
import { AtpAgent } from '@atproto/api'
import { nextTid, putPost, xrpc } from '@postmcp/tooling/test-servers/xrpc-calls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PlatformHandle } from '../../platform-handle.js'
import { type RunningSandbox, startSandbox } from '../../server.js'
import { cidOfBytes } from '../cid.js'
import { createBluesky } from '../index.js'
import { Permissions } from '../permissions.js'
import { serviceDid } from '../sessions.js'

const UPLOAD_BLOB = 'com.atproto.repo.uploadBlob'
const LIMITS = 'app.bsky.video.getUploadLimits'
const VIDEO_SERVICE = 'did:web:video.bsky.app'

let running: RunningSandbox
let handle: PlatformHandle
let video: string
let did: string
let session: unknown

beforeEach(async () => {
  running = await startSandbox({ platforms: [createBluesky()] })
  handle = running.platform('bluesky')
  video = handle.endpoints.video ?? ''
  did = handle.world.people()[0]?.id ?? ''
  session = await logIn(did)
})
afterEach(() => running.close())

async function logIn(who: string) {
  const { appPassword: password } = handle.connectFields(who)
  const answer = await xrpc(handle.base, 'com.atproto.server.createSession', {
    body: { identifier: who, password },
  })
  return answer.json.accessJwt
}

async function serviceToken(query: Record<string, string> = {}, auth = session): Promise<string> {
  const asked = { aud: serviceDid(handle.kit), lxm: UPLOAD_BLOB, ...query }
  const answer = await xrpc(handle.base, 'com.atproto.server.getServiceAuth', { query: asked, auth })
  if (typeof answer.json.token === 'string') return answer.json.token
  throw new Error(`No token came, but ${answer.text}`)
}
const inSeconds = (seconds: number) => String(Math.floor(handle.kit.now().getTime() / 1000) + seconds)

/** The beginning of an MP4, and something that makes it another one. */
const mp4 = (text = 'one') =>
  new Uint8Array(Buffer.concat([Buffer.from('0000001866747970', 'hex'), Buffer.from(`isom${text}`)]))

async function upload(
  bytes: Uint8Array<ArrayBuffer>,
  { token, who = did, type = 'video/mp4' }: { token?: unknown; who?: string; type?: string } = {},
) {
  const query = new URLSearchParams({ did: who, name: 'clip.mp4' })
  const answer = await fetch(`${video}/xrpc/app.bsky.video.uploadVideo?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token ?? (await serviceToken())}`, 'content-type': type },
    body: bytes,
  })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
}
const start = async (...how: Parameters<typeof upload>) => String((await upload(...how)).json.jobId)
const statusOf = async (jobId: string) =>
  (await xrpc(video, 'app.bsky.video.getJobStatus', { query: { jobId } })).json.jobStatus as {
    state: string
    blob?: { ref: { $link: string } }
  }
const limits = async () => {
  const auth = await serviceToken({ aud: VIDEO_SERVICE, lxm: LIMITS })
  return xrpc(video, LIMITS, { query: {}, auth })
}
const refused = (error: string) => ({ did: '', error, jobId: '', state: '' })

describe('a video', () => {
  it('is taken with a token for the PDS, made into another file, and ready to be posted from there', async () => {
    const { status, json } = await upload(mp4())
    expect([status, json]).toEqual([
      200,
      { jobId: expect.stringMatching(/^[0-9a-v]{20}$/), did, state: 'JOB_STATE_CREATED' },
    ])
    const { blob, ...done } = await statusOf(String(json.jobId))
    expect(done).toEqual({ jobId: json.jobId, did, state: 'JOB_STATE_COMPLETED', progress: 100 })
    expect(blob).toMatchObject({ $type: 'blob', mimeType: 'video/mp4' })
    expect(blob?.ref.$link).not.toBe(cidOfBytes(mp4()))

    const embed = { $type: 'app.bsky.embed.video', video: blob, alt: 'A cat' }
    const written = await xrpc(handle.base, 'com.atproto.repo.putRecord', {
      body: putPost(did, nextTid(), 'Look', { embed }),
      auth: session,
    })
    expect(written.status).toBe(200)
    expect(handle.world.posts()[0]?.media).toMatchObject([{ mimeType: 'video/mp4', altText: 'A cat' }])
    const page = await fetch(
      `${handle.base}/profile/${did}/post/${String(written.json.uri).split('/').at(-1)}`,
    )
    expect(await page.text()).toContain('Video: A cat')
  })

  it('goes through all states while uploads are slow', async () => {
    handle.badDays.set({ fault: 'slow_media', seconds: 70 })
    const jobId = await start(mp4(), { token: await serviceToken({ exp: inSeconds(1800) }) })
    const seen = [await statusOf(jobId)]
    for (const seconds of [15, 10, 10, 10, 10, 10]) {
      handle.clock.advance(seconds)
      seen.push(await statusOf(jobId))
    }
    expect(seen.map(({ state }) => state.replace('JOB_STATE_', ''))).toEqual([
      'CREATED',
      'ENCODING',
      'ENCODED',
      'SCANNING',
      'SCANNED',
      'UPLOADING',
      'UPLOADED',
    ])
    expect(seen[1]).toMatchObject({ progress: expect.any(Number) })
    for (const status of seen) expect(status).not.toHaveProperty('blob')
    handle.clock.advance(10)
    expect(await statusOf(jobId)).toMatchObject({ state: 'JOB_STATE_COMPLETED', blob: {} })
  })

  it('that was made already is not made again: the refusal names the job that has it', async () => {
    const jobId = await start(mp4())
    const before = await statusOf(jobId)
    const again = await upload(mp4())
    expect([again.status, again.json]).toEqual([
      409,
      {
        did,
        error: 'already_exists',
        jobId,
        message: 'Video already processed',
        state: 'JOB_STATE_COMPLETED',
      },
    ])
    expect(await statusOf(jobId)).toEqual(before)
    expect((await upload(mp4('two'))).status).toBe(200)
    const ben = handle.world.people()[1]?.id ?? ''
    const token = await serviceToken({}, await logIn(ben))
    expect((await upload(mp4(), { token, who: ben })).status).toBe(200)
  })

  it.each<[string, string, () => Promise<string>]>([
    ['is none', 'validation_failure', () => start(new Uint8Array(Buffer.from('Hello')))],
    [
      'takes longer than its token lives',
      'pds_upload_failure',
      async () => {
        handle.badDays.set({ fault: 'slow_media', seconds: 120 })
        return start(mp4(), { token: await serviceToken({ exp: inSeconds(100) }) })
      },
    ],
    [
      'is of an account that is gone meanwhile',
      'pds_upload_failure',
      async () => {
        const jobId = await start(mp4())
        handle.world.setCondition(did, 'deleted')
        return jobId
      },
    ],
  ])('that %s fails, and may be sent once more', async (_, failureCode, begin) => {
    const jobId = await begin()
    handle.clock.advance(120)
    expect(await statusOf(jobId)).toEqual({
      jobId,
      did,
      state: 'JOB_STATE_FAILED',
      error: `video processing error for job: ${jobId}`,
      failureCode,
      message: 'Failed to process video',
    })
    handle.world.setCondition(did, 'active')
    handle.badDays.heal()
    session = await logIn(did)
    expect((await upload(mp4())).status).toBe(200)
  })

  it('of another kind is wrapped up, and one that calls itself something else refused', async () => {
    const webm = new Uint8Array(Buffer.from('1a45dfa3000000', 'hex'))
    const { blob } = await statusOf(await start(webm, { type: 'video/webm' }))
    expect(blob).toMatchObject({ mimeType: 'video/mp4' })
    const { status, json } = await upload(mp4(), { type: 'text/plain' })
    expect([status, json]).toEqual([400, refused('unsupported content type: text/plain')])
  })
})

describe('the video service', () => {
  it('takes only tokens for the PDS of the account and for uploads to it', async () => {
    const pds = serviceDid(handle.kit)
    const ben = handle.world.people()[1]?.id ?? ''
    const audience = `invalid token audience "${VIDEO_SERVICE}", should be the user's PDS DID "${pds}"`
    const cases: [token: unknown, problem: string][] = [
      [session, 'poorly formatted jwt'],
      ['garbage', 'poorly formatted jwt'],
      [await serviceToken({ aud: VIDEO_SERVICE }), audience],
      [await serviceToken({ lxm: LIMITS }), `bad jwt lexicon method ("lxm"). must match: ${UPLOAD_BLOB}`],
      [await serviceToken({}, await logIn(ben)), 'it is of another account'],
    ]
    for (const [token, problem] of cases) {
      const { status, json } = await upload(mp4(), { token })
      expect([status, json]).toEqual([401, refused(`invalid token: ${problem}`)])
    }
    const short = await serviceToken({ exp: inSeconds(30) })
    handle.clock.advance(31)
    expect((await upload(mp4(), { token: short })).json).toEqual(refused('invalid token: jwt expired'))
  })

  it('refuses by its size alone what is too large', async () => {
    const url = `${video}/xrpc/app.bsky.video.uploadVideo?did=${did}&name=clip.mp4`
    const authorization = `Bearer ${await serviceToken()}`
    const headers = { authorization, 'content-type': 'video/mp4', 'content-length': 300_000_001 }
    const text = await new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers }, (answer) => {
        answer.setEncoding('utf8').once('data', (chunk) => {
          resolve(chunk)
          sent.destroy()
        })
      })
      sent.on('error', reject)
      sent.write('a')
    })
    const problem = 'file size (300000001 bytes) is larger than the maximum allowed size (300000000 bytes)'
    expect(JSON.parse(String(text))).toEqual(refused(problem))
  })

  it('lets 25 videos pass in a day, and tells how many are left to who asks with a token for it', async () => {
    expect((await limits()).json).toEqual({
      canUpload: true,
      remainingDailyVideos: 25,
      remainingDailyBytes: 10_000_000_000,
    })
    for (let number = 0; number < 25; number++) expect((await upload(mp4(`${number}`))).status).toBe(200)
    expect((await limits()).json).toMatchObject({
      canUpload: false,
      remainingDailyVideos: 0,
      message: 'User has exceeded daily upload videos limit',
    })
    const { status, json } = await upload(mp4('more'))
    expect([status, json]).toEqual([400, refused('User has exceeded daily upload videos limit')])
    handle.clock.advance(86_400)
    session = await logIn(did)
    expect((await upload(mp4('more'))).status).toBe(200)

    const other = await xrpc(video, LIMITS, { query: {}, auth: await serviceToken({ lxm: LIMITS }) })
    expect([other.status, other.json.error]).toEqual([401, 'BadJwtAudience'])
  })

  it('takes nothing from who has not confirmed an e-mail address', async () => {
    handle.world.setCondition(did, 'unconfirmed_email')
    const { json } = await upload(mp4())
    expect(json).toEqual({ jobStatus: { did: '', error: 'unconfirmed_email', jobId: '', state: '' } })
    expect((await limits()).json).toMatchObject({
      canUpload: false,
      message: 'Confirm your email address to upload videos',
    })
    const shown = await xrpc(handle.base, 'com.atproto.server.getSession', { query: {}, auth: session })
    expect(shown.json).toMatchObject({ emailConfirmed: false, active: true })
  })

  it('knows its own jobs only', async () => {
    const ask = (query: Record<string, string>) => xrpc(video, 'app.bsky.video.getJobStatus', { query })
    expect((await ask({})).json).toEqual(refused('missing jobId'))
    expect((await ask({ jobId: 'unknown' })).json).toEqual(refused('job not found'))
    expect((await xrpc(video, 'com.atproto.server.describeServer', { query: {} })).status).toBe(501)
  })

  it('has bad days like all else', async () => {
    handle.badDays.set({ fault: 'server_error', path: '/video', times: 1 })
    expect((await upload(mp4())).status).toBe(500)
    expect((await upload(mp4())).status).toBe(200)
  })

  it("is understood by Bluesky's own client", async () => {
    const agent = new AtpAgent({
      service: handle.base,
      fetch: (address, init) => {
        const asked = new Request(address, init)
        return fetch(new Request(asked.url.replace(handle.base, video), asked))
      },
    })
    const jobId = await start(mp4())
    const { data } = await agent.app.bsky.video.getJobStatus({ jobId })
    expect(data.jobStatus).toMatchObject({ state: 'JOB_STATE_COMPLETED', blob: { mimeType: 'video/mp4' } })
    const authorization = `Bearer ${await serviceToken({ aud: VIDEO_SERVICE, lxm: LIMITS })}`
    const told = await agent.app.bsky.video.getUploadLimits({}, { headers: { authorization } })
    expect(told.data).toMatchObject({ canUpload: true, remainingDailyVideos: 24 })
  })
})

it('is open to OAuth with the right to let another service upload', () => {
  const pds = serviceDid(handle.kit)
  const allowed = (scope: string, method = UPLOAD_BLOB) => {
    try {
      new Permissions(['atproto', scope]).assertRpc(method, pds)
      return 'allowed'
    } catch (error) {
      return (error as Error).message
    }
  }
  const missing = `Missing required scope "rpc:${UPLOAD_BLOB}?aud=${pds}"`
  expect(allowed('rpc:com.atproto.repo.uploadBlob?aud=*')).toBe('allowed')
  expect(allowed('transition:generic')).toBe('allowed')
  expect(allowed('blob:*/*')).toBe(missing)
  expect(allowed('rpc:app.bsky.video.getUploadLimits?aud=*')).toBe(missing)
  expect(allowed('transition:generic', 'chat.bsky.convo.listConvos')).toContain('Missing required scope')
})
