import {
  createHttpClient,
  type GrantAccess,
  type JsonObject,
  PlatformError,
  readTokenAnswer,
  silentLogger,
} from '@postmcp/core'
import { contextWith } from '@postmcp/core/testing'
import { approve, createDiscord, startSandbox } from '@postmcp/sandbox'
import { afterEach, describe, expect, it } from 'vitest'
import { discord } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

/** The bot in the first person's server, at the simulation. */
async function invite(scope = 'bot identify') {
  const running = await startSandbox({ platforms: [createDiscord()] })
  const handle = running.platform('discord')
  const http = createHttpClient({ allowedOrigins: [running.origin], userAgent: 'test', logger: silentLogger })
  closing.push(running.close, http.close)
  const { clientId = '', clientSecret = '', botToken = '' } = handle.app ?? {}
  const client = { id: clientId, secrets: [clientSecret], optionalScopes: [], values: { botToken } }
  const ctx = contextWith({
    http,
    clock: handle.clock,
    endpoints: handle.endpoints,
    client,
  })
  const asked = { client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope, state: 's' }
  const query = new URLSearchParams({ ...asked, permissions: '117760' })
  const back = new URL(await approve(`${handle.base}/oauth2/authorize?${query}`))
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    client_id: clientId,
    client_secret: clientSecret,
  })
  const answered = await fetch(`${handle.base}/api/oauth2/token`, { method: 'POST', body: form })
  const answer = (await answered.json()) as JsonObject
  const authorization = await discord.identify(ctx, {
    tokens: readTokenAnswer(answer, handle.clock.now()),
    answer,
    requestedScopes: scope.split(' '),
    fields: {},
    server: null,
    redirectUri,
  })
  const access: GrantAccess = { authMethod: 'oauth2', ...authorization }
  const targets = await discord.listTargets(ctx, access)
  const find = (name: string) => {
    const found = targets.find(({ handle }) => handle === name)
    return {
      targetId: found?.targetId ?? '',
      handle: name,
      settings: found?.settings ?? {},
      secrets: found?.secrets ?? {},
    }
  }
  const verify = async (name: string) => {
    const result = await discord.verify(ctx, access, find(name)).catch((error: unknown) => error)
    return result instanceof PlatformError ? discord.classifyError(result, 'verify') : result
  }
  const person = handle.world.people()[0]?.id ?? ''
  return { handle, ctx, access, targets, find, verify, person }
}

describe('at a server', () => {
  it('only channels that the bot may write to are offered', async () => {
    const { targets } = await invite()
    expect(targets.map(({ handle, kind }) => [handle, kind])).toEqual([
      ['general', 'channel'],
      ['news', 'announcement_channel'],
    ])
  })

  it('the bot that was removed makes the account revoked, until it is invited again', async () => {
    const { verify, handle, person } = await invite()
    expect(await verify('general')).toMatchObject({ status: 'active' })
    handle.world.setCondition(person, 'bot_kicked')
    expect(await verify('general')).toMatchObject({ kind: 'account_unusable', status: 'revoked' })
    handle.world.setCondition(person, 'active')
    expect(await verify('general')).toMatchObject({ status: 'active' })
  })

  it.each([
    ['permissions_removed', ['SEND_MESSAGES', 'EMBED_LINKS', 'ATTACH_FILES']],
    ['bot_timed_out', ['SEND_MESSAGES', 'EMBED_LINKS', 'ATTACH_FILES']],
  ])('a bot with the condition %s says what it lacks', async (condition, missingScopes) => {
    const { verify, handle, person } = await invite()
    handle.world.setCondition(person, condition)
    expect(await verify('general')).toMatchObject({ status: 'missing_permission', missingScopes })
  })

  it('a deleted channel is missing', async () => {
    const { verify, handle, find } = await invite()
    handle.world.removeResource(find('general').targetId)
    expect(await verify('general')).toMatchObject({
      status: 'missing_permission',
      reason: 'account_not_found',
    })
    expect(await verify('news')).toMatchObject({ status: 'active' })
  })

  it('the end of the tokens of the person changes nothing', async () => {
    const { verify, handle, person } = await invite()
    handle.tokens.revokePerson(person)
    expect(await verify('general')).toMatchObject({ status: 'active' })
  })

  it('a webhook is a target of its own, and outlives the bot', async () => {
    const { verify, handle, person, ctx, access, targets } = await invite('bot identify webhook.incoming')
    expect(targets.at(-1)).toMatchObject({ kind: 'webhook', handle: 'PostMCP' })
    handle.world.setCondition(person, 'bot_kicked')
    expect(await verify('PostMCP')).toMatchObject({ status: 'active' })
    handle.world.setCondition(person, 'active')
    await discord.revoke(ctx, access)
    await discord.revoke(ctx, access)
    expect(await verify('PostMCP')).toMatchObject({ kind: 'account_unusable', status: 'revoked' })
    expect(await verify('general')).toMatchObject({ kind: 'account_unusable', status: 'revoked' })
  })
})
