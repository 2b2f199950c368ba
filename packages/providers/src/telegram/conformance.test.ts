import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, startSandbox } from '@postmcp/sandbox'
import { telegram } from './index.js'

testProvider(telegram, async () => {
  const running = await startSandbox()
  const fake = asFakePlatform(running.platform('telegram'), { close: running.close })
  return {
    ...fake,
    async createAccount() {
      // Nothing is consented to in a browser here.
      const { approve: _, deny: __, ...account } = await fake.createAccount()
      return account
    },
  }
})
