import { createHttpClient, type GrantAccess, type PublishInput, silentLogger } from '@postmcp/core'
import { createFakeClock, createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { type ProxiedTestPds, startTestPds, type TestAccount } from '@postmcp/tooling/test-servers/pds'
import { pngOf } from '@postmcp/tooling/test-servers/xrpc-calls'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { bluesky } from './index.js'

vi.setConfig({ testTimeout: 30_000 })

const { authenticate, refresh, verify, findPublished, deletePost } = bluesky as Required<typeof bluesky>
const createSession = 'com.atproto.server.createSession'
const putRecord = 'com.atproto.repo.putRecord'

let pds: ProxiedTestPds
let http: ReturnType<typeof createHttpClient>

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  http = newClient()
}, 60_000)
afterEach(() => {
  pds.proxy.clearRules()
  pds.plcProxy.clearRules()
  pds.proxy.forget()
})
afterAll(async () => {
  await http?.close()
  await pds?.close()
})

const newClient = () =>
  createHttpClient({
    allowedOrigins: [pds.url, pds.directUrl, pds.plcUrl],
    userAgent: 'postmcp-test',
    logger: silentLogger,
    timeoutMs: 5000,
  })

const clock = createFakeClock()
const context = (endpoints: Record<string, string> = {}) => ({
  http,
  clock,
  signal: new AbortController().signal,
  logger: silentLogger,
  endpoints: { resolver: pds.url, plc: pds.plcUrl, entryway: pds.url, web: 'https://bsky.app', ...endpoints },
  client: null,
  server: null,
  publicUrl: 'http://127.0.0.1:4477',
})

async function newAccount() {
  const account = await pds.createAccount()
  const appPassword = await pds.createAppPassword(account)
  const fields = { identifier: account.handle, appPassword: appPassword.password }
  return { account, appPassword, fields }
}

async function connect() {
  const made = await newAccount()
  const { secrets, ...authorization } = await authenticate(context(), made.fields)
  const access: GrantAccess = { authMethod: 'credentials', ...authorization }
  return { ...made, secrets, access }
}

