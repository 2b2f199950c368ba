import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Account, type Health, healthy } from '../model/account.js'
import type { Connection } from '../model/connection.js'
import type { Grant } from '../model/grant.js'
import { newId, type PostId, type WorkspaceId } from '../model/ids.js'
import type { Media } from '../model/media.js'
import type { Attempt, Post, PostGroup, PostState } from '../model/post.js'
import type { PageRequest, PostGroupFilter, PostWakeUp, SealedOwner, Store } from '../store/store.js'

/** What the suite needs of the store it tests. */
export interface StoreUnderTest {
  /** Another store on the same, migrated database; the suite closes it. */
  open(): Promise<Store>
}

/** Instants in a database have milliseconds at most; so have these. */
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22, 12) + seconds * 1000)
const fine: Health = { ...healthy('connect'), since: at(0) }
const lost: Health = { ...fine, status: 'revoked', reason: 'token_revoked', since: at(1) }
const gone: Health = { ...fine, status: 'disconnected', reason: 'disconnected_by_user', since: at(1) }

/** What every store must do: keep what it is given, keep workspaces apart, and settle every race for one. */
export function testStore(name: string, underTest: StoreUnderTest): void {
  describe(`store: ${name}`, () => {
    let store: Store
    let other: Store
    beforeAll(async () => {
      store = await underTest.open()
      other = await underTest.open()
    })
    afterAll(() => Promise.all([store.close(), other.close()]))

    async function createWorkspace(): Promise<WorkspaceId> {
      const id = newId('workspace')
      await store.workspaces.insert({
        id,
        name: 'W',
        mode: 'live',
        maxAccounts: 3,
        plan: 'pro',
        createdAt: at(0),
      })
      return id
    }
    const grantOf = (
      workspaceId: WorkspaceId,
    ): Omit<Grant, 'refreshMarker'> & { refreshAt: Date | null } => ({
      id: newId('grant'),
      workspaceId,
      platform: 'memory',
      authMethod: 'credentials',
      way: null,
      client: null,
      authorizedAt: at(0),
      endsAt: null,
      subject: `subject-${newId('event')}`,
      settings: { b: [1, 'x'], a: { c: null } },
      grantedScopes: ['read', 'write'],
      version: 1,
      accessTokenExpiresAt: at(3600),
      refreshTokenExpiresAt: null,
      refreshAt: at(3000),
      health: fine,
    })
    const accountOf = (grant: { id: Grant['id']; workspaceId: WorkspaceId }): Account => ({
      id: newId('account'),
      workspaceId: grant.workspaceId,
      platform: 'memory',
      targetId: newId('event'),
      grantId: grant.id,
      kind: 'page',
      settings: { b: 1 },
      handle: 'ann',
      displayName: 'Ann',
      avatarUrl: null,
      profileUrl: 'https://example.org/ann',
      health: fine,
      checkedAt: null,
      lastUsedAt: null,
      createdAt: at(0),
    })
    const groupOf = (workspaceId: WorkspaceId): PostGroup => ({
      id: newId('postGroup'),
      workspaceId,
      content: { text: 'Grüße, 👋', media: [], languages: ['de'] },
      publishAt: at(3600),
      timeZone: 'Europe/Berlin',
      graceSeconds: 600,
      version: 1,
      createdAt: at(0),
      createdBy: 'local',
    })
    const postOf = (group: PostGroup, account: Account, more: Partial<Post> = {}): Post => ({
      id: newId('post'),
      workspaceId: group.workspaceId,
      groupId: group.id,
      accountId: account.id,
      platform: 'memory',
      target: { overrides: { text: 'Only here' }, options: { loud: true } },
      state: 'queued',
      fence: 0,
      dedupeKey: null,
      dedupeKeyAt: null,
      checkpoint: null,
      checkpointSends: false,
      progress: null,
      slotAt: null,
      failedTurns: 0,
      dueAt: at(0),
      wakeAt: at(15),
      failure: null,
      sent: null,
      publishedAt: null,
      deletedAt: null,
      createdAt: at(0),
      ...more,
    })
    const attemptOf = (post: Post, number = 1): Attempt => ({
      id: newId('attempt'),
      workspaceId: post.workspaceId,
      postId: post.id,
      number,
      fence: 1,
      body: { z: 1, a: [2], m: 'x' },
      dedupeKey: 'k',
      startedAt: at(1),
      sendDeadline: at(31),
      finishedAt: null,
      outcome: null,
      failure: null,
    })
    const failure = {
      code: 'post_cancelled' as const,
      message: 'Cancelled.',
      nextAction: 'Nothing.',
      at: at(5),
    }

    /** A workspace with one of everything. */
    async function furnish() {
      const workspaceId = await createWorkspace()
      const grant = grantOf(workspaceId)
      await store.grants.insert(grant)
      const account = accountOf(grant)
      await store.accounts.insert(account)
      const group = groupOf(workspaceId)
      await store.postGroups.insert(group)
      const post = postOf(group, account)
      await store.posts.insert(post)
      return { workspaceId, grant, account, group, post }
    }
    const claim = (by: Store, post: Post, leaseSeconds: number, now = at(0)) =>
      by.posts.claim(post.workspaceId, post.id, { owner: 'me', leaseSeconds, now })
    async function claimed(post: Post, leaseSeconds = 60): Promise<Post> {
      const mine = await claim(store, post, leaseSeconds)
      if (!mine) throw new Error('the post could not be claimed')
      return mine
    }

    describe('workspaces and keys', () => {
      it('come back as they were given', async () => {
        const id = await createWorkspace()
        expect(await store.workspaces.get(id)).toEqual({
          id,
          name: 'W',
          mode: 'live',
          maxAccounts: 3,
          plan: 'pro',
          createdAt: at(0),
        })
        expect(await store.workspaces.get(newId('workspace'))).toBeUndefined()
        expect(await store.workspaces.first('live')).toBeDefined()
      })

      it('a locked workspace makes others wait for the lock, and nobody who merely writes', async () => {
        const { workspaceId, account } = await furnish()
        const order: string[] = []
        await store.transaction(async (tx) => {
          await tx.workspaces.lock(workspaceId)
          const waiting = other.transaction(async (second) => {
            await second.workspaces.lock(workspaceId)
            order.push('second')
          })
          await other.audit.add(
            { workspaceId, actor: 'a', action: 'b', subjectId: account.id, details: {} },
            at(0),
          )
          await other.accounts.addHistory(workspaceId, account.id, lost)
          order.push('first')
          void waiting
        })
        await vi.waitFor(() => expect(order).toEqual(['first', 'second']))
      })

      it('API keys are found by digest until revoked, by their own workspace only', async () => {
        const [mine, theirs] = [await createWorkspace(), await createWorkspace()]
        const key = {
          id: newId('apiKey'),
          workspaceId: mine,
          name: 'K',
          hint: 'postmcp_ab',
          createdAt: at(0),
          revokedAt: null,
        }
        const hash = Buffer.from(key.id)
        await store.apiKeys.insert(key, hash)
        expect(await store.apiKeys.findByHash(hash)).toEqual(key)
        expect(await store.apiKeys.list(mine)).toEqual([key])
        expect(await store.apiKeys.list(theirs)).toEqual([])
        expect(await store.apiKeys.revoke(theirs, key.id, at(1))).toBe(false)
        expect(await store.apiKeys.revoke(mine, key.id, at(1))).toBe(true)
        expect(await store.apiKeys.revoke(mine, key.id, at(2))).toBe(false)
        expect(await store.apiKeys.findByHash(hash)).toBeUndefined()
        expect(await store.apiKeys.list(mine)).toEqual([{ ...key, revokedAt: at(1) }])
      })

      it('the first data key of a scope is one, whoever comes first', async () => {
        const keyScope = await createWorkspace()
        const kekId = `kek_${newId('event')}`
        await store.keys.registerKeyEncryptionKey({ id: kekId, fingerprint: 'f', active: false })
        await store.keys.registerKeyEncryptionKey({ id: kekId, fingerprint: 'other', active: false })
        expect(await store.keys.listKeyEncryptionKeys()).toContainEqual({
          id: kekId,
          fingerprint: 'f',
          active: false,
        })
        await Promise.all(
          [store, other, store, other].map((each) =>
            each.keys.insertFirstDataKey({
              id: newId('dataKey'),
              keyScope,
              kekId,
              wrapped: Buffer.from('w'),
            }),
          ),
        )
        expect(await store.keys.listDataKeys(keyScope)).toHaveLength(1)
        expect(await store.keys.listDataKeys('ws_other')).toEqual([])
      })

      it('sealed values belong to workspace, owner and field', async () => {
        const [mine, theirs] = [await createWorkspace(), await createWorkspace()]
        const owner: SealedOwner = { type: 'grant', id: 'grant_1', field: 'tokens' }
        await store.credentials.put(mine, owner, Buffer.from('one'))
        await store.credentials.put(mine, owner, Buffer.from('two'))
        await store.credentials.put(mine, { ...owner, field: 'secrets' }, Buffer.from('three'))
        expect(await store.credentials.get(mine, owner)).toEqual(Buffer.from('two'))
        for (const [workspaceId, wrong] of [
          [theirs, owner],
          [mine, { ...owner, id: 'grant_2' }],
          [mine, { ...owner, type: 'account' }],
          [mine, { ...owner, field: 'x' }],
        ] as const)
          expect(await store.credentials.get(workspaceId, wrong)).toBeUndefined()
        await store.credentials.deleteAllOf(theirs, 'grant', 'grant_1')
        expect(await store.credentials.get(mine, owner)).toBeDefined()
        await store.credentials.deleteAllOf(mine, 'grant', 'grant_1')
        expect(await store.credentials.get(mine, owner)).toBeUndefined()
        expect(await store.credentials.get(mine, { ...owner, field: 'secrets' })).toBeUndefined()
      })
    })

    describe('grants', () => {
      const lease = (expectedVersion = 1, seconds = 60, owner = 'me') => ({ owner, seconds, expectedVersion })

      it('come back as they were given, to their workspace only', async () => {
        const { workspaceId, grant } = await furnish()
        const { refreshAt: _, ...expected } = grant
        expect(await store.grants.get(workspaceId, grant.id)).toEqual({ ...expected, refreshMarker: null })
        expect(await store.grants.findBySubject(workspaceId, grant)).toMatchObject({
          id: grant.id,
        })
        const theirs = await createWorkspace()
        expect(await store.grants.get(theirs, grant.id)).toBeUndefined()
        expect(await store.grants.findBySubject(theirs, grant)).toBeUndefined()
      })

      it('of one subject are apart by the way on which they were given', async () => {
        const { workspaceId, grant } = await furnish()
        const other = { ...grantOf(workspaceId), subject: grant.subject, way: 'partner' }
        await store.grants.insert(other)
        expect(await store.grants.get(workspaceId, other.id)).toMatchObject({ way: 'partner' })
        expect((await store.grants.findBySubject(workspaceId, grant))?.id).toBe(grant.id)
        expect((await store.grants.findBySubject(workspaceId, other))?.id).toBe(other.id)
        expect(await store.grants.findBySubject(workspaceId, { ...grant, way: 'side' })).toBeUndefined()
      })

      it('are leased to one of many, for a while, and only in the version that was seen', async () => {
        const { workspaceId, grant } = await furnish()
        const got = await Promise.all(
          Array.from({ length: 6 }, (_, i) =>
            (i % 2 ? store : other).grants.acquireRefreshLease(workspaceId, grant.id, lease(1, 0.2, `p${i}`)),
          ),
        )
        expect(got.filter(Boolean)).toHaveLength(1)
        const winner = `p${got.indexOf(true)}`
        expect(
          await store.grants.renewRefreshLease(workspaceId, grant.id, { owner: 'else', seconds: 9 }),
        ).toBe(false)
        expect(
          await store.grants.renewRefreshLease(workspaceId, grant.id, { owner: winner, seconds: 0.3 }),
        ).toBe(true)
        await store.grants.releaseRefreshLease(workspaceId, grant.id, 'else')
        expect(await store.grants.acquireRefreshLease(workspaceId, grant.id, lease())).toBe(false)
        await sleep(350)
        expect(await store.grants.acquireRefreshLease(workspaceId, grant.id, lease(2))).toBe(false)
        expect(await store.grants.acquireRefreshLease(workspaceId, grant.id, lease())).toBe(true)
        await store.grants.releaseRefreshLease(workspaceId, grant.id, 'me')
        expect(await store.grants.acquireRefreshLease(workspaceId, grant.id, lease())).toBe(true)
      })

      it('take a marker from the holder of the lease alone', async () => {
        const { workspaceId, grant } = await furnish()
        const marker = { fingerprint: 'f', sentAt: at(7) }
        expect(await store.grants.setRefreshMarker(workspaceId, grant.id, 'me', marker)).toBe(false)
        await store.grants.acquireRefreshLease(workspaceId, grant.id, lease())
        expect(await store.grants.setRefreshMarker(workspaceId, grant.id, 'me', marker)).toBe(true)
        expect((await store.grants.get(workspaceId, grant.id))?.refreshMarker).toEqual(marker)
        await store.grants.releaseRefreshLease(workspaceId, grant.id, 'me')
        expect((await store.grants.get(workspaceId, grant.id))?.refreshMarker).toEqual(marker)
        expect(await store.grants.setRefreshMarker(workspaceId, grant.id, 'me', null)).toBe(false)
      })

      it('are refreshed by compare-and-set, which ends lease and marker', async () => {
        const { workspaceId, grant } = await furnish()
        const update = {
          expectedVersion: 1,
          accessTokenExpiresAt: at(7200),
          refreshTokenExpiresAt: at(9000),
          refreshAt: at(7000),
          endsAt: at(9000),
          grantedScopes: ['read'],
          settings: { moved: true },
        }
        await store.grants.acquireRefreshLease(workspaceId, grant.id, lease())
        await store.grants.setRefreshMarker(workspaceId, grant.id, 'me', { fingerprint: 'f', sentAt: at(7) })
        const saved = await Promise.all(
          [store, other].map((each) => each.grants.saveRefreshed(workspaceId, grant.id, update)),
        )
        expect(saved.filter(Boolean)).toHaveLength(1)
        expect(await store.grants.get(workspaceId, grant.id)).toMatchObject({
          version: 2,
          refreshMarker: null,
          accessTokenExpiresAt: at(7200),
          grantedScopes: ['read'],
          settings: { moved: true },
        })
        expect(await store.grants.acquireRefreshLease(workspaceId, grant.id, lease(2))).toBe(true)
      })

      it('are bumped by a new authorization, which makes verdicts on the old one void', async () => {
        const { workspaceId, grant } = await furnish()
        await store.grants.acquireRefreshLease(workspaceId, grant.id, lease())
        await store.grants.replaceAuthorization(workspaceId, grant.id, {
          ...grant,
          settings: {},
          health: fine,
        })
        expect(await store.grants.recordHealth(workspaceId, grant.id, 1, lost)).toBe(false)
        expect(await store.grants.updateSettings(workspaceId, grant.id, 1, { x: 1 })).toBe(false)
        expect(await store.grants.renewRefreshLease(workspaceId, grant.id, { owner: 'me', seconds: 9 })).toBe(
          false,
        )
        expect(await store.grants.get(workspaceId, grant.id)).toMatchObject({
          version: 2,
          settings: {},
          health: fine,
        })
        expect(await store.grants.recordHealth(workspaceId, grant.id, 2, lost)).toBe(true)
        expect((await store.grants.get(workspaceId, grant.id))?.health).toEqual(lost)
      })

      it('that have ended are found by nobody any more', async () => {
        const { workspaceId, grant } = await furnish()
        expect(await store.grants.isSubjectInUse('memory', grant.subject, null, null)).toBe(true)
        expect(await store.grants.isSubjectInUse('memory', grant.subject, null, grant.id)).toBe(false)
        expect(await store.grants.isSubjectInUse('else', grant.subject, null, null)).toBe(false)
        await store.grants.end(workspaceId, grant.id, gone)
        expect(await store.grants.isSubjectInUse('memory', grant.subject, null, null)).toBe(false)
        expect(await store.grants.findBySubject(workspaceId, grant)).toBeUndefined()
        expect(await store.grants.get(workspaceId, grant.id)).toMatchObject({ version: 2, health: gone })
      })

      it('that are due go to one of two sweepers, and not again at once', async () => {
        const { workspaceId, grant } = await furnish()
        const took = async (now: Date) =>
          (await Promise.all([store, other].map((each) => each.grants.takeDue(now, 60, 1000))))
            .flat()
            .filter(({ grantId }) => grantId === grant.id)
        expect(await took(at(2999))).toEqual([])
        expect(await took(at(3000))).toEqual([{ workspaceId, grantId: grant.id }])
        expect(await took(at(3059))).toEqual([])
        expect(await took(at(3060))).toHaveLength(1)
        await store.grants.recordHealth(workspaceId, grant.id, 1, lost)
        expect(await took(at(9999))).toEqual([])
      })

      it('of another workspace are touched by nothing', async () => {
        const { workspaceId, grant } = await furnish()
        const theirs = await createWorkspace()
        const before = await store.grants.get(workspaceId, grant.id)
        expect(await store.grants.acquireRefreshLease(theirs, grant.id, lease())).toBe(false)
        expect(await store.grants.recordHealth(theirs, grant.id, 1, lost)).toBe(false)
        expect(await store.grants.updateSettings(theirs, grant.id, 1, {})).toBe(false)
        expect(await store.grants.saveRefreshed(theirs, grant.id, { ...grant, expectedVersion: 1 })).toBe(
          false,
        )
        await store.grants.replaceAuthorization(theirs, grant.id, grant)
        await store.grants.end(theirs, grant.id, gone)
        await store.grants.acquireRefreshLease(workspaceId, grant.id, lease())
        expect(
          await store.grants.setRefreshMarker(theirs, grant.id, 'me', { fingerprint: 'f', sentAt: at(1) }),
        ).toBe(false)
        expect(await store.grants.renewRefreshLease(theirs, grant.id, { owner: 'me', seconds: 9 })).toBe(
          false,
        )
        await store.grants.releaseRefreshLease(theirs, grant.id, 'me')
        expect(await store.grants.acquireRefreshLease(workspaceId, grant.id, lease(1, 9, 'else'))).toBe(false)
        expect(await store.grants.get(workspaceId, grant.id)).toEqual(before)
      })
    })

    describe('accounts', () => {
      it('come back as they were given, newest first, page by page', async () => {
        const { workspaceId, grant, account } = await furnish()
        expect(await store.accounts.get(workspaceId, account.id)).toEqual(account)
        expect(await store.accounts.findByTarget(workspaceId, 'memory', account.targetId)).toEqual(account)
        const second = { ...accountOf(grant), id: newId('account', at(99_999_998)) }
        const third = { ...accountOf(grant), id: newId('account', at(99_999_999)) }
        for (const each of [third, second]) await store.accounts.insert(each)
        expect(await store.accounts.list(workspaceId, { limit: 2 })).toEqual([third, second])
        expect(await store.accounts.list(workspaceId, { limit: 2, after: second.id })).toEqual([account])
        expect(await store.accounts.listByGrant(workspaceId, grant.id)).toHaveLength(3)
        expect(await store.accounts.countConnected(workspaceId)).toBe(3)
        await store.accounts.attach(workspaceId, account.id, null, gone)
        expect(await store.accounts.countConnected(workspaceId)).toBe(2)
      })

      it('are found by their targets, the disconnected ones too, in their workspace only', async () => {
        const { workspaceId, account } = await furnish()
        const gone = { ...accountOf({ ...account, id: account.grantId as Grant['id'] }), grantId: null }
        await store.accounts.insert({
          ...gone,
          health: { ...fine, status: 'disconnected', reason: 'disconnected_by_user' },
        })
        const targetIds = [account.targetId, gone.targetId, 'nothing']
        const found = await store.accounts.listByTargets(workspaceId, 'memory', targetIds)
        expect(found.map(({ id }) => id).sort()).toEqual([account.id, gone.id].sort())
        expect(await store.accounts.listByTargets(workspaceId, 'other', targetIds)).toEqual([])
        expect(await store.accounts.listByTargets(await createWorkspace(), 'memory', targetIds)).toEqual([])
        expect(await store.accounts.listByTargets(workspaceId, 'memory', [])).toEqual([])
      })

      it('change in what is named and nothing else', async () => {
        const { workspaceId, account } = await furnish()
        await store.accounts.update(workspaceId, account.id, {
          handle: 'new',
          displayName: null,
          checkedAt: at(9),
        })
        expect(await store.accounts.get(workspaceId, account.id)).toEqual({
          ...account,
          handle: 'new',
          displayName: null,
          checkedAt: at(9),
        })
      })

      it('take a verdict only while they hang on the grant and version it is about', async () => {
        const { workspaceId, grant, account } = await furnish()
        const verdict = { ...lost, missingScopes: ['x', 'y'] }
        expect(
          await store.accounts.recordHealth(workspaceId, account.id, { id: grant.id, version: 2 }, verdict),
        ).toBe(false)
        expect(
          await store.accounts.recordHealth(
            workspaceId,
            account.id,
            { id: newId('grant'), version: 1 },
            verdict,
          ),
        ).toBe(false)
        expect(
          await store.accounts.recordHealth(workspaceId, account.id, { id: grant.id, version: 1 }, verdict),
        ).toBe(true)
        expect((await store.accounts.get(workspaceId, account.id))?.health).toEqual(verdict)
        await store.accounts.attach(workspaceId, account.id, null, gone)
        expect(
          await store.accounts.recordHealth(workspaceId, account.id, { id: grant.id, version: 1 }, verdict),
        ).toBe(false)
      })

      it('keep their history, newest first', async () => {
        const { workspaceId, account } = await furnish()
        for (const health of [fine, lost, gone])
          await store.accounts.addHistory(workspaceId, account.id, health)
        expect(await store.accounts.listHistory(workspaceId, account.id, 2)).toEqual([gone, lost])
      })

      it('of another workspace are neither seen nor touched, and cannot be pointed to', async () => {
        const { workspaceId, grant, account } = await furnish()
        const theirs = await furnish()
        expect(await store.accounts.get(theirs.workspaceId, account.id)).toBeUndefined()
        expect(
          await store.accounts.findByTarget(theirs.workspaceId, 'memory', account.targetId),
        ).toBeUndefined()
        expect(await store.accounts.listByGrant(theirs.workspaceId, grant.id)).toEqual([])
        expect((await store.accounts.list(theirs.workspaceId, { limit: 9 })).map(({ id }) => id)).toEqual([
          theirs.account.id,
        ])
        expect(await store.accounts.listHistory(theirs.workspaceId, account.id, 9)).toEqual([])
        await store.accounts.update(theirs.workspaceId, account.id, { handle: 'x' })
        await store.accounts.attach(theirs.workspaceId, account.id, null, gone)
        expect(
          await store.accounts.recordHealth(
            theirs.workspaceId,
            account.id,
            { id: grant.id, version: 1 },
            lost,
          ),
        ).toBe(false)
        expect(await store.accounts.get(workspaceId, account.id)).toEqual(account)

        await expect(
          store.accounts.attach(theirs.workspaceId, theirs.account.id, grant.id, fine),
        ).rejects.toThrow(/foreign key/)
        await expect(
          store.accounts.insert({ ...accountOf(grant), workspaceId: theirs.workspaceId }),
        ).rejects.toThrow(/foreign key/)
        await expect(store.accounts.addHistory(theirs.workspaceId, account.id, fine)).rejects.toThrow(
          /foreign key/,
        )
      })
    })

    const connectionOf = (workspaceId: WorkspaceId, more: Partial<Connection> = {}): Connection => ({
      id: newId('connection'),
      workspaceId,
      platform: 'memory',
      state: 'pending',
      actor: 'local',
      method: 'credentials',
      way: null,
      oauth: null,
      consumedAt: null,
      reconnectAccountId: null,
      grantId: null,
      targets: [],
      accountIds: [],
      failureReason: null,
      expiresAt: at(600),
      createdAt: at(0),
      ...more,
    })

    describe('connections and media', () => {
      it('move on from the state they are in, once', async () => {
        const { workspaceId, account } = await furnish()
        const theirs = await createWorkspace()
        const connection = connectionOf(workspaceId, { reconnectAccountId: account.id })
        await store.connections.insert(connection)
        expect(await store.connections.get(workspaceId, connection.id)).toEqual(connection)
        expect(await store.connections.get(theirs, connection.id)).toBeUndefined()
        const targets = [{ targetId: 't', handle: 'h', displayName: null, kind: 'page' }]
        expect(await store.connections.advance(theirs, connection.id, ['pending'], { state: 'failed' })).toBe(
          false,
        )
        const moved = await Promise.all(
          [store, other].map((each) =>
            each.connections.advance(workspaceId, connection.id, ['pending'], {
              state: 'connected',
              targets,
              accountIds: [account.id],
            }),
          ),
        )
        expect(moved.filter(Boolean)).toHaveLength(1)
        expect(await store.connections.get(workspaceId, connection.id)).toEqual({
          ...connection,
          state: 'connected',
          targets,
          accountIds: [account.id],
        })
        await expect(
          store.connections.insert({ ...connection, id: newId('connection'), workspaceId: theirs }),
        ).rejects.toThrow(/foreign key/)
      })

      it('that have something to give back are found when that is due, by one of many, until it is done', async () => {
        const { workspaceId } = await furnish()
        const connection = connectionOf(workspaceId, { state: 'selecting_targets', way: 'partner' })
        await store.connections.insert(connection)
        const end = { state: 'expired' as const, giveBackAt: at(700) }
        await store.connections.advance(workspaceId, connection.id, ['selecting_targets'], end)
        const due = async (seconds: number) =>
          (
            await Promise.all(
              [store, other].map((each) => each.connections.takeToGiveBack(at(seconds), 60, 100)),
            )
          )
            .flat()
            .filter(({ id }) => id === connection.id)
        expect(await due(699)).toEqual([])
        expect(await due(700)).toEqual([{ ...connection, state: 'expired' }])
        expect(await due(759)).toEqual([])
        expect(await due(760)).toHaveLength(1)
        await store.connections.noteGivenBack(workspaceId, connection.id)
        expect(await due(9999)).toEqual([])
      })

      it('belong to a grant of their own workspace', async () => {
        const { workspaceId, grant } = await furnish()
        const theirs = await createWorkspace()
        const connection = connectionOf(workspaceId, { grantId: grant.id })
        await store.connections.insert(connection)
        expect(await store.connections.get(workspaceId, connection.id)).toEqual(connection)
        await expect(
          store.connections.insert({ ...connection, id: newId('connection'), workspaceId: theirs }),
        ).rejects.toThrow(/foreign key/)
      })

      describe('media', () => {
        const fileOf = (workspaceId: WorkspaceId, more: Partial<Media> = {}): Media => ({
          id: newId('media'),
          workspaceId,
          kind: 'video',
          mimeType: 'video/mp4',
          bytes: 5_000_000_000,
          sha256: 'aa',
          width: 1,
          height: 2,
          durationMs: 3000,
          frameRate: 29.97,
          videoCodec: 'avc',
          audioCodec: null,
          isAnimated: false,
          frames: null,
          fileName: 'ü.mp4',
          createdAt: at(0),
          deletedAt: null,
          ...more,
        })
        const add = async (file: Media) => {
          await store.media.beginUpload(file.workspaceId, file.id)
          return store.transaction((tx) => tx.media.insert(file))
        }
        const remove = (file: Media, when = at(0)) =>
          store.transaction((tx) => tx.media.delete(file.workspaceId, file.id, when))
        const days = (count: number) => at(count * 24 * 60 * 60)
        /** Of all that is there: tests of one database meet here. */
        const takeToDelete = async (now: Date, keepDays: number): Promise<string[]> => {
          const { toDelete } = await store.transaction((tx) => tx.media.takeToDelete(now, keepDays, 1000))
          return toDelete.map(({ id }) => id)
        }

        it('come back in any number to their workspace only', async () => {
          const [mine, theirs] = [await createWorkspace(), await createWorkspace()]
          const media = fileOf(mine)
          const gif = fileOf(mine, { kind: 'image', isAnimated: true, frames: 7, videoCodec: null })
          expect(await add(media)).toBe(true)
          expect(await add(gif)).toBe(true)
          expect(await store.media.get(mine, media.id)).toEqual(media)
          expect(await store.media.get(mine, gif.id)).toEqual(gif)
          expect(await store.media.getMany(mine, [media.id, newId('media')])).toEqual([media])
          expect(await store.media.getMany(mine, [])).toEqual([])
          expect(await store.media.get(theirs, media.id)).toBeUndefined()
          expect(await store.media.getMany(theirs, [media.id])).toEqual([])
          expect(await remove({ ...media, workspaceId: theirs })).toBe('not_found')
        })

        it('are made of an upload that nobody has given up', async () => {
          const workspaceId = await createWorkspace()
          const [lives, dies] = [fileOf(workspaceId), fileOf(workspaceId)]
          for (const { id } of [lives, dies]) await store.media.beginUpload(workspaceId, id)
          await sleep(50)
          expect(await store.media.continueUpload(workspaceId, lives.id)).toBe(true)
          const taken = (await store.media.takeAbandonedUploads(0.04, 1000)).map(({ id }) => id)
          expect(taken).toContain(dies.id)
          expect(taken).not.toContain(lives.id)
          expect(await store.media.continueUpload(workspaceId, dies.id)).toBe(false)
          expect(await store.transaction((tx) => tx.media.insert(dies))).toBe(false)
          expect(await store.transaction((tx) => tx.media.insert(lives))).toBe(true)
          await store.media.endUpload(workspaceId, dies.id)
          await sleep(50)
          const again = (await store.media.takeAbandonedUploads(0.04, 1000)).map(({ id }) => id)
          expect(again).not.toContain(dies.id)
        })

        it('are not deleted while a post waits that uses them, and may be afterwards, as often as one likes', async () => {
          const { workspaceId, group, post } = await furnish()
          const file = fileOf(workspaceId)
          await add(file)
          const using = { ...group, id: newId('postGroup') }
          await store.postGroups.insert(using)
          await store.postGroups.setMedia(workspaceId, using.id, [file.id])
          for (const state of ['draft', 'scheduled', 'queued', 'publishing', 'unknown'] as const) {
            const waits = { ...post, id: newId('post'), groupId: using.id, state, wakeAt: at(10_000) }
            await store.posts.insert(waits)
            expect(await remove(file), state).toBe('in_use')
            expect(await takeToDelete(days(1000), 90)).not.toContain(file.id)
            const over = state === 'publishing' || state === 'unknown' ? 'failed' : 'cancelled'
            const isOver = { state: over, wakeAt: null } as const
            expect(await store.posts.change(workspaceId, waits.id, [state], isOver)).toBe(true)
          }
          expect(await remove(file, at(5))).toBe('deleted')
          expect(await remove(file, at(6))).toBe('deleted')
          expect((await store.media.get(workspaceId, file.id))?.deletedAt).toEqual(at(5))
        })

        it('that nobody used for long are taken once, and again while their content is still there', async () => {
          const workspaceId = await createWorkspace()
          const file = fileOf(workspaceId)
          await add(file)
          expect(await takeToDelete(days(89), 90)).not.toContain(file.id)
          expect(await takeToDelete(days(91), 90)).toContain(file.id)
          expect((await store.media.get(workspaceId, file.id))?.deletedAt).toEqual(days(91))
          expect(await takeToDelete(days(91), 90)).not.toContain(file.id)
          expect(await takeToDelete(days(92), 90)).toContain(file.id)
          await store.media.noteContentDeleted(workspaceId, file.id)
          expect(await takeToDelete(days(100), 90)).not.toContain(file.id)
        })

        it('are kept from their last use on', async () => {
          const { workspaceId, group, post } = await furnish()
          const file = fileOf(workspaceId)
          await add(file)
          const using = { ...group, id: newId('postGroup') }
          await store.postGroups.insert(using)
          await store.postGroups.setMedia(workspaceId, using.id, [file.id])
          const waits = { ...post, id: newId('post'), groupId: using.id, state: 'publishing' } as const
          await store.posts.insert(waits)
          const isOver = { state: 'published', publishedAt: days(50), wakeAt: null } as const
          expect(await store.posts.change(workspaceId, waits.id, ['publishing'], isOver)).toBe(true)
          expect(await takeToDelete(days(139), 90)).not.toContain(file.id)
          expect(await takeToDelete(days(141), 90)).toContain(file.id)
        })
      })
    })

    describe('posts', () => {
      it('and groups and attempts come back as they were given', async () => {
        const { workspaceId, group, post } = await furnish()
        expect(await store.postGroups.get(workspaceId, group.id)).toEqual(group)
        expect(await store.postGroups.list(workspaceId, { limit: 5 })).toEqual([group])
        expect(await store.posts.get(workspaceId, post.id)).toEqual(post)
        expect(await store.posts.listByGroups(workspaceId, [group.id])).toEqual([post])
        const attempt = attemptOf(post)
        await store.attempts.insert(attempt)
        expect(JSON.stringify((await store.attempts.list(workspaceId, post.id))[0]?.body)).toBe(
          '{"z":1,"a":[2],"m":"x"}',
        )
        await store.attempts.finish(workspaceId, attempt.id, 'unknown', failure, at(9))
        expect(await store.attempts.list(workspaceId, post.id)).toEqual([
          { ...attempt, outcome: 'unknown', failure, finishedAt: at(9) },
        ])
      })

      it('are claimed by one of many, when due, under a higher fence', async () => {
        const { post } = await furnish()
        expect(await claim(store, post, 60, at(-1))).toBeUndefined()
        const got = await Promise.all(
          Array.from({ length: 8 }, (_, i) => claim(i % 2 ? store : other, post, 60)),
        )
        const won = got.filter((each) => each !== undefined)
        expect(won).toHaveLength(1)
        expect(won[0]).toMatchObject({ state: 'publishing', fence: 1, wakeAt: at(61) })
      })

      it('are claimed one at a time for each account, and the next one is found', async () => {
        const { workspaceId, group, account, post } = await furnish()
        const second = postOf(group, account, { dueAt: at(1), wakeAt: at(16) })
        await store.posts.insert(second)
        const wakeUps = [second, post].map(({ id }) => ({ workspaceId, postId: id }))
        expect((await store.posts.listWaiting(wakeUps, at(1))).map(({ postId }) => postId)).toEqual([
          second.id,
          post.id,
        ])
        const first = await claimed(post)
        expect(await store.posts.listWaiting(wakeUps, at(1))).toEqual([
          { workspaceId, postId: second.id, accountId: account.id, platform: 'memory' },
        ])
        expect(await claim(other, second, 60, at(1))).toBeUndefined()
        expect(await store.posts.nextOfAccount(workspaceId, account.id, at(0))).toBeUndefined()
        expect(await store.posts.nextOfAccount(workspaceId, account.id, at(1))).toBe(second.id)
        await store.posts.write(workspaceId, post.id, first.fence, {}, true)
        expect(await claim(other, second, 60, at(1))).toMatchObject({ id: second.id })
      })

      it('stay in the hands of a holder who says that he lives, and of no other', async () => {
        const { workspaceId, post } = await furnish()
        const held = await claimed(post, 0.2)
        const lease = { seconds: 60, now: at(5) }
        expect(await store.posts.renew(workspaceId, post.id, held.fence + 1, lease)).toBe(false)
        expect(await store.posts.renew(await createWorkspace(), post.id, held.fence, lease)).toBe(false)
        expect(await store.posts.renew(workspaceId, post.id, held.fence, lease)).toBe(true)
        await sleep(250)
        expect(await claim(other, post, 60)).toBeUndefined()
        expect((await store.posts.get(workspaceId, post.id))?.wakeAt).toEqual(at(66))
      })

      it('are counted where they went out, or will, between two instants', async () => {
        const { workspaceId, group, account, post } = await furnish()
        await store.posts.insert(
          postOf(group, account, { state: 'scheduled', dueAt: at(100), wakeAt: at(100) }),
        )
        await store.posts.insert(postOf(group, account, { state: 'draft', dueAt: at(50), wakeAt: null }))
        const count = (from: number, to: number) =>
          store.posts.countBetween(workspaceId, account.id, at(from), at(to))
        expect([await count(-1, 100), await count(0, 100), await count(-1, 99)]).toEqual([2, 1, 1])
        const held = await claimed(post)
        const published = { state: 'published', wakeAt: null, publishedAt: at(70) } as const
        await store.posts.write(workspaceId, post.id, held.fence, published, true)
        expect([await count(0, 99), await count(70, 99)]).toEqual([1, 0])
      })

      it('of a group change by compare-and-set on its version, and its files with it', async () => {
        const { workspaceId, group } = await furnish()
        const change = { content: { text: 'New', media: [] }, publishAt: null }
        expect(await store.postGroups.change(workspaceId, group.id, 2, change)).toBe(false)
        expect(await store.postGroups.change(await createWorkspace(), group.id, 1, change)).toBe(false)
        expect(await store.postGroups.change(workspaceId, group.id, 1, change)).toBe(true)
        expect(await store.postGroups.get(workspaceId, group.id)).toEqual({ ...group, ...change, version: 2 })
      })

      it('narrow down the list of their groups: by state, account, platform, and all of these of one post', async () => {
        const workspaceId = await createWorkspace()
        const grant = grantOf(workspaceId)
        await store.grants.insert(grant)
        const account = accountOf(grant)
        await store.accounts.insert(account)
        const elsewhere = { ...accountOf(grant), platform: 'other' }
        await store.accounts.insert(elsewhere)
        const states: [mine: PostState, theirs: PostState][] = [
          ['draft', 'draft'],
          ['scheduled', 'cancelled'],
          ['scheduled', 'failed'],
          ['failed', 'published'],
        ]
        const ids: PostGroup['id'][] = []
        for (const [mine, theirs] of states) {
          const group = { ...groupOf(workspaceId), id: newId('postGroup', at(ids.length)) }
          ids.push(group.id)
          await store.postGroups.insert(group)
          for (const [of, state] of [
            [account, mine],
            [account, 'cancelled'],
            [elsewhere, theirs],
          ] as const) {
            const wakeAt = state === 'scheduled' ? at(15) : null
            await store.posts.insert(postOf(group, of, { state, wakeAt, platform: of.platform }))
          }
        }
        const [draft, cancelled, partly, failed] = ids
        const list = async (filter: PostGroupFilter, page: Partial<PageRequest> = {}) =>
          (await store.postGroups.list(workspaceId, { limit: 9, ...page }, filter)).map(({ id }) => id)
        const accountIds = [account.id]
        expect(await list({ states: ['failed'] })).toEqual([failed, partly])
        expect(await list({ states: ['failed', 'draft'] })).toEqual([failed, partly, draft])
        expect(await list({ states: ['failed'], accountIds })).toEqual([failed])
        expect(await list({ states: ['failed'], platforms: ['other'] })).toEqual([partly])
        expect(await list({ states: ['published'], accountIds })).toEqual([])
        expect(await list({ accountIds, platforms: ['other'] })).toEqual([])
        expect(await list({ accountIds: [elsewhere.id, account.id] })).toEqual([
          failed,
          partly,
          cancelled,
          draft,
        ])
        // Two posts of one group do not take two places of a page.
        const of = { platforms: ['other', 'memory'], states: ['draft', 'scheduled', 'cancelled'] } as const
        expect(await list(of, { limit: 2 })).toEqual([failed, partly])
        expect(await list(of, { limit: 2, after: partly })).toEqual([cancelled, draft])
        const two = { limit: 2, after: partly }
        expect(await list({ states: ['cancelled'] }, two)).toEqual([cancelled, draft])
        expect(await list({ states: ['draft'], platforms: ['other'], from: at(0) })).toEqual([draft])
        expect(await store.postGroups.list(await createWorkspace(), { limit: 9 }, of)).toEqual([])
      })

      it('narrow down the list of their groups by time: when they are due, or else when they were made', async () => {
        const workspaceId = await createWorkspace()
        const times = [
          [null, 10],
          [300, 20],
          [100, 30],
          [null, 200],
          [100, 40],
        ] as const
        const ids: PostGroup['id'][] = []
        for (const [publishAt, createdAt] of times) {
          const group = { ...groupOf(workspaceId), id: newId('postGroup', at(createdAt)) }
          ids.push(group.id)
          await store.postGroups.insert({
            ...group,
            publishAt: publishAt === null ? null : at(publishAt),
            createdAt: at(createdAt),
          })
        }
        const [at10, at300, at100, at200, at100Too] = ids
        const list = async (filter: PostGroupFilter, page: Partial<PageRequest> = {}) =>
          (await store.postGroups.list(workspaceId, { limit: 9, ...page }, filter)).map(({ id }) => id)
        expect(await list({ from: at(0) })).toEqual([at300, at200, at100Too, at100, at10])
        expect(await list({ from: at(100), before: at(300) })).toEqual([at200, at100Too, at100])
        expect(await list({ before: at(100) })).toEqual([at10])
        expect(await list({ from: at(0) }, { limit: 2, after: at200 })).toEqual([at100Too, at100])
        expect(await list({ from: at(0) }, { limit: 2, after: at100Too })).toEqual([at100, at10])
        expect(await list({ from: at(0) }, { after: newId('postGroup') })).toEqual([])
        expect(await list({ from: at(0) }, { after: 'zzzz' })).toEqual([])
      })

      it('that missed their time are listed, and the next one to wake is known', async () => {
        const { group, account } = await furnish()
        const missed = { state: 'scheduled', dueAt: at(-90_000), wakeAt: at(-90_000) } as const
        const post = postOf(group, account, missed)
        await store.posts.insert(post)
        expect(await store.posts.listOverdue(at(-80_000), 9)).toEqual([
          { workspaceId: post.workspaceId, postId: post.id, dueAt: at(-90_000) },
        ])
        expect(await store.posts.listOverdue(at(-90_001), 9)).toEqual([])
        expect((await store.posts.nextWakeAt())?.getTime()).toBeLessThanOrEqual(at(-90_000).getTime())
        await store.posts.change(post.workspaceId, post.id, ['scheduled'], {
          state: 'cancelled',
          wakeAt: null,
        })
      })

      it('take places in a queue that lets so many pass in a time', async () => {
        const key = newId('event')
        const take = (now: number) => store.paces.take(key, { max: 2, perSeconds: 10 }, at(now))
        const places = []
        for (let n = 0; n < 4; n++) places.push(await take(0))
        expect(places).toEqual([at(0), at(0), at(5), at(10)])
        // Whoever was idle has saved up no more than what may pass at once.
        expect([await take(100), await take(100), await take(100)]).toEqual([at(100), at(100), at(105)])
      })

      it('are written by the holder of the fence alone, who loses it to the next once the lease is over', async () => {
        const { workspaceId, post } = await furnish()
        const first = await claimed(post, 0.1)
        expect(
          await store.posts.write(workspaceId, post.id, first.fence, { checkpoint: { step: 1 } }, false),
        ).toBe(true)
        expect(
          await store.posts.write(workspaceId, post.id, first.fence + 1, { checkpoint: null }, false),
        ).toBe(false)
        await sleep(150)
        // Over, and nobody came: what is certain may still be written.
        expect(await store.posts.write(workspaceId, post.id, first.fence, { failedTurns: 1 }, false)).toBe(
          true,
        )
        const second = await claim(other, post, 60)
        expect(second).toMatchObject({ fence: 2, checkpoint: { step: 1 }, failedTurns: 1 })
        expect(
          await store.posts.write(workspaceId, post.id, first.fence, { state: 'failed', wakeAt: null }, true),
        ).toBe(false)
        expect(
          await other.posts.write(
            workspaceId,
            post.id,
            2,
            { dueAt: at(30), wakeAt: at(30), state: 'queued' },
            true,
          ),
        ).toBe(true)
        expect(await other.posts.write(workspaceId, post.id, 2, { failedTurns: 9 }, true)).toBe(false) // released
        expect(await claim(store, post, 60, at(29))).toBeUndefined()
        expect(await claim(store, post, 60, at(30))).toMatchObject({ fence: 3 })
      })

      it('that are final or wait for a person are claimed by nobody', async () => {
        const { workspaceId, post } = await furnish()
        const mine = await claimed(post)
        await store.posts.write(workspaceId, post.id, mine.fence, { state: 'unknown', wakeAt: null }, true)
        expect(await claim(store, post, 60)).toBeUndefined()
        expect(
          await store.posts.change(workspaceId, post.id, ['unknown'], {
            state: 'published',
            wakeAt: null,
            publishedAt: at(3),
          }),
        ).toBe(true)
        expect(await claim(store, post, 60)).toBeUndefined()
      })

      it('change their state only along the table of transitions', async () => {
        const { workspaceId, post } = await furnish()
        const mine = await claimed(post)
        const sent = { kind: 'post', visibility: 'public', platformPostId: 'p', permalink: null } as const
        expect(
          await store.posts.write(
            workspaceId,
            post.id,
            mine.fence,
            { state: 'cancelled', wakeAt: null },
            false,
          ),
        ).toBe(false)
        expect(
          await store.posts.write(
            workspaceId,
            post.id,
            mine.fence,
            { state: 'published', wakeAt: null, sent },
            true,
          ),
        ).toBe(true)
        expect((await store.posts.get(workspaceId, post.id))?.sent).toEqual(sent)
        expect(
          await store.posts.change(workspaceId, post.id, ['published'], { state: 'queued', wakeAt: at(1) }),
        ).toBe(false)
      })

      it('change from outside only while nobody works on them, which takes the fence away', async () => {
        const { workspaceId, post } = await furnish()
        const mine = await claimed(post, 0.1)
        expect(await store.posts.change(workspaceId, post.id, ['publishing'], { failedTurns: 7 })).toBe(false)
        await sleep(150)
        expect(await store.posts.change(workspaceId, post.id, ['queued'], { failedTurns: 7 })).toBe(false)
        expect(await store.posts.change(workspaceId, post.id, ['publishing'], { failedTurns: 7 })).toBe(true)
        expect(await store.posts.write(workspaceId, post.id, mine.fence, { failedTurns: 8 }, true)).toBe(
          false,
        )
      })

      it('that wait for an account are cancelled, those under way are not', async () => {
        const { workspaceId, group, account, post } = await furnish()
        const [begun, unknown] = [postOf(group, account), postOf(group, account, { state: 'unknown' })]
        await store.posts.insert(begun)
        await store.posts.insert(unknown)
        await claimed(begun)
        expect(await store.posts.cancelWaiting(workspaceId, account.id, failure)).toEqual([post.id])
        expect(await store.posts.get(workspaceId, post.id)).toMatchObject({
          state: 'cancelled',
          wakeAt: null,
          failure,
        })
        expect(await store.posts.wakeUnknown(workspaceId, account.id, at(99))).toEqual([unknown.id])
        expect(await store.posts.get(workspaceId, unknown.id)).toMatchObject({
          dueAt: at(99),
          wakeAt: at(99),
          failedTurns: 0,
        })
      })

      it('that are due go to one of two sweepers, and not again at once', async () => {
        const { group, account, post } = await furnish()
        const scheduled = postOf(group, account, { state: 'scheduled', dueAt: at(5), wakeAt: at(5) })
        await store.posts.insert(scheduled)
        const took = async (now: Date) =>
          (await Promise.all([store, other, store, other].map((each) => each.posts.takeDue(now, 30, 1000))))
            .flat()
            .map(({ postId }) => postId)
            .filter((id) => id === post.id || id === scheduled.id)
        expect(await took(at(4))).toEqual([])
        expect(await took(at(15))).toHaveLength(2)
        expect(await took(at(44))).toEqual([])
        expect(await took(at(45))).toHaveLength(2)
        expect(await store.posts.get(post.workspaceId, scheduled.id)).toMatchObject({ state: 'queued' })
      })

      it('of another workspace are neither seen nor touched, and cannot be pointed to', async () => {
        const mine = await furnish()
        const theirs = await furnish()
        const { workspaceId: foreign } = theirs
        const { post, group, account } = mine
        const attempt = attemptOf(post)
        await store.attempts.insert(attempt)
        expect(await store.posts.get(foreign, post.id)).toBeUndefined()
        expect(await store.postGroups.get(foreign, group.id)).toBeUndefined()
        expect(await store.posts.listByGroups(foreign, [group.id])).toEqual([])
        expect(await store.attempts.list(foreign, post.id)).toEqual([])
        expect(
          await store.posts.claim(foreign, post.id, { owner: 'x', leaseSeconds: 9, now: at(0) }),
        ).toBeUndefined()
        expect(await store.posts.change(foreign, post.id, ['queued'], { failedTurns: 9 })).toBe(false)
        expect(await store.posts.cancelWaiting(foreign, account.id, failure)).toEqual([])
        expect(await store.posts.wakeUnknown(foreign, account.id, at(1))).toEqual([])
        await store.attempts.finish(foreign, attempt.id, 'sent', null, at(1))
        const held = await claimed(post)
        expect(await store.posts.write(foreign, post.id, held.fence, { failedTurns: 9 }, true)).toBe(false)
        expect(await store.posts.get(mine.workspaceId, post.id)).toEqual(held)
        expect(await store.attempts.list(mine.workspaceId, post.id)).toEqual([attempt])

        for (const wrong of [
          postOf(theirs.group, account),
          postOf({ ...group, workspaceId: foreign }, theirs.account),
        ])
          await expect(store.posts.insert(wrong)).rejects.toThrow(/foreign key/)
        await expect(store.attempts.insert({ ...attemptOf(post), workspaceId: foreign })).rejects.toThrow(
          /foreign key/,
        )
      })
    })

    it('clients are listed by platform, way, source and server, until they are retired', async () => {
      const workspaceId = await createWorkspace()
      const clientOf = (way: string | null) => ({
        id: newId('oauthClient'),
        workspaceId,
        platform: 'memory',
        way,
        source: 'workspace' as const,
        server: '',
        redirectUri: '',
        scopes: [],
        clientId: 'id',
        endpoints: {},
        createdAt: at(0),
      })
      const [first, partner] = [clientOf(null), clientOf('partner')]
      await store.oauthClients.insert(first)
      await store.oauthClients.insert(partner)
      expect(await store.oauthClients.list(workspaceId, first)).toEqual([first])
      expect(await store.oauthClients.list(workspaceId, partner)).toEqual([partner])
      expect(await store.oauthClients.list(workspaceId, { ...first, server: 'other' })).toEqual([])
      await store.oauthClients.retire(workspaceId, partner.id)
      expect(await store.oauthClients.list(workspaceId, partner)).toEqual([])
      expect(await store.oauthClients.get(workspaceId, partner.id)).toEqual(partner)
    })

    describe('idempotency', () => {
      const call = (owner: string, more: object = {}) => ({
        verb: 'v',
        fingerprint: 'f',
        owner,
        seconds: 60,
        ...more,
      })

      it('lets one of many run, and gives its result to the others', async () => {
        const workspaceId = await createWorkspace()
        const claims = await Promise.all(
          Array.from({ length: 6 }, (_, i) =>
            (i % 2 ? store : other).idempotency.claim(workspaceId, 'k', call(`o${i}`)),
          ),
        )
        expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1)
        expect(claims.filter(({ state }) => state === 'running')).toHaveLength(5)
        const owner = `o${claims.findIndex(({ state }) => state === 'claimed')}`
        expect(await store.idempotency.complete(workspaceId, 'k', 'else', 'r')).toBe(false)
        expect(await store.idempotency.complete(await createWorkspace(), 'k', owner, 'r')).toBe(false)
        expect(await store.idempotency.complete(workspaceId, 'k', owner, 'r')).toBe(true)
        expect(await store.idempotency.claim(workspaceId, 'k', call('late'))).toEqual({
          state: 'done',
          resultId: 'r',
        })
        await store.idempotency.release(workspaceId, 'k', owner)
        expect(await store.idempotency.claim(workspaceId, 'k', call('late'))).toEqual({
          state: 'done',
          resultId: 'r',
        })
      })

      it('knows another request and another workspace', async () => {
        const workspaceId = await createWorkspace()
        await store.idempotency.claim(workspaceId, 'k', call('a'))
        expect(await store.idempotency.claim(workspaceId, 'k', call('b', { fingerprint: 'g' }))).toEqual({
          state: 'mismatch',
        })
        expect(await store.idempotency.claim(workspaceId, 'k', call('b', { verb: 'w' }))).toEqual({
          state: 'mismatch',
        })
        expect(await store.idempotency.claim(await createWorkspace(), 'k', call('b'))).toEqual({
          state: 'claimed',
        })
      })

      it('gives an abandoned claim to the same request alone, and the old owner completes nothing', async () => {
        const workspaceId = await createWorkspace()
        await store.idempotency.claim(workspaceId, 'k', call('a', { seconds: 0.1 }))
        await sleep(150)
        expect(await store.idempotency.claim(workspaceId, 'k', call('b', { fingerprint: 'g' }))).toEqual({
          state: 'mismatch',
        })
        expect(await store.idempotency.claim(workspaceId, 'k', call('b'))).toEqual({ state: 'claimed' })
        expect(await store.idempotency.complete(workspaceId, 'k', 'a', 'r')).toBe(false)
        await store.idempotency.release(workspaceId, 'k', 'a')
        expect(await store.idempotency.claim(workspaceId, 'k', call('c'))).toEqual({ state: 'running' })
        await store.idempotency.release(workspaceId, 'k', 'b')
        expect(await store.idempotency.claim(workspaceId, 'k', call('c', { fingerprint: 'g' }))).toEqual({
          state: 'claimed',
        })
        await store.idempotency.deleteOlderThan(new Date(Date.now() - 60_000))
        expect(await store.idempotency.claim(workspaceId, 'k', call('d', { fingerprint: 'g' }))).toEqual({
          state: 'running',
        })
        await store.idempotency.deleteOlderThan(new Date(Date.now() + 60_000))
        expect(await store.idempotency.claim(workspaceId, 'k', call('d'))).toEqual({ state: 'claimed' })
      })
    })

    describe('transactions', () => {
      it('are all or nothing', async () => {
        const id = newId('workspace')
        const work = store.transaction(async (tx) => {
          await tx.workspaces.insert({
            id,
            name: 'W',
            mode: 'live',
            maxAccounts: null,
            plan: 'pro',
            createdAt: at(0),
          })
          throw new Error('no')
        })
        await expect(work).rejects.toThrow('no')
        expect(await store.workspaces.get(id)).toBeUndefined()
      })

      it('that block each other are settled, and both done', async () => {
        const [one, two] = [await createWorkspace(), await createWorkspace()]
        let runs = 0
        const both = (first: WorkspaceId, second: WorkspaceId, by: Store) =>
          by.transaction(async (tx) => {
            runs++
            await tx.workspaces.lock(first)
            await sleep(100)
            await tx.workspaces.lock(second)
          })
        await Promise.all([both(one, two, store), both(two, one, other)])
        expect(runs).toBe(3)
      }, 15_000)

      it('say what cannot be stored in the words of a bad request', async () => {
        await expect(
          store.workspaces.insert({
            id: newId('workspace'),
            name: 'a\0b',
            mode: 'live',
            maxAccounts: null,
            plan: 'pro',
            createdAt: at(0),
          }),
        ).rejects.toMatchObject({ code: 'invalid_request' })
      })
    })

    describe('the place of the sandbox', () => {
      const placeOf = (processId: string) => ({
        processId,
        host: 'here',
        origin: 'http://127.0.0.1:1',
        bases: { x: 'http://127.0.0.1:1/x', mastodon: 'http://127.0.0.1:2' },
      })

      it('goes to one process, which holds it until it leaves', async () => {
        expect(await store.sandboxPlace.find()).toBeUndefined()
        const claims = await Promise.all(
          ['a', 'b', 'c', 'd'].map((id, at) => (at % 2 ? store : other).sandboxPlace.claim(placeOf(id), 60)),
        )
        expect(claims.filter(Boolean)).toHaveLength(1)
        const held = await other.sandboxPlace.find()
        const holder = held?.processId ?? ''
        expect(held).toEqual(placeOf(holder))
        expect(await store.sandboxPlace.claim(placeOf('late'), 60)).toBe(false)
        expect(await store.sandboxPlace.claim(placeOf(holder), 60)).toBe(true)
        await store.sandboxPlace.leave('late')
        expect(await store.sandboxPlace.find()).toBeDefined()
        await store.sandboxPlace.leave(holder)
        expect(await store.sandboxPlace.find()).toBeUndefined()
      })

      it('is free when its time is over, or when its process is known to be gone', async () => {
        expect(await store.sandboxPlace.claim(placeOf('short'), 0.05)).toBe(true)
        await vi.waitFor(async () => expect(await store.sandboxPlace.find()).toBeUndefined())
        expect(await other.sandboxPlace.claim(placeOf('next'), 60)).toBe(true)
        expect(await store.sandboxPlace.claim(placeOf('late'), 60, 'another')).toBe(false)
        expect(await store.sandboxPlace.claim(placeOf('late'), 60, 'next')).toBe(true)
        expect(await other.sandboxPlace.claim(placeOf('next'), 60)).toBe(false)
        await store.sandboxPlace.leave('late')
      })
    })

    describe('wake-ups', () => {
      const heard: PostWakeUp[] = []
      const of = (...ids: PostId[]) =>
        heard.filter(({ postId }) => ids.includes(postId)).map(({ postId }) => postId)
      let consumer: { stop(): Promise<void> }
      beforeAll(async () => {
        consumer = await other.consume(async (wakeUps) => void heard.push(...wakeUps))
      })
      afterAll(() => consumer.stop())
      const workspaceId = newId('workspace')

      it('come with the transaction, promptly, and not without it', async () => {
        const [committed, undone] = [newId('post'), newId('post')]
        const wakeUp = (postId: PostId) => [{ workspaceId, postId }]
        await store
          .transaction(async (tx) => {
            await tx.jobs.wake(wakeUp(undone))
            throw new Error('no')
          })
          .catch(() => {})
        let committedAt = 0
        await store.transaction(async (tx) => {
          await tx.jobs.wake(wakeUp(committed))
          await sleep(50)
          expect(of(committed)).toEqual([])
          committedAt = performance.now()
        })
        await vi.waitFor(() => expect(of(committed)).toEqual([committed]), { timeout: 5000, interval: 5 })
        expect(performance.now() - committedAt).toBeLessThan(1000)
        expect(of(undone)).toEqual([])
      })

      it('of many posts at once all come', async () => {
        const ids = Array.from({ length: 120 }, () => newId('post'))
        await store.jobs.wake(ids.map((postId) => ({ workspaceId, postId })))
        await vi.waitFor(() => expect(new Set(of(...ids)).size).toBe(120), { timeout: 5000 })
        await store.jobs.wake([])
      })
    })

    it('tells when it is asked, and ends without open ends', async () => {
      const mine = await underTest.open()
      await mine.ping()
      const consumer = await mine.consume(async () => {})
      void consumer
      await mine.close()
      await expect(mine.ping()).rejects.toThrow()
    })
  })
}
