import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProxiedTestPds, startTestPds, type TestPost } from '@postmcp/tooling/test-servers/pds'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { clientOfServer } from './support/client.js'
import { openDatabase } from './support/database.js'
import { tempFolder } from './support/folder.js'
import { png } from './support/images.js'
import {
  type ConnectedAccount,
  connectNew,
  openTestInstallation,
  platformEnv,
  quickTimings,
  type TestInstallation,
} from './support/installation.js'
import { killAll, type ProductProcess, startServer } from './support/processes.js'
import { inTime, until } from './support/until.js'

const put = 'com.atproto.repo.putRecord'
const upload = 'com.atproto.repo.uploadBlob'

let pds: ProxiedTestPds
let product: TestInstallation
let account: ConnectedAccount

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  product = await openTestInstallation(platformEnv(pds))
  account = await connectNew(product, pds)
}, 60_000)
afterAll(async () => {
  await product?.close()
  await pds?.close()
})
/** Posts that were there before the test. */
let before: number
beforeEach(async () => {
  pds.proxy.forget()
  before = (await pds.listPosts(account.at.did)).length
})
afterEach(async () => {
  pds.proxy.clearRules()
  await killAll()
})

const worker = (): Promise<ProductProcess> => startServer('worker', product.env)

async function createPost(text: string, extra: Record<string, unknown> = {}): Promise<string> {
  const group = await product.ok('POST', '/post-groups', {
    content: { text, ...extra },
    targets: [{ accountId: account.id }],
  })
  return group.posts[0].id
}

async function withImage() {
  const media = await product.ok('POST', '/media', undefined, {
    raw: { type: 'application/octet-stream', content: png(4, 4) },
  })
  return { media: [{ mediaId: media.id, altText: 'noise' }] }
}

const getPost = (id: string) => product.ok('GET', `/posts/${id}`)

const published = (id: string, withinMs?: number) =>
  until(
    'the post is published',
    async () => {
      const post = await getPost(id)
      return post.state === 'published' && post
    },
    withinMs,
  )

const newPosts = async (): Promise<TestPost[]> => (await pds.listPosts(account.at.did)).slice(before)

const outcomesOf = (post: { attempts: { outcome: string | null }[] }) =>
  post.attempts.map(({ outcome }) => outcome)

/** What must be true in the end, however it came about. */
async function expectPublishedOnce(id: string, text: string) {
  const post = await published(id)
  const posts = await newPosts()
  expect(posts.map(({ value }) => value.text)).toEqual([text])
  expect(post).toMatchObject({ platformPostId: posts[0]?.uri, failure: null, nextTryAt: null })
  expect(post.permalink).toContain(posts[0]?.rkey)
  expect(post.attempts.at(-1)).toMatchObject({ outcome: 'sent', finishedAt: expect.any(String) })
  expect(outcomesOf(post)).not.toContain(null)
  return post
}

/** Nothing more happens, with a living worker that sweeps five times a second. */
async function expectQuiet() {
  const { received } = pds.proxy.count(put)
  await sleep(500)
  expect(pds.proxy.count(put).received).toBe(received)
}

const deleteAllJobs = () => product.database.query('delete from pgboss.job')