describe('connecting', () => {
  it('takes handle, DID and e-mail address, and finds the same account at its own server', async () => {
    const { account, fields } = await newAccount()
    for (const identifier of [`@${account.handle.toUpperCase()}`, account.did, account.email]) {
      const authorization = await authenticate(context(), { ...fields, identifier })
      expect(authorization).toMatchObject({
        subject: account.did,
        settings: { pds: pds.url },
        grantedScopes: ['com.atproto.appPass'],
        secrets: { appPassword: fields.appPassword },
      })
    }
  })

  it('goes from the entryway, which opens the session, to the server that has the account', async () => {
    const { account, fields } = await newAccount()
    const authorization = await authenticate(context({ entryway: pds.directUrl }), {
      ...fields,
      identifier: account.email,
    })
    expect(authorization.settings).toEqual({ pds: pds.url })
  })

  it('at a named server stores the one of the directory, or the named one when there is no directory', async () => {
    const { fields } = await newAccount()
    const named = { ...fields, service: pds.directUrl }
    expect((await authenticate(context(), named)).settings).toEqual({ pds: pds.url })
    await pds.plcProxy.refuse()
    try {
      expect((await authenticate(context(), named)).settings).toEqual({
        pds: pds.directUrl,
        service: pds.directUrl,
      })
    } finally {
      await pds.plcProxy.accept()
    }
  })

  it('refuses a server that claims an account living elsewhere', async () => {
    const { account, fields } = await newAccount()
    const elsewhere = { id: account.did, alsoKnownAs: [], service: [pdsEntry(pds.plcUrl)] }
    pds.plcProxy.respond({ path: `/${account.did}` }, { status: 200, body: elsewhere })
    await expect(authenticate(context(), { ...fields, service: pds.url })).rejects.toMatchObject({
      code: 'identity_mismatch',
    })
    expect(pds.proxy.count('com.atproto.server.deleteSession').answered).toBe(1)
  })

  it('does not send a password that is no app password', async () => {
    const { account } = await newAccount()
    pds.proxy.forget()
    const fields = { identifier: account.handle, appPassword: account.password }
    await expect(authenticate(context(), fields)).rejects.toMatchObject({ code: 'credentials_unsuitable' })
    expect(pds.proxy.requests).toEqual([])
  })

  it('refuses a main password that looks like an app password, and ends the session it opened', async () => {
    const { account, fields } = await newAccount()
    const accessJwt = pds.signAccessToken(account.did, { scope: 'com.atproto.access' })
    const { tokens } = await authenticate(context(), fields)
    const session = { did: account.did, handle: account.handle, accessJwt, refreshJwt: tokens.refreshToken }
    pds.proxy.respond(createSession, { status: 200, body: session })
    await expect(authenticate(context(), fields)).rejects.toMatchObject({
      code: 'credentials_unsuitable',
      message: 'This is the main password of the account; the session it opened has been ended.',
    })
    const access: GrantAccess = {
      authMethod: 'credentials',
      grantedScopes: [],
      subject: account.did,
      settings: { pds: pds.url },
      tokens,
    }
    await expect(refresh(context(), access, {})).rejects.toMatchObject({ platformCode: 'ExpiredToken' })
  })

  it('asks for an app password where the server wants a second factor', async () => {
    const { fields } = await newAccount()
    const body = { error: 'AuthFactorTokenRequired', message: 'A sign in code has been sent' }
    pds.proxy.respond(createSession, { status: 401, body })
    await expect(authenticate(context(), fields)).rejects.toMatchObject({ code: 'credentials_unsuitable' })
  })

  it('says of a moderated or deactivated account what is wrong with it', async () => {
    const taken = await newAccount()
    await pds.takedown(taken.account)
    // The handle of such an account no longer resolves; its DID does.
    const byDid = { ...taken.fields, identifier: taken.account.did }
    await expect(authenticate(context(), byDid)).rejects.toMatchObject({
      code: 'account_not_publishable',
      message: 'This Bluesky account has been taken down by its moderators.',
    })
    const off = await newAccount()
    await pds.deactivate(off.account)
    await expect(
      authenticate(context(), { ...off.fields, identifier: off.account.did }),
    ).rejects.toMatchObject({
      code: 'account_not_publishable',
      message: 'This Bluesky account is deactivated.',
      nextAction: 'Log in to the Bluesky app to activate the account again, then connect it.',
    })
    expect(pds.proxy.count('com.atproto.server.deleteSession').answered).toBe(1)
  })

  it('says that nobody has this handle', async () => {
    const fields = { identifier: 'nobody-at-all.test', appPassword: 'aaaa-bbbb-cccc-dddd' }
    await expect(authenticate(context(), fields)).rejects.toMatchObject({ code: 'identity_not_found' })
  })

  it('meets a server that is down, and one at an address nobody may ask for', async () => {
    const { fields } = await newAccount()
    const dead = { ...fields, service: 'http://127.0.0.1:9' }
    await expect(authenticate(context(), dead)).rejects.toMatchObject({
      reason: 'address_not_allowed',
      arrived: 'no',
    })
    await pds.proxy.refuse()
    // With connections left open from before, nobody knows whether the server heard us.
    const fresh = newClient()
    try {
      await expect(authenticate({ ...context(), http: fresh }, fields)).rejects.toMatchObject({
        reason: 'unreachable',
        arrived: 'no',
      })
    } finally {
      await fresh.close()
      await pds.proxy.accept()
    }
  })
})

const pdsEntry = (serviceEndpoint: string) => ({
  id: '#atproto_pds',
  type: 'AtprotoPersonalDataServer',
  serviceEndpoint,
})

