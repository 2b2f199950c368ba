import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { facebook } from './index.js'

async function start(optionalScopes: readonly string[]) {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'facebook') })
  const fake = asFakePlatform(running.platform('facebook'), { close: running.close })
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

testProvider(facebook, () => start(['pages_manage_engagement']))

const { publish } = facebook.manifest
const manifest = {
  ...facebook.manifest,
  publish: { ...publish, limits: { ...publish.limits, replies: undefined } },
}

describe('with the permissions that every app has', () => {
  testProvider({ ...facebook, manifest }, () => start([]))
})

describe('with the Pages of portfolios', () => {
  testProvider({ ...facebook, manifest }, () => start(['business_management']))
})
