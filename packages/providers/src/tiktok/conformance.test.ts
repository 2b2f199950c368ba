import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { tiktok } from './index.js'

testProvider(tiktok, async (): Promise<FakePlatform> => {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === tiktok.manifest.id) })
  return asFakePlatform(running.platform(tiktok.manifest.id), { close: running.close })
})
