import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { instagram } from './index.js'

testProvider(instagram, async () => {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'instagram') })
  return asFakePlatform(running.platform('instagram'), { close: running.close })
})
