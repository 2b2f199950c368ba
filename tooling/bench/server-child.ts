/** A server of the product in a process of its own: told its role by its argument and its settings by its environment. Says how much memory it had at most. */
import type { Serve } from './product-process.js'

/** As it was built: what users run. */
const built = new URL('../../apps/api/dist/index.js', import.meta.url).href
const { serve } = (await import(built)) as { serve: Serve }

let peak = 0
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}
setInterval(look, 20).unref()

const stop = new AbortController()
process.on('message', (message) => {
  if (message === 'stop') return stop.abort()
  look()
  process.send?.({ peak, now: process.memoryUsage.rss() })
  peak = 0
})
process.on('disconnect', () => stop.abort())

await serve({
  env: process.env,
  role: process.argv[2] === 'worker' ? 'worker' : 'api',
  signal: stop.signal,
  onReady: ({ url }) => process.send?.({ url }),
})
process.disconnect()
