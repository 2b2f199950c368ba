import type { HttpClient, HttpRequest } from '@postmcp/core'
import { type ProviderRun, startRun } from '@postmcp/core/testing'
import type { Emulator } from 'emulate'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { slack } from '../../src/slack/index.js'
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
 * A second opinion on the sandbox's Slack: emulate was written by others. It lacks `auth.revoke`, token rotation, refused
 * consent and most errors, takes tokens it never gave, and knows its methods by POST only, where Slack takes GET as well.
 */

const asked = slack.manifest.scopes.filter(({ need }) => need === 'required').map(({ name }) => name)

/** Arguments of a query as a form. */
const byPost = (client: HttpClient): HttpClient => ({
  request: (request) => client.request(request.method === 'GET' ? toPost(request) : request),
  within: (limits) => byPost(client.within(limits)),
})

function toPost({ url, headers, ...rest }: HttpRequest): HttpRequest {
  const { origin, pathname, searchParams } = new URL(url)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const body = searchParams.toString()
  return { ...rest, method: 'POST', url: origin + pathname, headers: { ...headers, ...form }, body }
}

describe('Slack of emulate', () => {
  let emulator: Emulator
  let url: string
  const runs: ProviderRun[] = []
  const start = (secret = application.secret) => {
    const run = startRun(slack, asPlatform({ web: url }, secret))
    runs.push(run)
    return run
  }

  beforeAll(async () => {
    const started = await startEmulator('slack', {
      slack: {
        team: { name: 'Acme', domain: 'acme' },
        users: [{ name: 'ada', real_name: 'Ada', email: 'ada@example.org' }],
        channels: [{ name: 'general' }, { name: 'random' }, { name: 'salaries', is_private: true }],
        oauth_apps: [
          {
            client_id: application.id,
            client_secret: application.secret,
            name: 'PostMCP',
            redirect_uris: [redirectUri],
            scopes: asked,
          },
        ],
        strict_scopes: true,
      },
    })
    emulator = started.emulator
    url = started.url
  })
  afterEach(() => Promise.all(runs.splice(0).map((run) => run.close())))
  afterAll(() => emulator.close())

  it('connects, with the application known by Basic authentication', async () => {
    const run = start()
    const { subject, tokens, grantedScopes, settings } = await run.authorize(account)
    expect(subject).toMatch(/^T\w+\/A\w+$/)
    expect(tokens).toMatchObject({ accessToken: expect.stringMatching(/^xoxb-/) })
    expect(tokens.refreshToken).toBeUndefined()
    expect(grantedScopes).toEqual(asked)
    expect(settings).toMatchObject({ teamName: 'Acme' })
  })

  it('lists its public channels, and each of them is fine', async () => {
    const run = start()
    const { access } = toConnected(await run.authorize(account))
    const ctx = { ...run.ctx, http: byPost(run.ctx.http) }
    const targets = await slack.listTargets(ctx, access)
    expect(targets.map(({ handle }) => handle).sort()).toEqual(['general', 'random'])
    for (const target of targets) {
      const verification = await slack.verify(ctx, access, { ...target, settings: {}, secrets: {} })
      expect(verification).toMatchObject({ status: 'active', target: { displayName: target.displayName } })
    }
  })

  it('refuses a code the second time, which is no loss of anything', async () => {
    const run = start()
    let code = ''
    const remembering = async (authorizationUrl: string) => {
      const back = (await account.approve?.(authorizationUrl)) ?? ''
      code = new URL(back).searchParams.get('code') ?? ''
      return back
    }
    await run.authorize({ ...account, approve: remembering })
    const failure = await run.failureOf('callback', run.authorize(comingBackWith(code)))
    expect(failure.classification.kind).toBe('refused')
  })

  it('refuses an application with a wrong secret', async () => {
    const run = start('another-secret')
    const failure = await run.failureOf('callback', run.authorize(account))
    expect(failure.classification.kind).toBe('client_invalid')
  })
})
