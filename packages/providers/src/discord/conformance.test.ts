import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createDiscord, startSandbox } from '@postmcp/sandbox'
import { describe } from 'vitest'
import { discord } from './index.js'

async function start() {
  const sandbox = await startSandbox({ platforms: [createDiscord()] })
  return asFakePlatform(sandbox.platform('discord'), { close: sandbox.close })
}

describe('with the bot', () => {
  testProvider(discord, start)
})
