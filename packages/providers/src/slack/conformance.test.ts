import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createSlack, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { slack } from './index.js'

/** An app that turned token rotation on, and one that did not: its token never ends and cannot be refreshed. */
const apps: [string, { tokenRotation: boolean }][] = [
  ['with token rotation', { tokenRotation: true }],
  ['without token rotation', { tokenRotation: false }],
]

describe.each(apps)('%s', (_, { tokenRotation }) => {
  testProvider(
    slack,
    async () => {
      const sandbox = await startSandbox({ platforms: [createSlack({ tokenRotation })] })
      return asFakePlatform(sandbox.platform('slack'), { close: sandbox.close })
    },
    { refreshes: tokenRotation },
  )
})
