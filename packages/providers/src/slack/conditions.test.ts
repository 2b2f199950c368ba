import {
  createHttpClient,
  type GrantAccess,
  type JsonObject,
  PlatformError,
  readTokenAnswer,
  silentLogger,
} from '@postmcp/core'
import { contextWith } from '@postmcp/core/testing'
import { approve, createSlack, startSandbox } from '@postmcp/sandbox'
import { afterEach, describe, expect, it } from 'vitest'
import { slack } from './index.js'
import { manifest } from './manifest.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const scopes = manifest.scopes.filter(({ need }) => need === 'required').map(({ name }) => name)

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

/** The app in the first workspace of the simulation; `condition` is that of the workspace before. */
async function install(condition = 'active') {
  const running = await startSandbox({ platforms: [createSlack()] })
  const handle = running.platform('slack')
  const http = createHttpClient({ allowedOrigins: [running.origin], userAgent: 'test', logger: silentLogger })
  closing.push(running.close, http.close)
  const { clientId = '', clientSecret = '' } = handle.app ?? {}
  const ctx = contextWith({
    http,
    clock: handle.clock,
    endpoints: handle.endpoints,
    client: { id: clientId, secrets: [clientSecret], optionalScopes: [], values: {} },
  })
  const person = handle.world.people()[0]?.id ?? ''
  handle.world.setCondition(person, condition)
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(','),
    state: 's',
  })
  const back = new URL(await approve(`${handle.base}/oauth/v2/authorize?${query}`))
  const form = new URLSearchParams({
    code: back.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    client_id: clientId,
    client_secret: clientSecret,
  })
  const answered = await fetch(`${handle.base}/api/oauth.v2.access`, { method: 'POST', body: form })
  const answer = (await answered.json()) as JsonObject
  const identify = () =>
    slack.identify(ctx, {
      tokens: readTokenAnswer(answer, handle.clock.now()),
      answer,
      requestedScopes: scopes,
      fields: {},
      server: null,
      redirectUri,
    })
  return { handle, ctx, person, identify, token: String(answer.access_token) }
}

async function connect() {
  const installed = await install()
  const { ctx, handle, person } = installed
  const access: GrantAccess = { authMethod: 'oauth2', ...(await installed.identify()) }
  const targets = await slack.listTargets(ctx, access)
  const idOf = (name: string) =>
    handle.world.resourcesOf(person, 'channel').find((channel) => channel.name === name)?.id ?? ''
  const verify = async (name: string) => {
    const target = { targetId: idOf(name), handle: name, settings: {}, secrets: {} }
    const result = await slack.verify(ctx, access, target).catch((error: unknown) => error)
    return result instanceof PlatformError ? slack.classifyError(result, 'verify') : result
  }
  return { ...installed, access, targets, verify, idOf }
}

describe('at a workspace', () => {
  it('public channels are offered, and private ones with the bot in them', async () => {
    const { targets } = await connect()
    expect(targets.map(({ handle, kind }) => [handle, kind])).toEqual([
      ['general', 'channel'],
      ['announcements', 'channel'],
      ['board', 'private_channel'],
    ])
  })

  it('an installation in a whole organisation is refused and ended', async () => {
    const { identify, handle, token } = await install('organisation_install')
    await expect(identify()).rejects.toMatchObject({ code: 'authorization_failed' })
    expect(handle.tokens.inspect(token)).toMatchObject({ state: 'revoked' })
  })

  it.each([
    ['workspace_deleted', { kind: 'grant_lost', status: 'revoked' }],
    ['two_factor_required', { kind: 'account_unusable', status: 'verification_failed' }],
    ['login_required', { kind: 'account_unusable', status: 'verification_failed' }],
  ])('the condition %s is told', async (condition, expected) => {
    const { verify, handle, person } = await connect()
    handle.world.setCondition(person, condition)
    expect(await verify('general')).toMatchObject(expected)
  })

  it('the bot that was removed from a private channel loses this channel only', async () => {
    const { verify, handle, person, idOf } = await connect()
    expect(await verify('board')).toMatchObject({ status: 'active' })
    handle.tokens.dropResource(person, idOf('board'))
    expect(await verify('board')).toMatchObject({ kind: 'account_unusable', status: 'missing_permission' })
    expect(await verify('general')).toMatchObject({ status: 'active' })
  })

  it('an archived channel cannot be written to', async () => {
    const { verify } = await connect()
    expect(await verify('last-year')).toMatchObject({
      status: 'verification_failed',
      platformCode: 'is_archived',
    })
  })

  it('scopes that were taken away are named', async () => {
    const { verify, handle, person } = await connect()
    handle.tokens.dropScopes(person, ['files:write'])
    expect(await verify('general')).toMatchObject({
      status: 'missing_permission',
      missingScopes: ['files:write'],
    })
  })

  it('an access token that ran out asks for a refresh, and is ended all the same', async () => {
    const { verify, handle, ctx, access, token } = await connect()
    handle.clock.advance(43_200)
    expect(await verify('general')).toEqual({ kind: 'access_token_expired' })
    await slack.revoke(ctx, access)
    expect(handle.tokens.inspect(token)).toMatchObject({ state: 'revoked' })
  })
})
