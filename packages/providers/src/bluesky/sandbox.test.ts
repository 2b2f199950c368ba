import { createHttpClient, type Provider, type PublishInput, silentLogger } from '@postmcp/core'
import {
  contextWith,
  createFakeClock,
  createSampleFiles,
  type FakePlatform,
  publishInputOf,
  testProvider,
} from '@postmcp/core/testing'
import { asFakePlatform, startSandbox } from '@postmcp/sandbox'
import { pngOf } from '@postmcp/tooling/test-servers/xrpc-calls'
import { describe, expect, it } from 'vitest'
import { bluesky } from './index.js'

async function startBluesky(): Promise<FakePlatform> {
  const running = await startSandbox()
  return asFakePlatform(running.platform('bluesky'), { close: running.close })
}

describe('by app password', () => {
  testProvider(bluesky, async () => {
    const fake = await startBluesky()
    return {
      ...fake,
      async createAccount() {
        const { approve: _, deny: __, ...account } = await fake.createAccount()
        return account
      },
    }
  })
})

describe('by OAuth', () => {
  const { authenticate: _, ...rest } = bluesky
  const { credentials: __, ...connect } = bluesky.manifest.connect
  const byOAuth: Provider = { ...rest, manifest: { ...bluesky.manifest, connect } }
  testProvider(byOAuth, startBluesky)
})

it('publishes links, a card and images, as the public then sees them', async () => {
  const running = await startSandbox()
  const handle = running.platform('bluesky')
  const http = createHttpClient({
    allowedOrigins: [handle.base],
    userAgent: 'postmcp-test',
    logger: silentLogger,
    timeoutMs: 10_000,
  })
  try {
    const ctx = contextWith({ http, clock: createFakeClock(), endpoints: handle.endpoints })
    const { authenticate, startPublish, continuePublish, createDedupeKey } = bluesky as Required<
      typeof bluesky
    >
    const authorization = await authenticate(ctx, handle.connectFields())
    const access = { authMethod: 'credentials' as const, ...authorization }
    const account = { targetId: access.subject, handle: 'ada.test', settings: {}, secrets: {} }
    const publish = async (content: Partial<PublishInput['content']>) => {
      const dedupeKey = createDedupeKey(new Date())
      const input = publishInputOf({ access, account, content, dedupeKey, startedAt: new Date() })
      const step = await startPublish(ctx, input)
      if (step.type !== 'send') throw new Error(`After the start came "${step.type}".`)
      const done = await continuePublish(ctx, input, step.checkpoint)
      return handle.world.posts().find(({ id }) => done.type === 'done' && id === done.sent.platformPostId)
    }

    const link = { url: 'https://example.org/page', title: 'A page', description: 'Of somebody.' }
    const linked = await publish({ text: 'Ü https://example.org and @ben.test', link })
    expect(linked?.body).toMatchObject({
      facets: [
        { index: { byteStart: 3, byteEnd: 22 }, features: [{ uri: 'https://example.org' }] },
        { features: [{ did: handle.world.people()[1]?.id }] },
      ],
      embed: { external: { uri: link.url, title: link.title, description: link.description } },
    })

    const bytes = pngOf(500)
    const facts = { mimeType: 'image/png', bytes: 500, width: 4, height: 3, altText: 'Noise' }
    const picture = await createSampleFiles().image(0, { ...facts, read: async () => bytes })
    const pictured = await publish({ media: [picture] })
    expect(pictured?.media).toMatchObject([{ mimeType: 'image/png', byteLength: 500, altText: 'Noise' }])
  } finally {
    await http.close()
    await running.close()
  }
})
