import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { x } from './index.js'

testProvider(x, async () => {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'x') })
  return asFakePlatform(sandbox.platform('x'), { close: sandbox.close })
})
