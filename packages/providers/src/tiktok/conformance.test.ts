import type { Provider } from '@postmcp/core'
import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { tiktok } from './index.js'

async function startTikTok(): Promise<FakePlatform> {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === tiktok.manifest.id) })
  return asFakePlatform(running.platform(tiktok.manifest.id), { close: running.close })
}

const { publish, tokens } = tiktok.manifest
const { images: _, ...videosOnly } = publish.limits
const { videos: __, ...photosOnly } = publish.limits

describe('with videos', () => {
  // The last chunk needs no token: the address of the upload is one.
  const manifest = {
    ...tiktok.manifest,
    tokens: { ...tokens, neededToPublish: false },
    publish: { ...publish, limits: videosOnly },
  }
  testProvider({ ...tiktok, manifest } satisfies Provider, startTikTok)
})

describe('with photos', () => {
  // Without an answer there is no publish id, so nobody can look.
  const { findPublished: _, ...rest } = tiktok
  const reconcile = 'never' as const
  const manifest = { ...tiktok.manifest, publish: { ...publish, reconcile, limits: photosOnly } }
  testProvider({ ...rest, manifest } satisfies Provider, startTikTok)
})