describe('a worker killed with SIGKILL', () => {
  it('before the post was sent: the next one sends it, and the journal shows one attempt', async () => {
    const held = pds.proxy.hold(upload)
    const id = await createPost('killed while uploading', await withImage())
    const first = await worker()
    await inTime('the upload', held.hit())
    await first.end('SIGKILL')
    expect(await getPost(id)).toMatchObject({ state: 'publishing', attempts: [] })
    held.remove()
    await worker()
    expect(outcomesOf(await expectPublishedOnce(id, 'killed while uploading'))).toEqual(['sent'])
  })

  it('while the request is on its way, and all job rows deleted: it is looked up, then sent with the same key', async () => {
    const text = 'killed on the way'
    const held = pds.proxy.hold(put)
    const id = await createPost(text)
    const first = await worker()
    await inTime('the request', held.hit())
    await first.end('SIGKILL')
    expect(outcomesOf(await getPost(id))).toEqual([null])
    await deleteAllJobs()
    held.remove()
    await worker()
    const post = await expectPublishedOnce(id, text)
    expect(post.attempts).toHaveLength(2)
    expect(post.attempts[0].outcome).not.toBe('sent')
    const keys = await product.database.query<{ dedupe_key: string; body: unknown }>(
      'select dedupe_key, body::text as body from attempts where post_id = $1',
      [id],
    )
    expect(keys[0]).toEqual(keys[1])
    expect(pds.proxy.count('com.atproto.repo.getRecord').answered).toBeGreaterThan(0)
  })

  it.each([
    ['with its job rows left', false],
    ['with all job rows deleted', true],
  ])(
    'after the platform acted and before the outcome was saved, %s: it is found, not sent again',
    async (_, deleted) => {
      const text = `killed before saving ${deleted}`
      const held = pds.proxy.hold(put, { at: 'answer' })
      const id = await createPost(text)
      const first = await worker()
      await inTime('the answer', held.hit())
      await first.end('SIGKILL')
      expect(await newPosts()).toHaveLength(1)
      expect(await getPost(id)).toMatchObject({ state: 'publishing', attempts: [{ outcome: null }] })
      if (deleted) await deleteAllJobs()
      await worker()
      expect(outcomesOf(await expectPublishedOnce(id, text))).toEqual(['sent'])
      expect(pds.proxy.count(put).received).toBe(1)
    },
  )

  it('right after publication: nothing more is sent', async () => {
    const id = await createPost('killed after it')
    const first = await worker()
    await until('the record is there', async () => pds.proxy.count(put).answered === 1)
    await published(id)
    await first.end('SIGKILL')
    await deleteAllJobs()
    await worker()
    await expectQuiet()
    expect(outcomesOf(await expectPublishedOnce(id, 'killed after it'))).toEqual(['sent'])
    expect(pds.proxy.count(put).received).toBe(1)
  })

  it('twice, the second time while it looked for the post: it is still one record', async () => {
    const id = await createPost('killed twice')
    for (const at of [put, 'com.atproto.repo.getRecord']) {
      const held = pds.proxy.hold(at)
      const each = await worker()
      await inTime(at, held.hit())
      await each.end('SIGKILL')
      held.remove()
      await deleteAllJobs()
    }
    await worker()
    await expectPublishedOnce(id, 'killed twice')
  })
})

describe('all rows of the job table', () => {
  it('deleted before anybody took them up: the sweeper finds the post by itself', async () => {
    const id = await createPost('without a job')
    await deleteAllJobs()
    // The fifteen seconds that a post is left to its job, passed.
    const waited = await product.database.query(
      `update posts set wake_at = wake_at - interval '15 seconds', due_at = due_at - interval '15 seconds'
       where id = $1 returning wake_at > now() - interval '20 seconds' as waits_for_job`,
      [id],
    )
    expect(waited).toEqual([{ waits_for_job: true }])
    await worker()
    await expectPublishedOnce(id, 'without a job')
  })

  it('deleted while a worker is busy: it finishes, and nobody sends a second time', async () => {
    const held = pds.proxy.hold(put)
    const id = await createPost('job gone meanwhile')
    await worker()
    await inTime('the request', held.hit())
    await deleteAllJobs()
    held.release()
    await expectPublishedOnce(id, 'job gone meanwhile')
    await expectQuiet()
    expect(pds.proxy.count(put).received).toBe(1)
  })
})

