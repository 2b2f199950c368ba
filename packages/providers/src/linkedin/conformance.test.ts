import { defineProvider, type Provider } from '@postmcp/core'
import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createLinkedin, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { linkedin } from './index.js'
import { manifest, organizationScopes } from './manifest.js'

type Options = NonNullable<Parameters<typeof createLinkedin>[0]>

async function start(options: Options, optionalScopes: readonly string[]) {
  const sandbox = await startSandbox({ platforms: [createLinkedin(options)] })
  const fake = asFakePlatform(sandbox.platform('linkedin'), { close: sandbox.close })
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

// The suite goes by the manifest; these are what is true of members, whose posts nobody may read, and of most applications.
const { findPublished: _, ...unreadable } = linkedin
const ofMembers: Provider = {
  ...unreadable,
  manifest: { ...manifest, publish: { ...manifest.publish, reconcile: 'never' } },
}
const ofMost: Provider = {
  ...ofMembers,
  manifest: {
    ...ofMembers.manifest,
    tokens: { ...manifest.tokens, refresh: 'none' },
    publish: { ...ofMembers.manifest.publish, limits: { ...manifest.publish.limits, replies: undefined } },
  },
}

describe('a company page, with refresh tokens', () => {
  const scopes = [...organizationScopes, 'r_organization_social', 'w_organization_social_feed']
  testProvider(linkedin, () => start({ app: 'partner', newAccounts: 'page' }, scopes))
})

describe('a member who has company pages', () => {
  const scopes = [...organizationScopes, 'w_member_social_feed']
  testProvider(defineProvider(ofMembers), () => start({ app: 'partner' }, scopes))
})

describe('a member of an application without refresh tokens, company pages and comments', () => {
  testProvider(defineProvider(ofMost), () => start({ app: 'self_serve' }, []))
})
