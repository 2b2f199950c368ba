import type { HttpClient, HttpRequest, Json, PublishStep } from '@postmcp/core'
import { type ProviderRun, type sampleKinds, startRun } from '@postmcp/core/testing'
import type { Emulator } from 'emulate'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
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

type SampleKind = (typeof sampleKinds)[number]

const reader = 'xoxp-somebody-who-reads'

const messages = z.object({ ok: z.literal(true), messages: z.array(z.looseObject({ ts: z.string() })) })

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
            scopes: [...asked, 'channels:history'],
          },
        ],
        tokens: [{ token: reader, user: 'ada', scopes: ['channels:history'] }],
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

  it('takes a text with its reply, and files, which stand in the channel until they are deleted', async () => {
    const run = start()
    const found = toConnected(await run.authorize(account))
    run.ctx.http = byPost(run.ctx.http)
    const targets = await slack.listTargets(run.ctx, found.access)
    const target = targets.find(({ handle }) => handle === 'general')
    if (!target) throw new Error('There is no channel.')
    const one = { ...found, target: { ...target, settings: {}, secrets: {} } }
    const channel = target.targetId
    /** As somebody reads it who may. */
    const read = async (method: string, more: Record<string, string> = {}) => {
      const answer = await fetch(`${url}/api/${method}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${reader}` },
        body: new URLSearchParams({ channel, ...more }),
      })
      return messages.parse(await answer.json()).messages
    }

    const publish = async (kind: SampleKind, text: string) => {
      const input = await run.inputFor(one, kind)
      input.content.text = text
      const { checkpoint } = await run.prepare(input)
      const step = await slack.continuePublish?.(run.ctx, input, checkpoint)
      if (!step) throw new Error('Slack does not publish.')
      const bytes = input.content.media.map((file) => file.bytes)
      return { ...(await run.finish(input, step)), bytes }
    }
    const text = await publish('replies', 'Research & <development>')
    expect(text.permalink).toContain(text.platformPostId.replace('.', ''))
    const files = await publish('images', 'Two pictures')
    expect(await read('conversations.history')).toMatchObject([
      { ts: files.platformPostId, text: 'Two pictures', files: files.bytes.map((size) => ({ size })) },
      { ts: text.platformPostId, text: 'Research &amp; &lt;development&gt;' },
    ])
    const thread = await read('conversations.replies', { ts: text.platformPostId })
    expect(thread.map(({ ts }) => ts)).toEqual([text.platformPostId, ...(text.parts ?? [])])

    const of = { access: one.access, account: one.target }
    for (const sent of [text, files]) await slack.deletePost?.(run.ctx, of, sent)
    expect(await read('conversations.history')).toEqual([])
  })

  it('shows a message and a reply whose answers were lost, and not what was never sent', async () => {
    const run = start()
    const { client } = run.ctx
    run.ctx.client = client && { ...client, optionalScopes: ['channels:history'] }
    const found = toConnected(await run.authorize(account))
    run.ctx.http = byPost(run.ctx.http)
    const [target] = await slack.listTargets(run.ctx, found.access)
    if (!target) throw new Error('There is no channel.')
    const one = { ...found, target: { ...target, settings: {}, secrets: {} } }
    const input = await run.inputFor(one, 'replies')
    const find = (checkpoint: Json) =>
      slack.findPublished(run.ctx, { ...input, sentAt: input.startedAt }, checkpoint)

    let step: PublishStep = await run.prepare(input)
    for (let looks = 0; step.type === 'send'; looks++) {
      const { checkpoint }: { checkpoint: Json } = step
      if (looks > 5) throw new Error('It comes to no end.')
      expect(await find(checkpoint)).toBeNull()
      step = await slack.continuePublish(run.ctx, input, checkpoint)
      expect(await find(checkpoint)).toEqual(step)
    }
    if (step.type !== 'done') throw new Error('It is not published.')
    expect(step.sent.parts).toHaveLength(input.content.replies.length)
    await slack.deletePost(run.ctx, { access: one.access, account: one.target }, step.sent)
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
