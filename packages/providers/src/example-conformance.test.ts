import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, startSandbox } from '@postmcp/sandbox'
import { example } from '../test/example/provider/index.js'
import { createExample } from '../test/example/simulation/index.js'

testProvider(example, async () => {
  const sandbox = await startSandbox({ platforms: [createExample()] })
  return asFakePlatform(sandbox.platform('example'), { close: sandbox.close })
})
