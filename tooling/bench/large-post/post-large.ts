import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { startChild } from '../child.js'
import { createEmptyDatabase, grownVideo } from '../core.js'
import { type ProductProcess, startProduct, upload } from '../product-process.js'
import { Expectations, type Report } from '../report.js'
import { publicUrl } from '../sandbox.js'
import { openClient } from './client.js'
import type { FromPlatforms, ToPlatforms } from './messages.js'

export interface LargePostOptions {
  /** Of a role that may create databases. */
  postgresUrl: string
  bytes: number
  /** Ids of platforms that take a video of that size. */
  platforms: readonly string[]
}

/** What a process may need more than before, whatever the size of the file. */
const maxGrowth = 100_000_000
/** TikTok takes no smaller pictures; a second of them has 5 MB. */
const sample = { width: 368, height: 368, seconds: 1 }
const smallBytes = 6_000_000

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

/** A video of so many bytes that can be played, on disk. @returns its hash */
async function writeVideo(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(
    grownVideo(bytes, sample),
    async function* (chunks) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path),
  )
  return hash.digest('hex')
}

/** A file and nothing around it: one request. @returns the hash of what arrived */
async function sendBare(url: string, path: string, bytes: number): Promise<string> {
  const sending = request(url, { method: 'PUT', headers: { 'content-length': bytes } })
  const answered = new Promise<string>((resolve, reject) => {
    sending.on('response', (answer) => textOf(answer).then(resolve, reject)).on('error', reject)
  })
  await pipeline(createReadStream(path), sending)
  return answered
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const began = performance.now()
  const result = await work()
  return { seconds: (performance.now() - began) / 1000, result }
}

/**
 * A large video goes through an API and a worker, each in a process of its own, to simulated platforms in a third one; and the same
 * bytes go there bare.
 */
export async function postLarge({ postgresUrl, bytes, platforms }: LargePostOptions): Promise<Report> {
  const database = await createEmptyDatabase(postgresUrl)
  const folder = await mkdtemp(join(tmpdir(), 'postmcp-large-'))
  await chmod(folder, 0o711)
  const world = startChild<ToPlatforms, FromPlatforms>('large-post/platforms')
  const running: ProductProcess[] = []
  try {
    const { env: platformEnv, bareUrl } = await world.next('ready')
    const dataDir = join(folder, 'data')
    const env = {
      DATABASE_URL: database.connectionString,
      POSTMCP_DATA_DIR: dataDir,
      POSTMCP_PUBLIC_URL: publicUrl,
      POSTMCP_SANDBOX: 'off',
      POSTMCP_LOG_LEVEL: 'warn',
      ...platformEnv,
    }
    const start = async (role: 'api' | 'worker') => {
      const started = await startProduct(role, env)
      running.push(started)
      return started
    }
    const api = await start('api')
    const worker = await start('worker')
    const key = (await readFile(join(dataDir, 'api-key'), 'utf8')).trim()
    const client = openClient(api.url, key)
    const accounts = new Map<string, string>()
    for (const platform of platforms) accounts.set(platform, await client.connect(platform))

    // What is loaded once is not counted.
    const small = await upload(api.url, key, grownVideo(smallBytes, sample), smallBytes)
    await client.publish({ text: 'small', mediaId: small.id, accounts })
    const [apiBefore, workerBefore] = [await api.memory(), await worker.memory()]

    const path = join(folder, 'large.mp4')
    const sha256 = await writeVideo(path, bytes)
    const uploaded = await timed(() => upload(api.url, key, createReadStream(path), bytes))
    const apiGrowth = (await api.memory()).peak - apiBefore.now
    const mediaId = uploaded.result.id
    const published = await timed(() => client.publish({ text: 'large', mediaId, accounts }))
    const workerGrowth = (await worker.memory()).peak - workerBefore.now
    const copies = bytes * platforms.length
    const bare = await timed(() => Promise.all(platforms.map(() => sendBare(bareUrl, path, bytes))))

    const answer = world.next('files')
    world.send({ type: 'files' })
    const files = (await answer).files.filter(({ text }) => text === 'large')
    const expected = new Expectations()
    expected.equal('the hash of what was uploaded', uploaded.result.sha256, sha256)
    for (const { platform, state, failure } of published.result) {
      expected.equal(`${platform} (${failure?.code ?? 'no failure'})`, state, 'published')
    }
    for (const platform of platforms) {
      const arrived = files.filter((file) => file.platform === platform)
      expected.equal(`posts at ${platform}`, arrived.length, 1)
      for (const file of arrived) expected.equal(`the hash at ${platform}`, file.sha256, sha256)
    }
    for (const arrived of bare.result) expected.equal('the hash of what went bare', arrived, sha256)
    expected.below('growth of the API', apiGrowth, maxGrowth)
    expected.below('growth of the worker', workerGrowth, maxGrowth)
    const speed = (sent: number, seconds: number) => `${seconds.toFixed(1)} s, ${mb(sent / seconds)} a second`
    return {
      title: `A video of ${mb(bytes)} to ${platforms.join(', ')}`,
      conditions:
        'Memory is resident memory at most, over what the process had after a video of 6 MB had gone the same way. Publishing includes the time in which platforms work on the video, a few seconds each.',
      figures: [
        ['memory of the API before', mb(apiBefore.now)],
        ['growth of the API while it came in', mb(apiGrowth)],
        ['memory of the worker before', mb(workerBefore.now)],
        ['growth of the worker while it went out', mb(workerGrowth)],
        ['uploaded to the API', speed(bytes, uploaded.seconds)],
        [`published ${platforms.length} times`, speed(copies, published.seconds)],
        [`bare: ${platforms.length} plain uploads at once`, speed(copies, bare.seconds)],
        ['ratio', `1 : ${(published.seconds / bare.seconds).toFixed(1)}`],
      ],
      broken: expected.broken,
    }
  } finally {
    await Promise.all(running.map((each) => each.stop()))
    await world.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    await database.drop()
  }
}
