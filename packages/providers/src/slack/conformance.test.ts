import { defineProvider, type Provider } from '@postmcp/core'
import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createSlack, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { slack } from './index.js'
import { manifest } from './manifest.js'

/** An app that turned token rotation on, and one that did not: its token never ends and cannot be refreshed. */
const apps: [string, { tokenRotation: boolean }][] = [
  ['with token rotation', { tokenRotation: true }],
  ['without token rotation', { tokenRotation: false }],
]

// The suite goes by the manifest; this is what is true of messages without the permission to look for them.
const { findPublished: _, ...withoutLooking } = slack
const unreadable: Provider = defineProvider({
  ...withoutLooking,
  manifest: { ...manifest, publish: { ...manifest.publish, reconcile: 'never' } },
})
const readers: [string, Provider, string[]][] = [
  ['reading channels', slack, ['channels:history']],
  ['reading no channels', unreadable, []],
]

describe.each(apps)('%s', (_, { tokenRotation }) => {
  describe.each(readers)('%s', (_, provider, optionalScopes) => {
    testProvider(
      provider,
      async () => {
        const sandbox = await startSandbox({ platforms: [createSlack({ tokenRotation })] })
        const fake = asFakePlatform(sandbox.platform('slack'), { close: sandbox.close })
        return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
      },
      { refreshes: tokenRotation },
    )
  })
})