describe('a worker stopped with SIGSTOP past its lease and woken', () => {
  it('while its request is held: another one publishes, and the late request changes nothing', async () => {
    const held = pds.proxy.hold(put, { deliverLate: true })
    const id = await createPost('stopped on the way')
    const first = await worker()
    await inTime('the request', held.hit())
    first.kill('SIGSTOP')
    await worker()
    const post = await expectPublishedOnce(id, 'stopped on the way')
    held.release()
    await until('the late request is answered', async () => pds.proxy.count(put).answered === 2)
    first.kill('SIGCONT')
    await expectQuiet()
    expect(await newPosts()).toHaveLength(1)
    // The one that lost the post has written nothing.
    expect(await getPost(id)).toEqual(post)
  })

  it('while its answer is held: another one finds the post, and the woken one writes nothing', async () => {
    const held = pds.proxy.hold(put, { at: 'answer' })
    const id = await createPost('stopped before the answer')
    const first = await worker()
    await inTime('the answer', held.hit())
    first.kill('SIGSTOP')
    await worker()
    const post = await expectPublishedOnce(id, 'stopped before the answer')
    held.release()
    first.kill('SIGCONT')
    await expectQuiet()
    expect(await getPost(id)).toEqual(post)
    expect(pds.proxy.count(put).received).toBe(1)
  })

  it('before it had anything to send: it does not go on where another one has taken over', async () => {
    const held = pds.proxy.hold(upload)
    const id = await createPost('stopped while uploading', await withImage())
    const first = await worker()
    await inTime('the upload', held.hit())
    first.kill('SIGSTOP')
    await worker()
    const post = await expectPublishedOnce(id, 'stopped while uploading')
    held.release()
    first.kill('SIGCONT')
    await until('the woken one has noticed', async () => first.output().includes('passed into other hands'))
    expect(await getPost(id)).toEqual(post)
    expect(pds.proxy.count(put).received).toBe(1)
  })

  it('between its journal entry and its request: it does not send past the deadline', async () => {
    // The commit of an attempt waits for a lock that we hold: so the process can be stopped at exactly that point.
    await product.database.query(`
      create function wait_for_test() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock_shared(4242); return null; end $$`)
    await product.database.query(`
      create constraint trigger wait_for_test after insert on attempts
        deferrable initially deferred for each row execute function wait_for_test()`)
    const gate = await product.database.connect()
    try {
      await gate.query('select pg_advisory_lock(4242)')
      const id = await createPost('stopped before sending')
      const first = await worker()
      await until('the attempt is being committed', async () => {
        const [row] = await product.database.query<{ n: number }>(
          `select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = 4242 and not granted`,
        )
        return row?.n === 1
      })
      first.kill('SIGSTOP')
      await gate.query('select pg_advisory_unlock(4242)')
      await worker()
      const post = await expectPublishedOnce(id, 'stopped before sending')
      expect(post.attempts).toHaveLength(2)
      expect(pds.proxy.count(put).received).toBe(1)
      first.kill('SIGCONT')
      await until('the woken one has noticed', async () => first.output().includes('passed into other hands'))
      await expectQuiet()
      expect(pds.proxy.count(put).received).toBe(1)
      expect(await getPost(id)).toEqual(post)
    } finally {
      await gate.end()
      await product.database.query('drop trigger wait_for_test on attempts')
      await product.database.query('drop function wait_for_test')
    }
  })
})

describe('a request whose answer does not come in time', () => {
  it('is sent again with the same key, and may arrive late: it is still one record', async () => {
    const held = pds.proxy.hold(put, { deliverLate: true })
    const id = await createPost('delivered late')
    await worker()
    await inTime('the request', held.hit())
    const post = await expectPublishedOnce(id, 'delivered late')
    expect(post.attempts).toHaveLength(2)
    expect(post.attempts[0]).toMatchObject({ outcome: expect.stringMatching(/^(unknown|not_sent)$/) })
    held.release()
    await until('the late request is answered', async () => pds.proxy.count(put).answered === 2)
    await expectQuiet()
    expect(await newPosts()).toHaveLength(1)
  })

  it('because the connection broke after the platform acted: it is found, not sent again', async () => {
    pds.proxy.dropAfter(put)
    const id = await createPost('answer lost')
    await worker()
    await expectPublishedOnce(id, 'answer lost')
    expect(pds.proxy.count(put).received).toBe(1)
  })
})

