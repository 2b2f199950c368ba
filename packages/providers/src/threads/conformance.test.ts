import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { threads } from './index.js'

testProvider(threads, async () => {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'threads') })
  return asFakePlatform(running.platform('threads'), { close: running.close })
})