describe('status', () => {
  it('shows a changed handle, and leaves name and picture alone while no profile can be asked', async () => {
    const { access, account } = await connect()
    await pds.changeHandle(account, `new-${account.handle}`.slice(0, 17).concat('.test'))
    const { target } = await verify(context(), access)
    expect(target).toEqual({ handle: expect.stringMatching(/^new-user-.*\.test$/) })
  })

  it('shows the public profile where there is one', async () => {
    const { access, account } = await connect()
    const avatar = 'https://cdn.bsky.app/img/avatar/plain/x'
    const body = { did: account.did, handle: 'anna.example.org', displayName: 'Anna', avatar }
    pds.proxy.respond('app.bsky.actor.getProfile', { status: 200, body }, { times: 2 })
    const profile = { handle: 'anna.example.org', displayName: 'Anna', avatarUrl: avatar }
    expect((await verify(context(), access)).target).toMatchObject(profile)
    expect(await bluesky.listTargets(context(), access)).toEqual([
      { ...profile, targetId: account.did, profileUrl: `https://bsky.app/profile/${account.did}` },
    ])
    const lost = { ...body, handle: 'handle.invalid' }
    pds.proxy.respond('app.bsky.actor.getProfile', { status: 200, body: lost })
    expect((await verify(context(), access)).target).toMatchObject({ handle: account.did })
  })

  it('of a deactivated account says so, by a session that goes on', async () => {
    const { access, account, secrets } = await connect()
    await pds.deactivate(account)
    const tokens = await refresh(context(), access, secrets)
    expect(await verify(context(), { ...access, tokens })).toMatchObject({
      status: 'verification_failed',
      reason: 'account_deactivated',
      platformCode: 'deactivated',
    })
    expect(pds.proxy.count(createSession).received).toBe(1)
  })

  it('of a taken-down account says so by refresh and by call, and is well again after it', async () => {
    const { access, account, secrets } = await connect()
    await pds.takedown(account)
    await expect(refresh(context(), access, secrets)).rejects.toMatchObject({
      platformCode: 'AccountTakedown',
    })
    await expect(verify(context(), access)).rejects.toMatchObject({
      platformCode: 'AccountTakedown',
    })
    await pds.reverseTakedown(account)
    // The takedown ended the session; the app password opens a new one.
    const tokens = await refresh(context(), access, secrets)
    expect(await verify(context(), { ...access, tokens })).toMatchObject({ status: 'active' })
  })

  it('of a deleted account is that there is none', async () => {
    const { access, account, secrets } = await connect()
    await pds.deleteAccount(account)
    const error = await refresh(context(), access, secrets).catch((thrown) => thrown)
    expect(bluesky.classifyError(error, 'refresh')).toMatchObject({ reason: 'account_not_found' })
  })

  it('after the app password was revoked: one login is tried, refused, and enough', async () => {
    const { access, account, appPassword, secrets } = await connect()
    await pds.revokeAppPassword(account, appPassword.name)
    // The access token lives on, which is why a call proves nothing.
    expect(await verify(context(), access)).toMatchObject({ status: 'active' })
    pds.proxy.forget()
    const error = await refresh(context(), access, secrets).catch((thrown) => thrown)
    expect(bluesky.classifyError(error, 'refresh')).toEqual({
      kind: 'grant_lost',
      status: 'revoked',
      reason: 'token_revoked',
    })
    expect(pds.proxy.count(createSession).received).toBe(1)
  })

  it('a refresh token past its life is replaced by one login', async () => {
    const { access, secrets } = await connect()
    const refreshToken = pds.expireRefreshToken(access.tokens.refreshToken ?? '')
    const expired = { ...access, tokens: { ...access.tokens, refreshToken } }
    pds.proxy.forget()
    const tokens = await refresh(context(), expired, secrets)
    expect(pds.proxy.count(createSession).received).toBe(1)
    expect(await verify(context(), { ...access, tokens })).toMatchObject({ status: 'active' })
  })
})

const files = createSampleFiles()

