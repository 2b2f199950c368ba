import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { HttpRequest } from '../http/http-client.js'
import type { Json } from '../model/json.js'
import { missingScopes } from '../oauth/scopes.js'
import { defineProvider, type Occasion, type Provider, type PublishInput } from '../provider/provider.js'
import { onWay } from '../provider/ways.js'
import type { FakePlatform, Fault } from './fake-platform.js'
import { type ConnectedAccount, originsOf, type ProviderRun, publishing, startRun } from './provider-run.js'
import { type SampleKind, sampleKinds, whyNot } from './sample-content.js'
import { secretsIn } from './secrets.js'

/** What of a request has to be the same again: a proof of possession is made anew each time (RFC 9449), and so is a boundary. */
function sentBytes(request: HttpRequest | undefined): unknown {
  if (!request) return undefined
  const { headers = {}, body, ...rest } = request
  const kept = Object.entries(headers).filter(
    ([name]) => !['dpop', 'content-type'].includes(name.toLowerCase()),
  )
  const bytes = typeof body === 'object' && 'open' in body ? body.bytes : body
  return { ...rest, headers: Object.fromEntries(kept), body: bytes }
}

/** What a platform does not have is not tested at all; a test that is skipped would look like one that is owed. */
const itIf = (isSo: unknown) => (isSo ? it : () => {})
const describeIf = (isSo: unknown) => (isSo ? describe : () => {})

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
 * @param options.way the further way through the browser on which it is tested; default: the first one
 * @param options.without kinds of posts that the platform has, and what the suite runs against has not
 * @param options.refreshes whether it gives refresh tokens, where its servers differ in that; default: as the manifest declares
 */
