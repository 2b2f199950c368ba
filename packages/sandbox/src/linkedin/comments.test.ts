import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createLinkedin } from './index.js'

let sandbox: RunningSandbox
afterEach(() => sandbox?.close())

const ada = 'urn:li:person:adaSandbx1'
const works = 'urn:li:organization:79000001'
const studio = 'urn:li:organization:79000002'
const POSTING = ['openid', 'w_member_social', 'w_organization_social']
const COMMENTING = ['w_member_social_feed', 'w_organization_social_feed', 'r_organization_social_feed']

async function start(scopes = [...POSTING, ...COMMENTING]) {
  sandbox = await startSandbox({ platforms: [createLinkedin()] })
  const { base, world, clock, tokens, app } = sandbox.platform('linkedin')
  const { accessToken } = tokens.issue({ clientId: app?.clientId ?? '', personId: 'adaSandbx1', scopes })
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        'linkedin-version': '202609',
        'x-restli-protocol-version': '2.0.0',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    return { status: response.status, id: response.headers.get('x-restli-id'), body: json }
  }
  const post = async (author: string) => {
    const { id } = await call('POST', '/rest/posts', {
      author,
      commentary: 'Hello',
      visibility: 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED' },
      lifecycleState: 'PUBLISHED',
    })
    return id ?? ''
  }
  const pathOf = (urn: string) => `/rest/socialActions/${encodeURIComponent(urn)}/comments`
  const comment = (urn: string, more: Record<string, unknown> = {}) =>
    call('POST', pathOf(urn), { actor: ada, object: urn, message: { text: 'First (really) #one' }, ...more })
  const list = (urn: string, query = '') => call('GET', `${pathOf(urn)}${query}`)
  return { call, post, comment, list, world, clock }
}

describe('comments', () => {
  it('stand below a post with their text as it was sent, and go with it', async () => {
    const { post, comment, call, world } = await start()
    const urn = await post(ada)
    const activity = urn.replace('share', 'activity')
    const { status, id, body } = await comment(urn)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      actor: ada,
      commentUrn: `urn:li:comment:(${activity},${id})`,
      id,
      object: activity,
      created: { actor: ada, time: expect.any(Number) },
      message: { attributes: [], text: 'First (really) #one' },
    })
    expect(world.posts({ personId: 'adaSandbx1' })).toMatchObject([
      { id: urn, inReplyTo: null },
      { id: body.commentUrn, inReplyTo: urn, text: 'First (really) #one' },
    ])
    // The thread is known by the activity as well.
    expect((await comment(activity, { object: activity })).status).toBe(201)
    await call('DELETE', `/rest/posts/${encodeURIComponent(String(body.commentUrn))}`)
    expect(world.posts()).toHaveLength(3)
    await call('DELETE', `/rest/posts/${encodeURIComponent(urn)}`)
    expect(world.posts()).toEqual([])
  })

  it('of a page are by who may speak for it, and are listed page by page', async () => {
    const { post, comment, list, world } = await start()
    const urn = await post(works)
    expect((await comment(urn, { actor: studio })).status).toBe(400)
    for (const text of ['one', 'two', 'three']) await comment(urn, { actor: works, message: { text } })
    expect(world.posts({ resourceId: '79000001' }).map(({ inReplyTo }) => inReplyTo)).toEqual([
      null,
      urn,
      urn,
      urn,
    ])
    const texts = ({ body }: Awaited<ReturnType<typeof list>>) =>
      (body.elements as { message: { text: string } }[]).map(({ message }) => message.text)
    expect(texts(await list(urn, '?start=0&count=2'))).toEqual(['one', 'two'])
    expect(texts(await list(urn, '?start=2&count=2'))).toEqual(['three'])
  })

  it.each([
    [ada, 'w_member_social'],
    [works, 'w_organization_social'],
  ])('of %s take more than %s, and reading takes a scope of its own', async (actor) => {
    const { post, comment, list } = await start(POSTING)
    const urn = await post(actor)
    expect(await comment(urn, { actor })).toMatchObject({
      status: 403,
      body: {
        code: 'ACCESS_DENIED',
        message: 'Not enough permissions to access: partnerApiSocialActions.CREATE.20260901',
      },
    })
    expect(await list(urn)).toMatchObject({ status: 403 })
  })

  it('below posts of members are shown to nobody', async () => {
    const { post, list } = await start()
    expect(await list(await post(ada))).toMatchObject({ status: 403 })
  })

  it.each([
    [400, 'MISSING_FIELD', { message: { text: ' ' } }],
    [400, 'MISSING_FIELD', { message: undefined }],
    [400, 'FIELD_LENGTH_TOO_LONG', { message: { text: 'x'.repeat(1251) } }],
    [400, 'ILLEGAL_ARGUMENT', { object: 'urn:li:share:1' }],
    [422, 'MISSING_FIELD', { actor: undefined }],
    [422, 'ILLEGAL_ARGUMENT', { commentary: 'Hello' }],
  ])('are refused with %i %s for %j', async (status, code, more) => {
    const { post, comment, world } = await start()
    expect(await comment(await post(ada), more)).toMatchObject({ status, body: { code } })
    expect(world.posts()).toHaveLength(1)
  })

  it('are refused below what is not there, where they are closed, and where a post is not known yet', async () => {
    const { post, comment, clock, world } = await start()
    expect((await comment('urn:li:share:1')).status).toBe(404)
    const urn = await post(ada)
    world.setCondition('adaSandbx1', 'comments_closed')
    expect((await comment(urn)).status).toBe(403)
    world.setCondition('adaSandbx1', 'comments_lag')
    expect((await comment(urn)).status).toBe(404)
    clock.advance(11)
    expect((await comment(urn)).status).toBe(201)
  })
})
