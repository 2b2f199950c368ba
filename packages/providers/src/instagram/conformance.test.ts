import { testProvider } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { instagram } from './index.js'

async function start(way?: string) {
  const running = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'instagram') })
  return asFakePlatform(running.platform('instagram'), { close: running.close, ...(way && { way }) })
}

testProvider(instagram, () => start())
testProvider(instagram, () => start('facebook_login'), { way: 'facebook_login' })