export function testProvider(
  declared: Provider,
  start: () => Promise<FakePlatform>,
  options: { way?: string; refreshes?: boolean; without?: readonly SampleKind[] } = {},
): void {
  const provider = onWay(declared, options.way ?? null)
  const { manifest } = provider
  const { refreshes = manifest.tokens.refresh !== 'none', without = [] } = options
  const name = options.way === undefined ? manifest.id : `${manifest.id} by ${options.way}`
  describe(`${name} as every platform`, { timeout: 30_000 }, () => {
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
    const renew = (one: ConnectedAccount) => run.renew(one)
    const send = (input: PublishInput, checkpoint: Json) =>
      publishing(provider).proceed(run.ctx, input, checkpoint)

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
        const one = await connected()
        return () => renew(one)
      },
      async verify() {
        const { access, target } = await connected()
        return () => provider.verify(run.ctx, access, target)
      },
      async publish() {
        const input = await run.inputFor(await connected())
        const { checkpoint } = await run.prepare(input)
        return () => send(input, checkpoint)
      },
      async delete() {
        const one = await connected()
        const sent = await published(one)
        return async () => provider.deletePost?.(run.ctx, { access: one.access, account: one.target }, sent)
      },
    }
    const isDone: Record<keyof typeof calls, boolean> = {
      connect: provider.authenticate !== undefined,
      refresh: refreshes,
      verify: true,
      publish: provider.startPublish !== undefined,
      delete: provider.deletePost !== undefined,
    }
    const occasions = (Object.keys(calls) as (keyof typeof calls)[]).filter((occasion) => isDone[occasion])

    async function published(one: ConnectedAccount) {
      const input = await run.inputFor(one)
      const { checkpoint } = await run.prepare(input)
      return run.finish(input, await send(input, checkpoint))
    }

    const failing = async (occasion: keyof typeof calls, fault: Fault) => {
      const call = await calls[occasion]()
      fake.fail(fault)
      return run.failureOf(occasion, call())
    }

    it('declares a valid manifest, and an address for each endpoint can be set', () => {
      expect(defineProvider(declared)).toBe(declared)
      expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest)
      expect(Object.keys(fake.endpoints).sort()).toEqual(Object.keys(manifest.endpoints).sort())
    })

    const wayOf = async () =>
      (await fake.createAccount()).approve ? ('oauth2' as const) : ('credentials' as const)

    describe('connect', () => {
      it('gives an identity, tokens, and settings that survive being stored', async () => {
        const { authorization, account } = await connected()
        expect(authorization.subject).not.toBe('')
        expect(authorization.tokens.accessToken).not.toBe('')
        expect(JSON.parse(JSON.stringify(authorization.settings))).toEqual(authorization.settings)
        expect(missingScopes(manifest, authorization.grantedScopes, await wayOf())).toEqual([])
        const again = await run.connect(account)
        expect(again.authorization.subject).toBe(authorization.subject)
      })

      itIf(isDone.connect)('calls wrong credentials rejected', async () => {
        const { wrongFields, approve } = await fake.createAccount()
        if (approve) return // connected in the browser
        const failure = await run.failureOf(
          'connect',
          provider.authenticate?.(run.ctx, wrongFields) ?? Promise.resolve(),
        )
        expect(failure.classification.kind).toBe('credentials_rejected')
      })

      it('lists the account under the same id every time, with a kind that is declared', async () => {
        const { access, account } = await connected()
        for (const _ of [1, 2]) {
          const targets = await provider.listTargets(run.ctx, access)
          run.shown.push(targets.map(({ secrets: _, ...rest }) => rest))
          expect(targets.map(({ targetId }) => targetId)).toContain(account.targetId)
          for (const { kind } of targets) {
            if (kind !== undefined) expect(manifest.connect.targetKinds).toContain(kind)
          }
        }
      })

      it('that is denied is no error of ours', async () => {
        const account = await fake.createAccount()
        if (!account.deny) return
        const error: unknown = await run.authorize(account, 'deny').catch((thrown: unknown) => thrown)
        run.shown.push(error)
        expect(error).toMatchObject({ code: 'authorization_denied' })
      })
    })

    describe('status', () => {
      it('of a healthy account is active', async () => {
        const { access, target } = await connected()
        const verification = await provider.verify(run.ctx, access, target)
        run.shown.push(verification)
        expect(verification).toMatchObject({ status: 'active', reason: null })
      })

      itIf(isDone.refresh)('is active with refreshed tokens, which took no credentials', async () => {
        const one = await connected()
        const { access, target, authorization } = one
        run.requests.length = 0
        const refreshed = await renew(one)
        if (provider.authenticate) {
          expect(secretsIn(run.requests, new Map(Object.entries(authorization.secrets)))).toEqual([])
        }
        const renewed = {
          ...access,
          tokens: run.keep(refreshed),
          settings: refreshed.settings ?? access.settings,
        }
        expect(await provider.verify(run.ctx, renewed, target)).toMatchObject({ status: 'active' })
      })

      const foundBy = isDone.refresh ? 'refresh' : 'verify'

      /** The call that has to notice that access is gone. */
      const check = (one: ConnectedAccount): Promise<unknown> =>
        isDone.refresh ? renew(one) : provider.verify(run.ctx, one.access, one.target)

      it(`after access was taken away is lost, found by a ${foundBy}`, async () => {
        const one = await connected()
        await one.account.revokeAccess()
        const failure = await run.failureOf(foundBy, check(one))
        expect(failure.classification).toMatchObject({ kind: 'grant_lost', status: 'revoked' })
      })

      it('after we revoked is lost; revoking twice is fine', async () => {
        const one = await connected()
        if (!(await run.revoke(one))) return
        await run.revoke(one)
        const failure = await run.failureOf(
          foundBy,
          check({ ...one, authorization: { ...one.authorization, secrets: {} } }),
        )
        expect(failure.classification.kind).toBe('grant_lost')
      })
    })

    describeIf(isDone.publish)('publish', () => {
      const { reconcile } = manifest.publish
      const kinds = sampleKinds.filter(
        (kind) => whyNot(kind, manifest.publish.limits) === null && !without.includes(kind),
      )
      const find = (input: PublishInput, checkpoint: Json) =>
        provider.findPublished?.(run.ctx, { ...input, sentAt: run.clock.now() }, stored(checkpoint))
      const posts = async (one: ConnectedAccount) =>
        (await one.account.posts()).filter(({ inReplyTo }) => inReplyTo === null)

      it.each(kinds)('of kind %s makes one post public, with everything in it', async (kind) => {
        const one = await connected()
        const input = await run.inputFor(one, kind)
        const first = await run.prepare(input)
        expect(await one.account.posts()).toEqual([])
        const step = await send(input, stored(first.checkpoint))
        const sent = await run.finish(input, step)
        expect(sent.platformPostId).not.toBe('')
        if (sent.permalink !== null) expect(() => new URL(sent.permalink ?? '')).not.toThrow()
        const [post, ...others] = await posts(one)
        expect(others).toEqual([])
        expect(post?.text).toContain(input.content.text)
        expect(post?.media.map(({ sha256 }) => sha256)).toEqual(
          input.content.media.map(({ sha256 }) => sha256),
        )
        if (manifest.publish.limits.images?.maxAltTextGraphemes !== 0) {
          const given = input.content.media.map(({ altText }) => altText)
          expect(post?.media.map(({ altText }) => altText ?? '')).toEqual(given)
        }
        const below = (await one.account.posts()).filter(({ inReplyTo }) => inReplyTo === post?.id)
        expect(below.map(({ text }) => text)).toEqual(input.content.replies)
      })

      it('with an access token that ended asks for a refresh, or says that the grant is lost', async () => {
        if (!manifest.tokens.neededToPublish) return
        const one = await connected()
        const input = await run.inputFor(one)
        const { checkpoint } = await run.prepare(input)
        const accessToken = fake.expireAccessToken(one.access.tokens.accessToken)
        run.secrets.set('expired access token', accessToken)
        const expired = { ...input, access: { ...one.access, tokens: { ...one.access.tokens, accessToken } } }
        const failure = await run.failureOf('publish', send(expired, checkpoint))
        expect(failure).toMatchObject({
          classification: { kind: isDone.refresh ? 'access_token_expired' : 'grant_lost' },
          effect: 'none',
        })
        expect(await one.account.posts()).toEqual([])
      })

      it('whose answer is lost may have happened, is found, and is not made twice by a repetition', async () => {
        const one = await connected()
        const input = await run.inputFor(one)
        const { checkpoint } = await run.prepare(input)
        fake.fail('lost_answer')
        const failure = await run.failureOf('publish', send(input, checkpoint))
        expect(failure).toMatchObject({ classification: { kind: 'unavailable' }, effect: 'maybe' })
        fake.heal()

        if (provider.findPublished) {
          const found = await find(input, checkpoint)
          run.shown.push(found)
          if (!found) throw new Error('What was published is not found.')
          const { platformPostId } = await run.finish(input, found)
          expect((await posts(one)).map(({ id }) => id)).toEqual([platformPostId])
        }
        if (reconcile === 'key') {
          const before = await posts(one)
          expect(before).toHaveLength(1)
          const again = await send(input, stored(checkpoint)).catch((error: unknown) => error)
          if (again instanceof Error) {
            const repeated = await run.failureOf('publish', Promise.reject(again))
            expect(repeated.classification.kind).toBe('already_sent')
          } else expect(again).toMatchObject({ type: 'done', sent: { platformPostId: before[0]?.id } })
          expect(await posts(one)).toEqual(before)
        }
      })

      it('whose request is lost is not found, and a repetition sends the same bytes', async () => {
        const one = await connected()
        const input = await run.inputFor(one)
        const { checkpoint } = await run.prepare(input)
        fake.fail('lost_request')
        run.requests.length = 0
        await run.failureOf('publish', send(input, checkpoint))
        const [first] = run.requests
        fake.heal()
        expect(await one.account.posts()).toEqual([])
        if (provider.findPublished) expect(await find(input, checkpoint)).toBeNull()

        run.requests.length = 0
        await run.finish(input, await send(input, stored(checkpoint)))
        expect(sentBytes(run.requests[0])).toEqual(sentBytes(first))
        expect(await posts(one)).toHaveLength(1)
      })

      it('has a new key for every post', () => {
        const keys = Array.from({ length: 100 }, () => provider.createDedupeKey?.(run.clock.now()))
        expect(new Set(keys).size).toBe(100)
      })

      itIf(isDone.delete)('can be undone, twice without complaint', async () => {
        const one = await connected()
        const sent = await published(one)
        const of = { access: one.access, account: one.target }
        await provider.deletePost?.(run.ctx, of, sent)
        expect(await one.account.posts()).toEqual([])
        await provider.deletePost?.(run.ctx, of, sent)
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
