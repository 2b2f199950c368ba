import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { instagram } from './index.js'

async function start(optionalScopes: readonly string[], way?: string) {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'instagram') })
  const fake = asFakePlatform(running.platform('instagram'), { close: running.close, ...(way && { way }) })
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

const way = 'facebook_login'
testProvider(instagram, () => start(['instagram_business_manage_comments']))
testProvider(instagram, () => start(['instagram_manage_comments'], way), { way })

describe('with the permissions that every app has', () => {
  const { publish } = instagram.manifest
  const limits = { ...publish.limits, replies: undefined }
  const without = { ...instagram, manifest: { ...instagram.manifest, publish: { ...publish, limits } } }
  testProvider(without, () => start([]))
  testProvider(without, () => start([], way), { way })
})
