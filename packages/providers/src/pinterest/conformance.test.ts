import type { Provider } from '@postmcp/core'
import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createPinterest, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { pinterest } from './index.js'

async function start(): Promise<FakePlatform> {
  const sandbox = await startSandbox({ platforms: [createPinterest()] })
  return asFakePlatform(sandbox.platform('pinterest'), { close: sandbox.close })
}

const { publish } = pinterest.manifest
const withImages = (images: Partial<typeof publish.limits.images>) => ({
  ...pinterest,
  manifest: {
    ...pinterest.manifest,
    publish: { ...publish, limits: { ...publish.limits, images: { ...publish.limits.images, ...images } } },
  },
})

describe('with one picture', () => {
  testProvider(withImages({ max: 1 }) satisfies Provider, start)
})

describe('with several pictures', () => {
  // A Pin has one alt text for all of them; publish.test.ts says which.
  testProvider(withImages({ maxAltTextGraphemes: 0 }) satisfies Provider, start)
})
