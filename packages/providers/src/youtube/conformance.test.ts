import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { youtube } from './index.js'

testProvider(youtube, async (): Promise<FakePlatform> => {
  const running = await startSandbox({
    platforms: platforms().filter(({ id }) => id === youtube.manifest.id),
  })
  return asFakePlatform(running.platform(youtube.manifest.id), { close: running.close })
})
