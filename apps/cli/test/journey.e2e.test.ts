import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account, AccountStatus, ConnectStep, PostGroup, Problem, RetryResult } from '@postmcp/sdk'
import {
  startTestPds,
  type TestAccount,
  type TestAppPassword,
  type TestPds,
} from '@postmcp/tooling/test-servers/pds'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Env, type Running, run, runJson, serve, tempDataDir } from './support/cli.js'
import { createDatabase } from './support/database.js'
import { png } from './support/png.js'

let pds: TestPds
beforeAll(async () => {
  pds = await startTestPds()
}, 60_000)
afterAll(async () => {
  await pds.close()
})

type Connected = Extract<ConnectStep, { type: 'connected' }>

/** The journey: from a connect to a retry after access was taken away and given back, over what the commands print. */
describe.each(['in local mode', 'through a running server', 'on a PostgreSQL given by DATABASE_URL'])(
  '%s',
  (mode) => {
    let env: Env
    let owner: TestAccount
    let appPassword: TestAppPassword
    let account: Account
    let server: Running | undefined
    let failedGroup: PostGroup
    const cleanUps: (() => Promise<unknown>)[] = []

    beforeAll(async () => {
      const { dataDir, remove } = await tempDataDir()
      cleanUps.push(remove)
      owner = await pds.createAccount()
      appPassword = await pds.createAppPassword(owner)
      env = { ...pds.env(owner, appPassword), POSTMCP_DATA_DIR: dataDir }
      if (mode.includes('DATABASE_URL')) {
        const database = await createDatabase(inject('postgresUrl'))
        cleanUps.push(database.drop)
        env.DATABASE_URL = database.url
      }
      if (mode.includes('server')) server = await serve(env)
    })
    afterAll(async () => {
      server?.child.kill('SIGTERM')
      await server?.ended
      for (const cleanUp of cleanUps.reverse()) await cleanUp()
    })

    test('connects with the documented command and variables', async () => {
      const { code, json, stderr } = await runJson<Connected>(
        ['accounts', 'connect', '--platform', 'bluesky'],
        env,
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(json.type).toBe('connected')
      account = json.accounts[0]!
      expect(account).toMatchObject({
        targetId: owner.did,
        handle: owner.handle,
        status: 'active',
        canPublish: true,
      })
    })

    test('lists the account, and its secrets nowhere', async () => {
      const { code, json, stdout } = await runJson<{ data: Account[]; nextCursor: null }>(
        ['accounts', 'list'],
        env,
      )
      expect(code).toBe(0)
      expect(json.nextCursor).toBeNull()
      expect(json.data.map(({ id }) => id)).toEqual([account.id])
      expect(stdout).not.toContain(appPassword.password)
      for (const file of ['api-key', 'keyring.json']) {
        expect((await stat(join(env.POSTMCP_DATA_DIR!, file))).mode & 0o777).toBe(0o600)
      }
    })

    test('tells its status, verified at the platform', async () => {
      const { code, json } = await runJson<AccountStatus>(
        ['accounts', 'status', '--account', account.id, '--fresh'],
        env,
      )
      expect(code).toBe(0)
      expect(json).toMatchObject({ id: account.id, status: 'active', check: { source: 'live', error: null } })
    })

    test('publishes text with link, mention, emoji and image, to be read back from the PDS', async () => {
      const image = join(env.POSTMCP_DATA_DIR!, '..', 'cat.png')
      await writeFile(image, png(64, 48))
      const text = `Grüße 👩‍👩‍👧 @${owner.handle}, see https://example.org/a?b=c #emoji`
      const args = [
        'post',
        'create',
        '--account',
        `@${owner.handle}`,
        '--text',
        '-',
        '--media',
        image,
        '--alt',
        'A grey cat',
        '--lang',
        'de',
      ]
      const { code, json, stderr } = await runJson<PostGroup>(args, env, `${text}\n`)
      expect({ code, stderr, status: json.status }).toEqual({ code: 0, stderr: '', status: 'published' })

      const [record, ...others] = await pds.listPosts(owner.did)
      expect(others).toEqual([])
      expect(json.posts[0]!.platformPostId).toBe(record!.uri)
      expect(record!.value).toMatchObject({
        text,
        langs: ['de'],
        embed: {
          images: [
            { alt: 'A grey cat', aspectRatio: { width: 64, height: 48 }, image: { mimeType: 'image/png' } },
          ],
        },
      })
      const bytes = Buffer.from(text)
      const facets = record!.value.facets as {
        index: { byteStart: number; byteEnd: number }
        features: object[]
      }[]
      expect(
        facets.map(({ index, features }) => [
          bytes.subarray(index.byteStart, index.byteEnd).toString(),
          features[0],
        ]),
      ).toEqual([
        [`@${owner.handle}`, expect.objectContaining({ did: owner.did })],
        ['https://example.org/a?b=c', expect.objectContaining({ uri: 'https://example.org/a?b=c' })],
        ['#emoji', expect.objectContaining({ tag: 'emoji' })],
      ])
      const { ref } = (record!.value.embed as { images: { image: { ref: { $link: string } } }[] }).images[0]!
        .image
      expect(Buffer.from(await pds.getBlob(owner.did, ref.$link))).toEqual(await readFile(image))
    })

    test('says at once that the app password was revoked, and what to do', async () => {
      await pds.revokeAppPassword(owner, appPassword.name)
      const { code, json } = await runJson<AccountStatus>(
        ['accounts', 'status', '--account', account.id, '--fresh'],
        env,
      )
      expect(code).toBe(0)
      expect(json).toMatchObject({
        status: 'needs_reauth',
        reason: 'token_revoked',
        canPublish: false,
        nextAction: { kind: 'reconnect', command: `postmcp accounts reconnect --account ${account.id}` },
      })
      const failOn = await run(['accounts', 'status', '--all', '--cached', '--fail-on', 'error'], env)
      expect(failOn.code).toBe(5)
    })

    test('refuses to publish, with the reason', async () => {
      const { code, json } = await runJson<PostGroup>(
        ['post', 'create', '--account', account.id, '--text', 'Once only'],
        env,
      )
      expect(code).toBe(5)
      failedGroup = json
      expect(json.status).toBe('failed')
      expect(json.posts[0]!.failure).toMatchObject({ code: 'account_not_publishable' })
      expect(await pds.listPosts(owner.did)).toHaveLength(1)

      const retry = await runJson<RetryResult>(['post', 'retry', '--post-group-id', json.id], env)
      expect(retry.code).toBe(5)
      expect(retry.json).toMatchObject({ retried: [], notRetried: [{ code: 'account_not_publishable' }] })
    })

    test('refuses to reconnect as somebody else', async () => {
      const stranger = await pds.createAccount()
      const { password } = await pds.createAppPassword(stranger)
      const args = [
        'accounts',
        'reconnect',
        '--account',
        account.id,
        '--identifier',
        stranger.handle,
        '--app-password-stdin',
      ]
      const { code, json } = await runJson<Problem>(args, env, password)
      expect(code).toBe(5)
      expect(json.code).toBe('identity_mismatch')
    })

    test('reconnects and keeps the account', async () => {
      appPassword = await pds.createAppPassword(owner)
      const args = ['accounts', 'reconnect', '--account', `@${owner.handle}`, '--app-password-stdin']
      const { code, json } = await runJson<Connected>(
        args,
        { ...env, POSTMCP_BLUESKY_APP_PASSWORD: '' },
        `${appPassword.password}\n`,
      )
      expect(code).toBe(0)
      expect(json.accounts.map(({ id, status }) => [id, status])).toEqual([[account.id, 'active']])
    })

    test('retries the failed post, which goes out exactly once', async () => {
      const args = ['post', 'retry', '--post-group-id', failedGroup.id]
      const { code, json } = await runJson<RetryResult>(args, env)
      expect(code).toBe(0)
      expect(json).toMatchObject({ status: 'published', retried: [failedGroup.posts[0]!.id], notRetried: [] })

      const again = await runJson<RetryResult>(args, env)
      expect(again.code).toBe(0)
      expect(again.json.retried).toEqual([])
      const texts = (await pds.listPosts(owner.did)).map(({ value }) => value.text)
      expect(texts.filter((text) => text === 'Once only')).toHaveLength(1)
    })

    test('deletes a post only when it is sure that it is meant', async () => {
      const postId = failedGroup.posts[0]!.id
      const unsure = await runJson<Problem>(['post', 'delete', '--post', postId], env)
      expect(unsure.code).toBe(2)
      expect(unsure.json.nextAction).toContain('--yes')
      const { code } = await runJson(['post', 'delete', '--post', postId, '--yes'], env)
      expect(code).toBe(0)
      expect(await pds.listPosts(owner.did)).toHaveLength(1)
    })

    test('disconnects', async () => {
      const { code, json } = await runJson(['accounts', 'disconnect', '--account', account.id, '--yes'], env)
      expect(code).toBe(0)
      expect(json).toMatchObject({
        accountId: account.id,
        status: 'disconnected',
        revocation: { outcome: 'revoked' },
      })
    })

    test('connects again with a flag, and prints the password nowhere, however talkative it is', async () => {
      const talkative = { ...env, POSTMCP_LOG_LEVEL: 'trace', DEBUG: '*' }
      const flags = ['--identifier', owner.handle, '--app-password', appPassword.password]
      const { code, stdout, stderr } = await run(
        ['accounts', 'connect', '--platform', 'bluesky', ...flags],
        talkative,
      )
      expect(code).toBe(0)
      expect(stdout).toContain(account.id)
      expect(stdout + stderr).not.toContain(appPassword.password)
      if (server) expect(server.printed.stdout + server.printed.stderr).not.toContain(appPassword.password)
    })
  },
)
