/**
 * A real Bluesky PDS to try things by hand: `node tooling/test-servers/pds-cli.ts [--port 2583] [--proxy] [--rate-limits]`.
 * Prints one line of JSON when ready, runs until Ctrl-C, keeps nothing.
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startTestPds } from '@postmcp/tooling/test-servers/pds'

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    proxy: { type: 'boolean', default: false },
    'rate-limits': { type: 'boolean', default: false },
  },
})

const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
const pds = await startTestPds({
  withProxy: values.proxy,
  rateLimits: values['rate-limits'],
  ...(values.port ? { port: Number(values.port) } : {}),
})
try {
  const account = await pds.createAccount()
  const appPassword = await pds.createAppPassword(account)
  const { url, plcUrl, resolverUrl, directUrl, pid } = pds
  const env = pds.env(account, appPassword)
  console.log(JSON.stringify({ url, plcUrl, resolverUrl, directUrl, pid, account, appPassword, env }))
  // Waiting for a signal does not keep Node running; a timer does.
  const alive = setInterval(() => {}, 60_000)
  await interrupted
  clearInterval(alive)
} finally {
  await pds.close()
}
