import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, createPinterest, startSandbox } from '@postmcp/sandbox'
import { pinterest } from './index.js'

testProvider(pinterest, async () => {
  const sandbox = await startSandbox({ platforms: [createPinterest()] })
  return asFakePlatform(sandbox.platform('pinterest'), { close: sandbox.close })
})