describe('publishing', () => {
  const family = '👨‍👩‍👧‍👦'
  const inputFor = (
    access: GrantAccess,
    account: TestAccount,
    content: Partial<PublishInput['content']>,
  ): PublishInput =>
    publishInputOf({
      access,
      account: { targetId: account.did, handle: account.handle, settings: {}, secrets: {} },
      content: { text: 'Hello', ...content },
      dedupeKey: bluesky.createDedupeKey(clock.now()),
      startedAt: clock.now(),
    })
  const image = (bytes: Uint8Array<ArrayBuffer>, altText = '') =>
    files.image(0, {
      mimeType: 'image/png',
      bytes: bytes.length,
      width: 1,
      height: 1,
      altText,
      read: async () => bytes,
    })
  async function prepare(input: PublishInput) {
    const step = await bluesky.startPublish(context(), input)
    if (step.type !== 'send') throw new Error(step.type)
    return step.checkpoint
  }

  it('a post with link, mention, tag, emoji and image is read back as it was meant', async () => {
    const { access, account } = await connect()
    const friend = await pds.createAccount()
    const text = `${family} Grüße an @${friend.handle} und @nobody-at-all.test: https://example.org/ä?x=1 #straße`
    const bytes = pngOf(1234)
    const input = inputFor(access, account, {
      text,
      media: [await image(bytes, 'Ein Punkt')],
      languages: ['de'],
    })
    const step = await bluesky.continuePublish(context(), input, await prepare(input))

    const [post] = await pds.listPosts(account.did)
    expect(step).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: post?.uri,
        permalink: `https://bsky.app/profile/${account.did}/post/${input.dedupeKey}`,
      },
    })
    expect(post?.value).toMatchObject({ text, langs: ['de'], createdAt: input.startedAt.toISOString() })
    const facets = post?.value.facets as {
      index: { byteStart: number; byteEnd: number }
      features: unknown[]
    }[]
    const read = ({ index }: (typeof facets)[0]) =>
      Buffer.from(text).toString('utf8', index.byteStart, index.byteEnd)
    expect(facets.map((facet) => [read(facet), ...facet.features])).toEqual([
      [`@${friend.handle}`, { $type: 'app.bsky.richtext.facet#mention', did: friend.did }],
      [
        'https://example.org/ä?x=1',
        { $type: 'app.bsky.richtext.facet#link', uri: 'https://example.org/ä?x=1' },
      ],
      ['#straße', { $type: 'app.bsky.richtext.facet#tag', tag: 'straße' }],
    ])
    const { images } = post!.value.embed as { images: { alt: string; image: { ref: { $link: string } } }[] }
    expect(images).toMatchObject([{ alt: 'Ein Punkt', aspectRatio: { width: 1, height: 1 } }])
    expect(await pds.getBlob(account.did, images[0]!.image.ref.$link)).toEqual(bytes)
  })

  it('a link becomes a card', async () => {
    const { access, account } = await connect()
    const link = { url: 'https://example.org/page', title: 'A page', description: 'About' }
    const input = inputFor(access, account, { link })
    await bluesky.continuePublish(context(), input, await prepare(input))
    const [post] = await pds.listPosts(account.did)
    expect(post?.value.embed).toEqual({
      $type: 'app.bsky.embed.external',
      external: { uri: link.url, title: link.title, description: link.description },
    })
  })

  it('many at once with one key make one post', async () => {
    const { access, account } = await connect()
    const input = inputFor(access, account, {})
    const checkpoint = await prepare(input)
    await Promise.all(Array.from({ length: 5 }, () => bluesky.continuePublish(context(), input, checkpoint)))
    expect(await pds.listPosts(account.did)).toHaveLength(1)
  })

  it('a lost answer is cleared up without a living token', async () => {
    const { access, account, appPassword } = await connect()
    const input = inputFor(access, account, {})
    const checkpoint = await prepare(input)
    pds.proxy.dropAfter(putRecord)
    await expect(bluesky.continuePublish(context(), input, checkpoint)).rejects.toMatchObject({
      arrived: 'maybe',
    })
    await pds.revokeAppPassword(account, appPassword.name)
    const stranger = { ...input, access: { ...access, tokens: { accessToken: 'none' } } }
    const found = await findPublished(context(), { ...stranger, sentAt: clock.now() }, checkpoint)
    const [post] = await pds.listPosts(account.did)
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: post?.uri } })
  })

  it('a key that another record has taken is already_sent, and that record is not ours', async () => {
    const { access, account } = await connect()
    const input = inputFor(access, account, {})
    const other = { ...input, startedAt: new Date(0), content: { ...input.content, text: 'Other' } }
    await bluesky.continuePublish(context(), other, await prepare(other))
    const checkpoint = await prepare(input)
    const error = await bluesky.continuePublish(context(), input, checkpoint).catch((thrown) => thrown)
    expect(error).toMatchObject({ platformCode: 'InvalidSwap' })
    expect(bluesky.classifyError(error, 'publish')).toEqual({ kind: 'already_sent' })
    expect(await findPublished(context(), { ...input, sentAt: clock.now() }, checkpoint)).toBeNull()
  })

  it('of a taken-down or deactivated account is refused because of the account', async () => {
    for (const [spoil, reason] of [
      [pds.takedown, 'account_taken_down'],
      [pds.deactivate, 'account_deactivated'],
    ] as const) {
      const { access, account } = await connect()
      const input = inputFor(access, account, {})
      const checkpoint = await prepare(input)
      await spoil(account)
      const error = await bluesky.continuePublish(context(), input, checkpoint).catch((thrown) => thrown)
      expect(bluesky.classifyError(error, 'publish')).toMatchObject({ kind: 'account_unusable', reason })
    }
  })

  it('an image larger than the server takes is refused in words that help', async () => {
    const { access, account } = await connect()
    // Past the proxy, which keeps a connection that the early answer leaves half used.
    const direct = { ...access, settings: { pds: pds.directUrl } }
    const input = inputFor(direct, account, { media: [await image(pngOf(5_242_881))] })
    const error = await bluesky.startPublish(context(), input).catch((thrown) => thrown)
    expect(error).toMatchObject({
      status: 413,
      message: expect.stringContaining('takes only smaller images'),
    })
    expect(bluesky.classifyError(error, 'publish')).toEqual({ kind: 'refused' })
  })

  it('a thread is one, and is deleted as one', async () => {
    const { access, account } = await connect()
    const input = inputFor(access, account, { replies: ['Second', 'Third'] })
    let step = await bluesky.continuePublish(context(), input, await prepare(input))
    while (step.type === 'send') step = await bluesky.continuePublish(context(), input, step.checkpoint)
    if (step.type !== 'done') throw new Error(step.type)
    const posts = (await pds.listPosts(account.did)).sort((a, b) => a.uri.localeCompare(b.uri))
    expect(posts.map(({ value }) => value.text)).toEqual(['Hello', 'Second', 'Third'])
    expect(posts[2]?.value.reply).toMatchObject({
      root: { uri: posts[0]?.uri },
      parent: { uri: posts[1]?.uri },
    })
    await deletePost(context(), input, step.sent)
    expect(await pds.listPosts(account.did)).toEqual([])
  })

  it('a deleted post is gone, and deleting does not need it to be there', async () => {
    const { access, account } = await connect()
    const input = inputFor(access, account, {})
    const checkpoint = await prepare(input)
    const step = await bluesky.continuePublish(context(), input, checkpoint)
    if (step.type !== 'done') throw new Error(step.type)
    await deletePost(context(), input, step.sent)
    expect(await pds.listPosts(account.did)).toEqual([])
    expect(await findPublished(context(), { ...input, sentAt: clock.now() }, checkpoint)).toBeNull()
    await deletePost(context(), input, step.sent)
  })
})
