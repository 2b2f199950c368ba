import { defineProvider, type Provider } from '@postmcp/core'
import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createLinkedin, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { linkedin } from './index.js'
import { manifest, organizationScopes } from './manifest.js'

async function start(app: 'partner' | 'self_serve', optionalScopes: readonly string[]) {
  const sandbox = await startSandbox({ platforms: [createLinkedin({ app })] })
  const fake = asFakePlatform(sandbox.platform('linkedin'), { close: sandbox.close })
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

describe('with refresh tokens and company pages', () => {
  testProvider(linkedin, () => start('partner', organizationScopes))
})

describe('as an application without either', () => {
  // The suite goes by the manifest; this is what is true for such an application.
  const declared: Provider = {
    ...linkedin,
    manifest: { ...manifest, tokens: { ...manifest.tokens, refresh: 'none' } },
  }
  testProvider(defineProvider(declared), () => start('self_serve', []))
})
