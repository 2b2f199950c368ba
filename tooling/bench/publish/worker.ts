/** A worker of the product in a process of its own. */
import { openBenchCore } from '../bench-core.js'
import { startWorker, systemClock } from '../core.js'
import type { FromPublisher, ToPublisher } from './messages.js'
import { postingProviders } from './provider.js'

const tell = (message: FromPublisher) => process.send?.(message)

process.on('disconnect', () => process.exit(0))
process.once('message', async (message: ToPublisher) => {
  if (message.type !== 'begin') return
  const { core, close } = await openBenchCore(message.config, systemClock, postingProviders)
  const worker = await startWorker(core)
  process.on('message', async ({ type }: ToPublisher) => {
    if (type !== 'stop') return
    await worker.stop()
    await close()
    tell({ type: 'stopped' })
    process.disconnect()
  })
  tell({ type: 'ready' })
})
