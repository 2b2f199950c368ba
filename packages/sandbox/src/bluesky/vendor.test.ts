import { AtpAgent, type AtpSessionEvent, RichText, XRPCError } from '@atproto/api'
import { pngOf } from '@postmcp/tooling/test-servers/xrpc-calls'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { mainPasswordOf } from './accounts.js'
import { createBluesky } from './index.js'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start() {
  running = await startSandbox({ platforms: [createBluesky()] })
  const handle = running.platform('bluesky')
  const [person] = handle.world.people()
  if (!person) throw new Error('Nobody lives here.')
  const { identifier = '', appPassword = '' } = handle.connectFields()
  const events: AtpSessionEvent[] = []
  const agent = new AtpAgent({ service: handle.base, persistSession: (event) => void events.push(event) })
  const logIn = () => agent.login({ identifier, password: appPassword })
  return { handle, person, agent, events, logIn }
}

const refusalOf = async (work: Promise<unknown>): Promise<XRPCError> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (error instanceof XRPCError) return error
  throw new Error(`That was no refusal: ${String(error)}`)
}

describe("Bluesky's own client at the simulated server", () => {
  it('logs in, moves to the server in the DID document, and reads who it is', async () => {
    const { handle, person, agent, events, logIn } = await start()
    await logIn()
    expect(events).toEqual(['create'])
    expect(agent.session).toMatchObject({ did: person.id, handle: 'ada.test', active: true })
    expect(agent.pdsUrl?.origin).toBe(handle.base)
    expect((await agent.com.atproto.server.getSession()).data.did).toBe(person.id)
    expect((await agent.getProfile({ actor: person.id })).data).toMatchObject({
      handle: 'ada.test',
      displayName: 'Ada Sandbox',
    })
    expect((await agent.resolveHandle({ handle: 'ben.test' })).data.did).toMatch(/^did:plc:/)
    expect((await agent.com.atproto.server.describeServer()).data.availableUserDomains).toEqual(['.test'])
  })

  it('posts text with links, mentions and an image, reads it back, and deletes it', async () => {
    const { handle, person, agent, logIn } = await start()
    await logIn()
    const richText = new RichText({ text: 'Ünicode for @ben.test, see https://example.org #tag' })
    await richText.detectFacets(agent)
    const { data } = await agent.uploadBlob(pngOf(2000), { encoding: 'image/png' })
    const { uri, cid } = await agent.post({
      text: richText.text,
      ...(richText.facets && { facets: richText.facets }),
      embed: { $type: 'app.bsky.embed.images', images: [{ image: data.blob, alt: 'Noise' }] },
      createdAt: new Date().toISOString(),
    })
    const [shown] = handle.world.posts({ personId: person.id })
    expect(shown).toMatchObject({ id: uri, text: richText.text, media: [{ altText: 'Noise' }] })
    const rkey = uri.split('/').at(-1) ?? ''
    const found = await agent.com.atproto.repo.getRecord({
      repo: person.id,
      collection: 'app.bsky.feed.post',
      rkey,
    })
    expect(found.data).toMatchObject({ uri, cid })
    await agent.deletePost(uri)
    const listed = await agent.com.atproto.repo.listRecords({
      repo: person.id,
      collection: 'app.bsky.feed.post',
    })
    expect(listed.data.records).toEqual([])
  })

  it('refreshes by itself when its access token has ended', async () => {
    const { handle, agent, events, logIn } = await start()
    await logIn()
    const before = agent.session?.refreshJwt
    handle.clock.advance(7300)
    await agent.post({ text: 'Later', createdAt: new Date().toISOString() })
    expect(events).toEqual(['create', 'update'])
    expect(agent.session?.refreshJwt).not.toBe(before)
    expect(handle.world.posts()).toHaveLength(1)
  })

  it('loses its session with the app password, and ends it on its own', async () => {
    const { handle, person, agent, events, logIn } = await start()
    await logIn()
    handle.platform.revokeAccess?.(handle.kit, person.id)
    handle.tokens.expireAccessTokens(person.id)
    const lost = await refusalOf(agent.com.atproto.server.getSession())
    expect(lost).toMatchObject({ status: 400, error: 'ExpiredToken' })
    expect(events).toEqual(['create', 'expired'])

    const again = new AtpAgent({ service: handle.base })
    const { appPassword = '' } = handle.connectFields()
    await again.login({ identifier: 'ada.test', password: appPassword })
    const refreshJwt = again.session?.refreshJwt ?? ''
    await again.logout()
    const gone = await refusalOf(
      again.com.atproto.server.refreshSession(undefined, {
        headers: { authorization: `Bearer ${refreshJwt}` },
      }),
    )
    expect(gone.error).toBe('ExpiredToken')
  })

  it('is refused in words it knows', async () => {
    const { handle, person, agent } = await start()
    const wrong = await refusalOf(agent.login({ identifier: 'ada.test', password: 'aaaa-bbbb-cccc-dddd' }))
    expect(wrong).toMatchObject({ status: 401, error: 'AuthenticationRequired' })
    handle.world.setCondition(person.id, 'takendown')
    const main = { identifier: 'ada.test', password: mainPasswordOf(person) }
    expect((await refusalOf(agent.login(main))).error).toBe('AccountTakedown')
    handle.badDays.failNext('rate_limited')
    const busy = await refusalOf(agent.login(main))
    expect(busy).toMatchObject({ status: 429, error: 'RateLimitExceeded' })
    expect(Number(busy.headers?.['retry-after'])).toBe(120)
  })
})
