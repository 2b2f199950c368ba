import { invalidPost, refusal, type Stage } from '@postmcp/tooling/test-servers/pds-facts/stage'
import { nextTid, putPost } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'

export function describeWrites(stage: Stage): void {
  const { put } = stage
  describe('putRecord with a key of our own and swapRecord null', () => {
    it('creates once, says 200 without commit to the identical repeat, and InvalidSwap to other content', async () => {
      const body = putPost(stage.account.did, nextTid(), 'one')
      const first = await put(body)
      expect(first).toMatchObject({ status: 200, json: { validationStatus: 'valid' } })
      expect(Object.keys(first.json).sort()).toEqual(['cid', 'commit', 'uri', 'validationStatus'])
      expect(first.json.uri).toBe(`at://${stage.account.did}/app.bsky.feed.post/${body.rkey}`)

      const again = await put(body)
      const { commit: _, ...withoutCommit } = first.json
      expect(again).toMatchObject({ status: 200, json: withoutCommit })
      expect(again.json).not.toHaveProperty('commit')

      const other = await put({ ...body, record: { ...body.record, text: 'two' } })
      expect(refusal(other)).toEqual([400, 'InvalidSwap', `Record was at ${first.json.cid}`])
    })

    it('refuses the original once the record was edited elsewhere', async () => {
      const body = putPost(stage.account.did, nextTid(), 'original')
      await put(body)
      const edited = await put({ ...body, swapRecord: undefined, record: { ...body.record, text: 'edited' } })
      expect(edited.status).toBe(200)
      expect(refusal(await put(body))).toEqual([400, 'InvalidSwap', `Record was at ${edited.json.cid}`])
    })

    it('publishes anew, with the same cid, after the record was deleted', async () => {
      const body = putPost(stage.account.did, nextTid(), 'deleted and back')
      const first = await put(body)
      await stage.server.deleteRecord(stage.account, body.rkey)
      const again = await put(body)
      expect(again).toMatchObject({ status: 200, json: { cid: first.json.cid, commit: {} } })
      expect(again.json.commit).not.toEqual(first.json.commit)
    })

    it('lets exactly one of several simultaneous requests make the record', async () => {
      const body = putPost(stage.account.did, nextTid(), 'all the same')
      const same = await Promise.all(Array.from({ length: 5 }, () => put(body)))
      expect(same.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
      expect(same.filter(({ json }) => 'commit' in json)).toHaveLength(1)

      const rkey = nextTid()
      const different = await Promise.all(
        [1, 2, 3].map((n) => put(putPost(stage.account.did, rkey, `number ${n}`))),
      )
      expect(different.map(({ status }) => status).sort()).toEqual([200, 400, 400])
      expect(different.map(({ json }) => json.error).sort()).toEqual([
        'InvalidSwap',
        'InvalidSwap',
        undefined,
      ])
    })

    it('validates a post whether or not asked to, and not when told not to', async () => {
      const good = putPost(stage.account.did, nextTid(), 'valid')
      expect((await put({ ...good, validate: true })).json).toMatchObject({
        validationStatus: 'valid',
        commit: {},
      })
      expect((await put({ ...good, validate: true })).json).not.toHaveProperty('commit')
      const bad = () => putPost(stage.account.did, nextTid(), 'bad', { createdAt: 'nope' })
      const problem = invalidPost('Invalid datetime (got "nope") at $.record.createdAt')
      expect(refusal(await put(bad()))).toEqual(problem)
      expect(refusal(await put({ ...bad(), validate: true }))).toEqual(problem)
      const unchecked = await put({ ...bad(), validate: false })
      expect(unchecked.status).toBe(200)
      expect(unchecked.json).not.toHaveProperty('validationStatus')
    })

    it('refuses keys that are not TIDs, and repositories of others or of nobody', async () => {
      expect(refusal(await put(putPost(stage.account.did, 'hello', 'x')))).toEqual([
        400,
        'InvalidRequest',
        'Invalid record key for app.bsky.feed.post: Invalid TID string (got "hello") at $',
      ])
      const other = await stage.server.createAccount()
      const toOther = await put(putPost(other.did, nextTid(), 'x'))
      expect(refusal(toOther)).toEqual([401, 'AuthenticationRequired', 'Authentication Required'])
      const toNobody = await put(putPost('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', nextTid(), 'x'))
      expect(refusal(toNobody)).toEqual([403, 'AccountNotFound', 'Account not found'])
    })

    it('differs from createRecord, which answers 500 to a key that exists', async () => {
      const { swapRecord: _, ...body } = putPost(stage.account.did, nextTid(), 'created')
      const create = () => stage.call('com.atproto.repo.createRecord', { auth: stage.auth, body })
      expect((await create()).status).toBe(200)
      expect(refusal(await create())).toEqual([500, 'InternalServerError', 'Internal Server Error'])
    })
  })
}
