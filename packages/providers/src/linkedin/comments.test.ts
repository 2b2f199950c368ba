import { type Json, PlatformError, PostMcpError, type PublishStep } from '@postmcp/core'
import { publishInputOf } from '@postmcp/core/testing'
import { describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'
import { findPublished } from './find-published.js'
import { access, type Canned, cannedContext, now, pageScopes, target } from './fixtures/context.js'
import { continuePublish, startPublish } from './publish.js'

const page = 'urn:li:organization:79000001'
const post = 'urn:li:share:74'
const path = `/rest/socialActions/${encodeURIComponent(post)}/comments`
const commentUrn = (number: number) => `urn:li:comment:(urn:li:activity:73,${number})`

const inputOf = (replies: string[] = [], author = page, grantedScopes: string[] = []) =>
  publishInputOf({
    access: access({ grantedScopes: [...pageScopes, ...grantedScopes] }),
    account: target(author),
    content: { text: 'Hello', replies },
    startedAt: now,
  })

/** What a database gives back: JSON, with the fields of objects in another order. */
function stored(step: PublishStep): Json {
  if (step.type === 'done') throw new Error('There is nothing to go on with.')
  return Object.fromEntries(Object.entries(step.checkpoint as Record<string, Json>).reverse())
}

/** Publishes the post itself. */
async function posted(replies: string[], answers: Canned | Canned[] = []) {
  const posting: Canned = { status: 201, headers: { 'x-restli-id': post } }
  const { ctx, requests } = cannedContext({ '/rest/posts': posting, [path]: answers })
  const input = inputOf(replies)
  const step = await continuePublish(ctx, input, stored(await startPublish(ctx, input)))
  return { ctx, requests, input, step }
}

const made = (number: number): Canned => ({
  status: 201,
  headers: { 'x-restli-id': String(number) },
  body: { commentUrn: commentUrn(number), id: String(number), message: { text: '' } },
})

describe('comments', () => {
  it('follow the post in their order, below it and not below each other, each announced by itself', async () => {
    const replies = ['First (really) #one', 'Second', 'Third']
    const { ctx, requests, input, step } = await posted(replies, [made(1), made(2), made(3)])
    const steps = [step]
    for (let last = step; last.type !== 'done'; ) {
      last = await continuePublish(ctx, input, stored(last))
      steps.push(last)
    }
    const known = steps.map((one) =>
      one.type === 'done' ? one.sent : one.type === 'send' ? one.published : undefined,
    )
    expect(known.map((sent) => [sent?.platformPostId, sent?.parts ?? []])).toEqual([
      [post, []],
      [post, [commentUrn(1)]],
      [post, [commentUrn(1), commentUrn(2)]],
      [post, [commentUrn(1), commentUrn(2), commentUrn(3)]],
    ])
    expect(requests.slice(1).map(({ body }) => JSON.parse(String(body)))).toEqual(
      // As they are: in a comment a backslash stays one.
      replies.map((text) => ({ actor: page, object: post, message: { text } })),
    )
    expect(requests[1]).toMatchObject({ method: 'POST', headers: { 'linkedin-version': '202609' } })
  })

  it('are sent as they were announced, to the byte', async () => {
    const { ctx, requests, input, step } = await posted(['First'], made(1))
    const checkpoint = stored(step) as { request: string }
    input.content.replies = ['Something else']
    await continuePublish(ctx, input, checkpoint)
    expect(requests[1]?.body).toBe(checkpoint.request)
  })

  it('are known by their number where LinkedIn answers no more than that, and without it may be public', async () => {
    const { ctx, input, step } = await posted(
      ['First'],
      [
        { status: 201, headers: { 'x-restli-id': '5' } },
        { status: 201, body: {} },
        { status: 200, body: '<html>' },
      ],
    )
    const checkpoint = stored(step)
    expect(await continuePublish(ctx, input, checkpoint)).toMatchObject({ sent: { parts: ['5'] } })
    for (const _ of [1, 2]) {
      await expect(continuePublish(ctx, input, checkpoint)).rejects.toMatchObject({
        name: 'MalformedResponseError',
      })
    }
  })

  it.each([
    [403, { code: 'ACCESS_DENIED', message: 'Not enough permissions' }, 'refused', 'comment/ACCESS_DENIED'],
    [403, { message: 'Comments are closed' }, 'refused', 'comment/403'],
    [400, { code: 'ILLEGAL_ARGUMENT', message: 'no' }, 'refused', 'comment/ILLEGAL_ARGUMENT'],
    [404, { message: 'Received error for the post: 404' }, 'rate_limited', 'comment/post_not_known_yet'],
    [429, { code: 'TOO_MANY_REQUESTS', message: 'enough' }, 'rate_limited', 'TOO_MANY_REQUESTS'],
    [401, { code: 'EXPIRED_ACCESS_TOKEN', message: 'old' }, 'access_token_expired', 'EXPIRED_ACCESS_TOKEN'],
    [401, { code: 'REVOKED_ACCESS_TOKEN', message: 'gone' }, 'grant_lost', 'REVOKED_ACCESS_TOKEN'],
    [426, { code: 'NONEXISTENT_VERSION', message: 'old' }, 'client_invalid', 'NONEXISTENT_VERSION'],
    [500, { message: 'Internal Server Error' }, 'unavailable', null],
  ])(
    'refused with %i %j are %s, which says nothing more of the account',
    async (status, body, kind, code) => {
      const { ctx, input, step } = await posted(['First'], { status, body })
      const failure: unknown = await continuePublish(ctx, input, stored(step)).catch(
        (error: unknown) => error,
      )
      if (!(failure instanceof PlatformError)) throw failure
      expect(failure.platformCode).toBe(code)
      expect(classifyError(failure, 'publish').kind).toBe(kind)
    },
  )

  it('below a post that LinkedIn does not know yet are tried again soon, and after a while no more', async () => {
    const { ctx, input, step } = await posted(['First'], { status: 404, body: { message: 'no' } })
    const checkpoint = stored(step) as Record<string, Json>
    const failure = async (since: Date) =>
      (await continuePublish(ctx, input, { ...checkpoint, since: since.toISOString() }).catch(
        (error: unknown) => error,
      )) as PlatformError
    expect(await failure(now)).toMatchObject({ retryAfter: new Date(now.getTime() + 10_000) })
    expect(await failure(new Date(now.getTime() - 10 * 60_000))).toMatchObject({
      platformCode: 'comment/404',
    })
  })
})

describe('a comment whose answer was lost', () => {
  const listed = (number: number, more: Record<string, unknown> = {}) => ({
    actor: page,
    commentUrn: commentUrn(number),
    id: String(number),
    created: { actor: page, time: now.getTime() + 1000 },
    message: { attributes: [], text: 'First (really)' },
    ...more,
  })
  const readable = ['r_organization_social_feed']
  const sent = {
    kind: 'post',
    visibility: 'public',
    platformPostId: post,
    permalink: null,
    parts: [commentUrn(1)],
  }
  const checkpointOf = (actor: string) => ({
    stage: 'comment',
    request: JSON.stringify({ actor, object: post, message: { text: 'First (really)' } }),
    replies: ['Second'],
    sent,
    since: now.toISOString(),
  })
  async function find(pages: (unknown[] | Canned)[], grantedScopes = readable, author = page) {
    const answers = [...pages, []].map((one) => (Array.isArray(one) ? { body: { elements: one } } : one))
    const { ctx, requests } = cannedContext({ [path]: answers })
    const input = inputOf([], author, grantedScopes)
    const found = await findPublished(ctx, { ...input, sentAt: now }, checkpointOf(author)).catch(
      (error: unknown) => error,
    )
    return { found, requests }
  }

  it('is found below the post, and the next one follows', async () => {
    const { found, requests } = await find([[listed(8, { message: { text: 'Hi' } })], [listed(9)]])
    expect(found).toMatchObject({
      type: 'send',
      published: { platformPostId: post, parts: [commentUrn(1), commentUrn(9)] },
      checkpoint: { replies: [] },
    })
    const { checkpoint } = found as { checkpoint: { request: string } }
    expect(JSON.parse(checkpoint.request)).toEqual({ actor: page, object: post, message: { text: 'Second' } })
    expect(requests.map(({ url }) => new URL(url).search)).toEqual([
      '?start=0&count=50',
      '?start=1&count=50',
      '?start=2&count=50',
    ])
  })

  it.each([
    ['of somebody else', { actor: 'urn:li:person:Ab1' }],
    ['with another text', { message: { text: 'First' } }],
    ['from before', { created: { time: now.getTime() - 120_001 } }],
    ['that is known already', { commentUrn: commentUrn(1) }],
    ['that is known already by its number', { commentUrn: undefined, id: '1' }],
  ])('is not one %s', async (_, more) => {
    expect((await find([[listed(9, more)]])).found).toBeNull()
  })

  it('is left to a person where it could be one whose author is not shown', async () => {
    expect((await find([[listed(9, { actor: undefined })]])).found).toMatchObject({ code: 'outcome_unknown' })
  })

  it('is left to a person where comments may not be read, or without asking where that is known', async () => {
    for (const [scopes, author] of [
      [[], page],
      [readable, 'urn:li:person:Ab1'],
    ] as const) {
      const { found, requests } = await find([], [...scopes], author)
      expect(found).toMatchObject({ code: 'outcome_unknown' })
      expect(requests).toEqual([])
    }
    for (const status of [403, 404]) {
      const { found } = await find([{ status, body: { code: 'ACCESS_DENIED', message: 'no' } }])
      expect(found).toBeInstanceOf(PostMcpError)
      expect(found).toMatchObject({ code: 'outcome_unknown' })
    }
  })

  it('is looked for again after passing trouble', async () => {
    const { found } = await find([{ status: 503, body: { message: 'busy' } }])
    expect(classifyError(found as PlatformError, 'verify')).toEqual({ kind: 'unavailable' })
  })
})

it('a post that is found again goes on with its comments', async () => {
  const { ctx } = cannedContext({
    '/rest/posts': {
      body: {
        elements: [
          { id: post, commentary: 'Hello', visibility: 'PUBLIC', createdAt: now.getTime(), author: page },
        ],
      },
    },
  })
  const input = inputOf(['First'])
  const checkpoint = stored(await startPublish(ctx, input))
  expect(await findPublished(ctx, { ...input, sentAt: now }, checkpoint)).toMatchObject({
    type: 'send',
    published: { platformPostId: post },
    checkpoint: { stage: 'comment', replies: [] },
  })
})
