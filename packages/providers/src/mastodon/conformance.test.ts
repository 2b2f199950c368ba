import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createMastodon, type MastodonVariant, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { mastodon } from './index.js'

/** Servers that speak the API, each in its own way; only one of them gives refresh tokens. */
const variants: [MastodonVariant, { refreshes: boolean }][] = [
  ['mastodon', { refreshes: false }],
  ['mastodon-4.2', { refreshes: false }],
  ['pleroma', { refreshes: true }],
  ['gotosocial', { refreshes: false }],
  ['strict', { refreshes: false }],
  ['snac', { refreshes: false }],
  ['hollo', { refreshes: false }],
]

describe.each(variants)('%s', (variant, options) => {
  testProvider(
    mastodon,
    async () => {
      const sandbox = await startSandbox({ platforms: [createMastodon({ variant })] })
      const handle = sandbox.platform('mastodon')
      return asFakePlatform(handle, {
        close: sandbox.close,
        targetId: (id) => `${new URL(handle.base).host}/${id}`,
      })
    },
    options,
  )
})
