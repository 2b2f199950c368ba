import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { threads } from './index.js'

const optionalScopes = ['threads_delete', 'threads_manage_replies']

async function start(optional: readonly string[]) {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'threads') })
  const fake = asFakePlatform(running.platform('threads'), { close: running.close })
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes: optional } }
}

testProvider(threads, () => start(optionalScopes))

describe('with the permissions that every app has', () => {
  const { deletePost: _, ...rest } = threads
  const { publish } = threads.manifest
  const limits = { ...publish.limits, replies: undefined }
  const manifest = { ...threads.manifest, publish: { ...publish, canDelete: false, limits } }
  testProvider({ ...rest, manifest }, () => start([]))
})
