import { type FakePlatform, testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { youtube } from './index.js'
import { scope } from './manifest.js'

testProvider(youtube, async (): Promise<FakePlatform> => {
  const running = await startSandbox({
    platforms: platforms().filter(({ id }) => id === youtube.manifest.id),
  })
  const fake = asFakePlatform(running.platform(youtube.manifest.id), { close: running.close })
  // An operator who wants to delete videos from here asks for that, too.
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes: [scope.forceSsl] } }
})
