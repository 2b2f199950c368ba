import {
  createHttpClient,
  type GrantAccess,
  type HttpClient,
  type PlatformError,
  type ProviderContext,
  type PublishStep,
  silentLogger,
} from '@postmcp/core'
import { contextWith, publishInputOf } from '@postmcp/core/testing'
import {
  approve,
  createLinkedin,
  type PlatformHandle,
  type RunningSandbox,
  startSandbox,
} from '@postmcp/sandbox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pageScopes, target } from './fixtures/context.js'
import { linkedin } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const ada = 'adaSandbx1'
const page = 'urn:li:organization:79000001'

let sandbox: RunningSandbox
let platform: PlatformHandle
let http: HttpClient & { close(): Promise<void> }
let ctx: ProviderContext

beforeEach(async () => {
  sandbox = await startSandbox({ platforms: [createLinkedin()] })
  platform = sandbox.platform('linkedin')
  http = createHttpClient({
    allowedOrigins: [sandbox.origin],
    userAgent: 'postmcp-test',
    logger: silentLogger,
  })
  const { clientId = '', clientSecret = '' } = platform.app ?? {}
  ctx = contextWith({
    http,
    clock: { now: () => platform.clock.now() },
    endpoints: platform.endpoints,
    client: { id: clientId, secrets: [clientSecret], optionalScopes: [], values: {} },
  })
})
afterEach(async () => {
  await http.close()
  await sandbox.close()
})

/** Ada consents, also to the rights for company pages and for comments. */
async function connect(): Promise<GrantAccess> {
  const scopes = [...pageScopes, 'w_member_social_feed']
  const client = { client_id: ctx.client?.id ?? '', redirect_uri: redirectUri }
  const query = { ...client, response_type: 'code', state: 's', scope: scopes.join(' ') }
  const back = await approve(`${platform.base}/oauth/v2/authorization?${new URLSearchParams(query)}`, {
    personId: ada,
  })
  const body = new URLSearchParams({
    ...client,
    client_secret: ctx.client?.secrets[0] ?? '',
    grant_type: 'authorization_code',
    code: new URL(back).searchParams.get('code') ?? '',
  })
  const response = await http.request({
    method: 'POST',
    url: `${platform.base}/oauth/v2/accessToken`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  })
  const answer = response.json as Parameters<typeof linkedin.readTokenAnswer>[0]
  const { secrets: _, ...granted } = await linkedin.identify(ctx, {
    tokens: linkedin.readTokenAnswer(answer, ctx.clock.now()),
    answer,
    requestedScopes: scopes,
    fields: {},
    server: null,
    redirectUri,
  })
  return { authMethod: 'oauth2', ...granted }
}

const verify = (access: GrantAccess, targetId: string) => linkedin.verify(ctx, access, target(targetId))

describe('LinkedIn', () => {
  it('is connected although userinfo does not trust the new token', async () => {
    platform.world.setCondition(ada, 'userinfo_lags')
    const access = await connect()
    expect(access.subject).toBe(`urn:li:person:${ada}`)
    expect((await linkedin.listTargets(ctx, access)).map(({ targetId }) => targetId)).toEqual([
      access.subject,
      page,
    ])
    expect(await verify(access, access.subject)).toMatchObject({ status: 'active' })
  })

  it('keeps the member when a role at a page is lost, and not the page', async () => {
    const access = await connect()
    expect(await verify(access, page)).toMatchObject({
      status: 'active',
      target: { handle: 'sandbox-works' },
    })
    platform.world.setCondition(ada, 'page_roles_lost')
    expect(await verify(access, page)).toMatchObject({ reason: 'target_not_granted' })
    expect(await verify(access, access.subject)).toMatchObject({ status: 'active' })
  })

  it('names the scopes that are gone, for the target that needs them', async () => {
    const access = await connect()
    platform.tokens.dropScopes(ada, ['w_organization_social'])
    expect(await verify(access, page)).toMatchObject({ missingScopes: ['w_organization_social'] })
    expect(await verify(access, access.subject)).toMatchObject({ status: 'active' })
  })

  it('takes comments once it knows the post everywhere, refuses them where they are closed, and deletes all together', async () => {
    const access = await connect()
    const content = { text: 'Hello', replies: ['First', 'Second'] }
    const input = publishInputOf({ access, account: target(access.subject), content })
    const next = (step: PublishStep) => {
      if (step.type === 'done') throw new Error('It is done already.')
      return linkedin.continuePublish(ctx, input, step.checkpoint)
    }
    const failure = async (step: PublishStep) => {
      const error = (await next(step).catch((thrown: unknown) => thrown)) as PlatformError
      return { error, ...linkedin.classifyError(error, 'publish') }
    }
    platform.world.setCondition(ada, 'comments_lag')
    const posted = await next(await linkedin.startPublish(ctx, input))
    const early = await failure(posted)
    expect(early).toMatchObject({ kind: 'rate_limited', error: { retryAfter: expect.any(Date) } })
    platform.clock.advance(11)
    const first = await next(posted)
    platform.world.setCondition(ada, 'comments_closed')
    expect(await failure(first)).toMatchObject({
      kind: 'refused',
      error: { platformCode: 'comment/COMMENTS_CLOSED' },
    })
    platform.world.setCondition(ada, 'active')
    const second = await next(first)
    if (second.type !== 'done') throw new Error('It is not done.')
    const [post, ...comments] = platform.world.posts()
    expect(comments.map(({ id, inReplyTo, text }) => [id, inReplyTo, text])).toEqual([
      [second.sent.parts?.[0], post?.id, 'First'],
      [second.sent.parts?.[1], post?.id, 'Second'],
    ])
    await linkedin.deletePost(ctx, { access }, second.sent)
    expect(platform.world.posts()).toEqual([])
  })

  it('says that a token without a successor has expired', async () => {
    const { tokens, ...rest } = await connect()
    const { refreshToken: _, ...unrenewable } = tokens
    platform.clock.advance(61 * 86_400)
    const failure = async (access: GrantAccess) =>
      linkedin.classifyError(
        (await verify(access, access.subject).catch((error: unknown) => error)) as PlatformError,
        'verify',
      )
    expect(await failure({ ...rest, tokens: unrenewable })).toMatchObject({
      kind: 'grant_lost',
      status: 'expired',
    })
    expect(await failure({ ...rest, tokens })).toEqual({ kind: 'access_token_expired' })
  })
})
