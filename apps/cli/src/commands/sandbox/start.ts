import { Flags } from '@oclif/core'
import { BaseCommand } from '../../base-command.js'
import { table } from '../../output.js'

export default class SandboxStart extends BaseCommand {
  static override summary = 'Run the simulated platforms alone, until Ctrl-C.'
  static override description =
    'The server starts its own sandbox; this is for trying other programs against simulated platforms. It listens on this machine only and keeps nothing.'
  static override examples = ['<%= config.bin %> <%= command.id %> --port 4478 --seed demo']
  static override flags = {
    port: Flags.integer({
      summary: 'Port to listen on; 0 is any free one.',
      min: 0,
      max: 65_000,
      default: 4478,
    }),
    seed: Flags.string({
      summary: 'The same seed gives the same people, ids and tokens.',
      default: 'sandbox',
    }),
  }

  async run(): Promise<{ origin: string; platforms: Record<string, string> }> {
    const { flags } = await this.parse(SandboxStart)
    const { startSandbox } = await import('@postmcp/sandbox')
    const running = await startSandbox({ port: flags.port, seed: flags.seed })
    const platforms = Object.fromEntries(running.platforms.map(({ id, base }) => [id, base]))
    const result = { origin: running.origin, platforms }
    if (this.jsonEnabled()) this.logJson(result)
    else
      this.log(
        `Look at it: ${running.origin}\n\n${table(['PLATFORM', 'ADDRESS'], Object.entries(platforms))}\n\nCtrl-C stops it.`,
      )
    if (!this.signal.aborted) {
      await new Promise<void>((resolve) =>
        this.signal.addEventListener('abort', () => resolve(), { once: true }),
      )
    }
    await running.close()
    return result
  }

  /** The one JSON value has been written at the start. */
  protected override async finally(error: Error | undefined): Promise<void> {
    await super.finally(error)
    if (this.signal.aborted && error === undefined) process.exitCode = 0
  }
}