describe('a server told to end with SIGTERM', () => {
  it('waits for a post that is in flight, and ends cleanly', async () => {
    const held = pds.proxy.hold(put, { at: 'answer' })
    const id = await createPost('told to end')
    const first = await startServer('all', product.env)
    await inTime('the answer', held.hit())
    first.kill('SIGTERM')
    await sleep(200)
    held.release()
    expect(await inTime('the end', first.exited)).toEqual({ code: 0, signal: null })
    // Nobody else is there who could have finished it.
    expect(outcomesOf(await expectPublishedOnce(id, 'told to end'))).toEqual(['sent'])
    expect(pds.proxy.count(put).received).toBe(1)
  })

  it('does not wait for ever for an answer that does not come: the next start clears it up', async () => {
    const held = pds.proxy.hold(put, { at: 'answer' })
    const id = await createPost('told to end, no answer')
    const first = await startServer('all', product.env)
    await inTime('the answer', held.hit())
    expect(await first.end('SIGTERM', 8_000)).toEqual({ code: 0, signal: null })
    expect(await getPost(id)).toMatchObject({ state: 'unknown' })
    await worker()
    await expectPublishedOnce(id, 'told to end, no answer')
    expect(pds.proxy.count(put).received).toBe(1)
  })
})

describe('a database that stops between the answer and the saving of the outcome', () => {
  it('loses nothing: the outcome is saved once it is back, by the same process', async () => {
    const folder = await tempFolder()
    const dataDir = `${folder.path}/postgres`
    let postgres = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } })
    try {
      const env = {
        ...quickTimings,
        ...platformEnv(pds),
        DATABASE_URL: postgres.connectionString,
        POSTMCP_DATA_DIR: `${folder.path}/data`,
      }
      const server = await startServer('all', env)
      const key = (await readFile(`${folder.path}/data/api-key`, 'utf8')).trim()
      const client = clientOfServer(server.url ?? '', key)
      const own = await connectNew(client, pds)
      const held = pds.proxy.hold(put, { at: 'answer' })
      const group = await client.ok('POST', '/post-groups', {
        content: { text: 'database gone' },
        targets: [{ accountId: own.id }],
      })
      await inTime('the answer', held.hit())
      await postgres.stop()
      held.release()
      await until('saving has failed', async () => server.output().includes('could not save, trying again'))
      expect((await client.call('GET', '/readyz')).body).toMatchObject({ code: 'database_unavailable' })
      postgres = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } })
      const post = await until('the outcome is saved', async () => {
        const { status, body } = await client.call('GET', `/posts/${group.posts[0].id}`)
        return status === 200 && body.state === 'published' && body
      })
      const posts = await pds.listPosts(own.at.did)
      expect(posts).toHaveLength(1)
      expect(post).toMatchObject({ platformPostId: posts[0]?.uri, attempts: [{ outcome: 'sent' }] })
      // It goes on working: the queue has found its way back as well.
      const next = await client.ok('POST', '/post-groups', {
        content: { text: 'database back' },
        targets: [{ accountId: own.id }],
      })
      await until('the next post is published', async () => {
        const { state } = await client.ok('GET', `/posts/${next.posts[0].id}`)
        return state === 'published'
      })
      expect(await pds.listPosts(own.at.did)).toHaveLength(2)
      const database = openDatabase(env.DATABASE_URL)
      expect((await database.countRows()).attempts).toBe(2)
      await database.drop()
      expect(await server.end()).toEqual({ code: 0, signal: null })
    } finally {
      await killAll()
      await postgres.stop()
      await folder.remove()
    }
  })
})
