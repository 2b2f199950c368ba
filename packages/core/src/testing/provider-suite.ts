import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../model/json.js'
import { defineProvider, type Occasion, type Provider } from '../provider/provider.js'
import type { FakePlatform, Fault } from './fake-platform.js'
import { type ConnectedAccount, originsOf, type ProviderRun, startRun } from './provider-run.js'
import { secretsIn } from './secrets.js'

/** What becomes of a checkpoint that waits in the database: JSON, with the fields of objects in any order. */
function stored(value: Json): Json {
  if (Array.isArray(value)) return value.map(stored)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, stored(field)]),
  )
}

/**
 * What every platform must do, run against one. After each test nothing secret may be readable in any error, log line,
 * checkpoint, setting or target, and no request may have gone to an address that is not declared.
 *
 * @param start brings up the platform, once for the whole suite
 */
export function testProvider(provider: Provider, start: () => Promise<FakePlatform>): void {
  const { manifest } = provider
  describe(`${manifest.id} as every platform`, { timeout: 30_000 }, () => {
    let fake: FakePlatform
    let run: ProviderRun

    beforeAll(async () => {
      fake = await start()
    }, 60_000)
    afterAll(() => fake?.close())
    beforeEach(() => {
      run = startRun(provider, fake)
    })
    afterEach(async () => {
      fake.heal()
      await run.close()
      for (const value of run.shown) expect(secretsIn(value, run.secrets)).toEqual([])
      const asked = new Set(run.requests.map(({ url }) => new URL(url).origin))
      expect([...asked].filter((origin) => !originsOf(fake).has(origin))).toEqual([])
    })

    const connected = async () => run.connect(await fake.createAccount())

    /** The call a user would have made on this occasion, ready to meet a fault. */
    const calls: Record<
      'connect' | 'refresh' | 'verify' | 'publish' | 'delete',
      () => Promise<() => Promise<unknown>>
    > = {
      async connect() {
        const { fields } = await fake.createAccount()
        return async () => provider.authenticate?.(run.ctx, fields)
      },
      async refresh() {
        const { access, authorization } = await connected()
        return async () => provider.refresh?.(run.ctx, access, authorization.secrets)
      },
      async verify() {
        const { access, account } = await connected()
        return () => provider.verify(run.ctx, access, account.targetId)
      },
      async publish() {
        const input = run.inputFor(await connected())
        const { checkpoint } = await run.prepare(input)
        return () => provider.continuePublish(run.ctx, input, checkpoint)
      },
      async delete() {
        const one = await connected()
        const { platformPostId } = await published(one)
        return async () => provider.deletePost?.(run.ctx, one.access, platformPostId)
      },
    }
    const isDone: Record<keyof typeof calls, boolean> = {
      connect: provider.authenticate !== undefined,
      refresh: provider.refresh !== undefined,
      verify: true,
      publish: true,
      delete: provider.deletePost !== undefined,
    }
    const occasions = (Object.keys(calls) as (keyof typeof calls)[]).filter((occasion) => isDone[occasion])

    async function published(one: ConnectedAccount) {
      const input = run.inputFor(one)
      const { checkpoint } = await run.prepare(input)
      const step = await provider.continuePublish(run.ctx, input, checkpoint)
      if (step.type !== 'done') throw new Error(`After sending came "${step.type}".`)
      return step.sent
    }

    const failing = async (occasion: keyof typeof calls, fault: Fault) => {
      const call = await calls[occasion]()
      fake.fail(fault)
      return run.failureOf(occasion, call())
    }

    it('declares a valid manifest, and an address for each endpoint can be set', () => {
      expect(defineProvider(provider)).toBe(provider)
      expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest)
      expect(Object.keys(fake.endpoints).sort()).toEqual(Object.keys(manifest.endpoints).sort())
    })

    describe.runIf(isDone.connect)('connect', () => {
      it('gives an identity, tokens, and settings that survive being stored', async () => {
        const { authorization, account } = await connected()
        expect(authorization.subject).not.toBe('')
        expect(authorization.tokens.accessToken).not.toBe('')
        expect(JSON.parse(JSON.stringify(authorization.settings))).toEqual(authorization.settings)
        const required = manifest.scopes.filter(({ need }) => need === 'required').map(({ name }) => name)
        expect(authorization.grantedScopes).toEqual(expect.arrayContaining(required))
        const again = await run.connect(account)
        expect(again.authorization.subject).toBe(authorization.subject)
      })

      it('calls wrong credentials rejected', async () => {
        const { wrongFields } = await fake.createAccount()
        const failure = await run.failureOf(
          'connect',
          provider.authenticate?.(run.ctx, wrongFields) ?? Promise.resolve(),
        )
        expect(failure.classification.kind).toBe('credentials_rejected')
      })

      it('lists the account under the same id every time', async () => {
        const { access, account } = await connected()
        for (const _ of [1, 2]) {
          const targets = await provider.listTargets(run.ctx, access)
          run.shown.push(targets)
          expect(targets.map(({ targetId }) => targetId)).toContain(account.targetId)
        }
      })
    })

    describe('status', () => {
      it('of a healthy account is active', async () => {
        const { access, account } = await connected()
        const verification = await provider.verify(run.ctx, access, account.targetId)
        run.shown.push(verification)
        expect(verification).toMatchObject({ status: 'active', reason: null })
      })

      it.runIf(isDone.refresh)('is active with refreshed tokens, which took no credentials', async () => {
        const { access, account, authorization } = await connected()
        run.requests.length = 0
        const refreshed = await provider.refresh?.(run.ctx, access, authorization.secrets)
        if (!refreshed) throw new Error('There are no new tokens.')
        expect(secretsIn(run.requests, new Map(Object.entries(authorization.secrets)))).toEqual([])
        const renewed = {
          ...access,
          tokens: run.keep(refreshed),
          settings: refreshed.settings ?? access.settings,
        }
        expect(await provider.verify(run.ctx, renewed, account.targetId)).toMatchObject({ status: 'active' })
      })

      it.runIf(isDone.refresh)('after access was taken away is lost, found by a refresh', async () => {
        const { access, account, authorization } = await connected()
        await account.revokeAccess()
        const call = provider.refresh?.(run.ctx, access, authorization.secrets)
        const failure = await run.failureOf('refresh', call ?? Promise.resolve())
        expect(failure.classification).toMatchObject({ kind: 'grant_lost', status: 'revoked' })
      })

      it.runIf(provider.revoke)('after we revoked is lost; revoking twice is fine', async () => {
        const { access } = await connected()
        await provider.revoke?.(run.ctx, access)
        await provider.revoke?.(run.ctx, access)
        if (!provider.refresh) return
        const failure = await run.failureOf('refresh', provider.refresh(run.ctx, access, {}))
        expect(failure.classification.kind).toBe('grant_lost')
      })
    })

    describe('publish', () => {
      it('makes one post public, at the last step only', async () => {
        const one = await connected()
        const input = run.inputFor(one)
        const { checkpoint } = await run.prepare(input)
        expect(await one.account.posts()).toEqual([])
        const step = await provider.continuePublish(run.ctx, input, stored(checkpoint))
        run.shown.push(step)
        expect(step).toMatchObject({
          type: 'done',
          sent: { kind: 'post', platformPostId: expect.any(String) },
        })
        expect(await one.account.posts()).toEqual(step.type === 'done' ? [step.sent.platformPostId] : [])
      })

      it('with an access token that ended asks for a refresh, or says that the grant is lost', async () => {
        const one = await connected()
        const input = run.inputFor(one)
        const { checkpoint } = await run.prepare(input)
        const accessToken = fake.expireAccessToken(one.access.tokens.accessToken)
        run.secrets.set('expired access token', accessToken)
        const expired = { ...input, access: { ...one.access, tokens: { ...one.access.tokens, accessToken } } }
        const failure = await run.failureOf('publish', provider.continuePublish(run.ctx, expired, checkpoint))
        expect(failure).toMatchObject({
          classification: { kind: isDone.refresh ? 'access_token_expired' : 'grant_lost' },
          effect: 'none',
        })
        expect(await one.account.posts()).toEqual([])
      })

      it('whose answer is lost may have happened, is found, and is not made twice by a repetition', async () => {
        const one = await connected()
        const input = run.inputFor(one)
        const { checkpoint } = await run.prepare(input)
        fake.fail('lost_answer')
        const failure = await run.failureOf('publish', provider.continuePublish(run.ctx, input, checkpoint))
        expect(failure).toMatchObject({ classification: { kind: 'unavailable' }, effect: 'maybe' })
        fake.heal()
        const posts = await one.account.posts()
        expect(posts).toHaveLength(1)

        if (provider.findPublished) {
          const found = await provider.findPublished(run.ctx, input, stored(checkpoint))
          run.shown.push(found)
          expect(found?.platformPostId).toBe(posts[0])
        }
        if (manifest.publish.reconcile === 'key') {
          const again = await provider
            .continuePublish(run.ctx, input, stored(checkpoint))
            .catch((error: unknown) => error)
          if (again instanceof Error) {
            const failure = await run.failureOf('publish', Promise.reject(again))
            expect(failure.classification.kind).toBe('already_sent')
          } else expect(again).toMatchObject({ type: 'done', sent: { platformPostId: posts[0] } })
          expect(await one.account.posts()).toEqual(posts)
        }
      })

      it('whose request is lost is not found, and a repetition sends the same bytes', async () => {
        const one = await connected()
        const input = run.inputFor(one)
        const { checkpoint } = await run.prepare(input)
        fake.fail('lost_request')
        run.requests.length = 0
        await run.failureOf('publish', provider.continuePublish(run.ctx, input, checkpoint))
        const [first] = run.requests
        fake.heal()
        expect(await one.account.posts()).toEqual([])
        if (provider.findPublished)
          expect(await provider.findPublished(run.ctx, input, stored(checkpoint))).toBeNull()

        run.requests.length = 0
        const step = await provider.continuePublish(run.ctx, input, stored(checkpoint))
        expect(step.type).toBe('done')
        expect(run.requests[0]).toEqual(first)
        expect(await one.account.posts()).toHaveLength(1)
      })

      it('has a new key for every post', () => {
        const keys = Array.from({ length: 100 }, () => provider.createDedupeKey(run.clock.now()))
        expect(new Set(keys).size).toBe(100)
      })

      it.runIf(isDone.delete)('can be undone, twice without complaint', async () => {
        const one = await connected()
        const { platformPostId } = await published(one)
        await provider.deletePost?.(run.ctx, one.access, platformPostId)
        expect(await one.account.posts()).toEqual([])
        await provider.deletePost?.(run.ctx, one.access, platformPostId)
      })
    })

    describe.each(occasions)('on a bad day, %s', (occasion) => {
      it('is told when to come back by a platform that is too busy', async () => {
        const failure = await failing(occasion, 'rate_limited')
        expect(failure).toMatchObject({ classification: { kind: 'rate_limited' }, effect: 'none' })
        expect(failure.error.retryAfter?.getTime()).toBeGreaterThan(run.clock.now().getTime())
      })

      it.each<Fault>(['server_error', 'garbage', 'lost_request', 'lost_answer'])(
        'meets %s as passing trouble that changes no status',
        async (fault) => {
          const failure = await failing(occasion, fault)
          expect(failure.classification.kind).toBe('unavailable')
          expect(failure.error.code).toMatch(/^platform_(unavailable|response_invalid)$/)
        },
      )

      it('does not repeat secrets that the platform repeats', async () => {
        const call = await calls[occasion]()
        run.echoRequests()
        await run.failureOf(occasion satisfies Occasion, call())
      })
    })
  })
}
