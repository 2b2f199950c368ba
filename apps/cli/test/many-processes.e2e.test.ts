import type { ConnectStep, PostGroup } from '@postmcp/sdk'
import { type ProxiedTestPds, startTestPds, type TestAccount } from '@postmcp/tooling/test-servers/pds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Env, runJson, start, tempDataDir } from './support/cli.js'

let pds: ProxiedTestPds
/** Three, for posts of one account go out one after the other. */
const owners: TestAccount[] = []
const accountIds: string[] = []
let env: Env
let remove: () => Promise<void>

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  const place = await tempDataDir()
  remove = place.remove
  for (let number = 0; number < 3; number++) owners.push(await pds.createAccount())
  const envOf = async (owner: TestAccount): Promise<Env> => ({
    ...pds.env(owner, await pds.createAppPassword(owner)),
    POSTMCP_DATA_DIR: place.dataDir,
    // A killed process is waited for as long as this, not for the usual minutes.
    POSTMCP_POST_LEASE_SECONDS: '15',
    POSTMCP_POST_TURN_SECONDS: '12',
    POSTMCP_SEND_SECONDS: '10',
    POSTMCP_RECONCILE_MARGIN_SECONDS: '1',
  })
  for (const owner of owners) {
    env = await envOf(owner)
    const { json } = await runJson<Extract<ConnectStep, { type: 'connected' }>>(
      ['accounts', 'connect', '--platform', 'bluesky'],
      env,
    )
    accountIds.push(json.accounts[0]!.id)
  }
}, 120_000)
afterAll(async () => {
  await pds.close()
  await remove()
})

const create = (text: string, account = 0) =>
  start(['post', 'create', '--account', accountIds[account]!, '--text', text, '--json'], env)
const textsAtPds = async () => {
  const posts = await Promise.all(owners.map(({ did }) => pds.listPosts(did)))
  return posts
    .flat()
    .map(({ value }) => value.text)
    .sort()
}

test('of three at once one is killed and one interrupted: the others finish, the next start is clean, all goes out once', async () => {
  const held = pds.proxy.hold('com.atproto.repo.putRecord', { times: Number.POSITIVE_INFINITY })
  const runs = {
    finishes: create('finishes', 0),
    killed: create('killed', 1),
    interrupted: create('interrupted', 2),
  }
  await held.hit(3)
  runs.killed.child.kill('SIGKILL')
  runs.interrupted.child.kill('SIGINT')
  held.remove()

  const finished = await runs.finishes.ended
  expect(finished).toMatchObject({ code: 0, stderr: '' })
  const interrupted = await runs.interrupted.ended
  // Its turn was under way and was finished; the exit status tells of the interruption.
  expect(interrupted).toMatchObject({ code: 130, stderr: '' })
  expect(JSON.parse(interrupted.stdout)).toMatchObject({ status: 'published' })
  await runs.killed.ended

  const { json } = await runJson<{ data: PostGroup[] }>(['post', 'list'], env)
  const left = json.data.filter(({ status }) => status !== 'published')
  expect(left.map(({ content }) => content.text)).toEqual(['killed'])
  const resumed = await runJson<PostGroup>(
    ['post', 'show', '--post-group-id', left[0]!.id, '--wait', '120'],
    env,
  )
  expect(resumed).toMatchObject({ code: 0, json: { status: 'published' } })
  expect(await textsAtPds()).toEqual(['finishes', 'interrupted', 'killed'])
})

test('an interrupted wait leaves the post in the queue, from where it is taken up', async () => {
  const dropped = pds.proxy.dropBefore('com.atproto.repo.putRecord', { times: Number.POSITIVE_INFINITY })
  const waiting = create('later')
  await dropped.hit()
  waiting.child.kill('SIGINT')
  const { code, stdout, stderr } = await waiting.ended
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
  const group = JSON.parse(stdout) as PostGroup
  expect(group.status).toBe('publishing')
  dropped.remove()

  const resumed = await runJson<PostGroup>(
    ['post', 'show', '--post-group-id', group.id, '--wait', '120'],
    env,
  )
  expect(resumed).toMatchObject({ code: 0, json: { status: 'published' } })
  expect((await textsAtPds()).filter((text) => text === 'later')).toHaveLength(1)
})
