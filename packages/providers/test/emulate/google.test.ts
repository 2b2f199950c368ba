import { type ProviderRun, startRun } from '@postmcp/core/testing'
import type { Emulator } from 'emulate'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { youtube } from '../../src/youtube/index.js'
import {
  account,
  application,
  asPlatform,
  comingBackWith,
  redirectUri,
  startEmulator,
  toConnected,
} from './emulated.js'

/*
 * A second opinion on the sandbox's Google: emulate was written by others. It has no YouTube, so there are no channels to
 * list or look at; it gives a refresh token without being asked for offline access, asks for no single scopes, cannot be
 * refused, and what it says of a revoked access token is nothing.
 */

const asked = youtube.manifest.scopes.filter(({ need }) => need === 'required').map(({ name }) => name)

describe('Google of emulate', () => {
  let emulator: Emulator
  let url: string
  const runs: ProviderRun[] = []
  const start = (secret = application.secret) => {
    const endpoints = { accounts: url, oauth: `${url}/oauth2`, api: url, web: url }
    const run = startRun(youtube, asPlatform(endpoints, secret))
    runs.push(run)
    return run
  }

  beforeAll(async () => {
    const started = await startEmulator('google', {
      google: {
        users: [{ email: 'ada@example.org', name: 'Ada' }],
        oauth_clients: [
          {
            client_id: application.id,
            client_secret: application.secret,
            name: 'PostMCP',
            redirect_uris: [redirectUri],
          },
        ],
      },
    })
    emulator = started.emulator
    url = started.url
  })
  afterEach(() => Promise.all(runs.splice(0).map((run) => run.close())))
  afterAll(() => emulator.close())

  it('connects with PKCE, and its ID token says who granted', async () => {
    const run = start()
    const authorization = await run.authorize(account)
    const { accessToken, refreshToken } = authorization.tokens
    expect(refreshToken).toBeDefined()
    expect(authorization.grantedScopes).toEqual(asked)
    const { json } = await run.ctx.http.request({
      method: 'GET',
      url: `${url}/oauth2/v2/userinfo`,
      headers: { authorization: `Bearer ${accessToken}` },
    })
    expect(json).toMatchObject({ sub: authorization.subject })
  })

  it('gives a new access token for a refresh token, which stays', async () => {
    const run = start()
    const one = toConnected(await run.authorize(account))
    const first = await run.renew(one)
    const second = await run.renew(one)
    expect(new Set([one.access.tokens, first, second].map(({ accessToken }) => accessToken)).size).toBe(3)
    expect(first.refreshToken).toBeUndefined()
    expect(first.grantedScopes).toEqual(asked)
  })

  it('takes an access away, twice without complaint; a refresh finds it lost', async () => {
    const run = start()
    const one = toConnected(await run.authorize(account))
    expect(await run.revoke(one)).toBe(true)
    await run.revoke(one)
    const failure = await run.failureOf('refresh', run.renew(one))
    expect(failure.classification).toMatchObject({ kind: 'grant_lost', status: 'revoked' })
  })

  it('refuses a code that nobody was given, which is no loss of anything', async () => {
    const run = start()
    const failure = await run.failureOf('callback', run.authorize(comingBackWith('a-code-of-nobody')))
    expect(failure.classification.kind).toBe('refused')
  })

  it('refuses an application with a wrong secret', async () => {
    const run = start('another-secret')
    const failure = await run.failureOf('callback', run.authorize(account))
    expect(failure.classification.kind).toBe('client_invalid')
  })
})
