import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { youtube } from './index.js'
import { scope } from './scopes.js'

async function start(optionalScopes: readonly string[]): Promise<FakePlatform> {
  const running = await startSandbox({
    platforms: platforms().filter(({ id }) => id === youtube.manifest.id),
  })
  const fake = asFakePlatform(running.platform(youtube.manifest.id), { close: running.close })
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

// An operator who wants to delete videos from here, and comments below them, asks for that, too.
testProvider(youtube, () => start([scope.forceSsl]))

describe('with the permissions that every project has', () => {
  const { deletePost: _, ...rest } = youtube
  const { publish } = youtube.manifest
  const limits = { ...publish.limits, replies: undefined }
  const manifest = { ...youtube.manifest, publish: { ...publish, canDelete: false, limits } }
  testProvider({ ...rest, manifest }, () => start([]))
})
