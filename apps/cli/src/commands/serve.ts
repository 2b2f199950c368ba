import { readFile } from 'node:fs/promises'
import { Flags } from '@oclif/core'
import { BaseCommand } from '../base-command.js'
import { type RunningServer, runServer } from '../local-api.js'
import { renderServer } from '../render/server.js'

export default class Serve extends BaseCommand {
  static override summary = 'Run the API and the worker that publishes what is due, until Ctrl-C.'
  static override description =
    'The first start makes the database, a key ring and an API key. Other commands find the server by themselves. Logs are JSON lines on standard error.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --port 8080',
    {
      description: 'On two machines with the same DATABASE_URL:',
      command: '<%= config.bin %> <%= command.id %> --no-worker',
    },
    '<%= config.bin %> <%= command.id %> --worker-only',
    {
      description: 'For a quarter of an hour:',
      command: '<%= config.bin %> <%= command.id %> --idle-exit 900',
    },
  ]
  static override flags = {
    'worker-only': Flags.boolean({ summary: 'Only the worker, no API.', exclusive: ['no-worker', 'port'] }),
    'no-worker': Flags.boolean({ summary: 'Only the API, no worker.' }),
    port: Flags.integer({
      summary: 'Port to listen on; 0 is any free one. Or set POSTMCP_PORT. Default 4477.',
      min: 0,
      max: 65_535,
    }),
    'idle-exit': Flags.integer({
      summary: 'End when nobody asked for anything for so long, and nothing waits to be published.',
      helpValue: 'SECONDS',
      min: 1,
      max: 86_400,
      exclusive: ['worker-only'],
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Serve)
    const role = flags['worker-only'] ? 'worker' : flags['no-worker'] ? 'api' : 'all'
    const env = flags.port === undefined ? process.env : { ...process.env, POSTMCP_PORT: String(flags.port) }
    await runServer({
      env,
      role,
      signal: this.signal,
      idleExitSeconds: flags['idle-exit'],
      onReady: (server) => void this.#announce(server),
    })
  }

  async #announce({ url, installation }: RunningServer): Promise<void> {
    const { firstStart, settings, sandboxUrl } = installation
    if (this.jsonEnabled()) {
      process.stdout.write(
        `${JSON.stringify({ url, pid: process.pid, dataDir: settings.dataDir, firstStart, sandboxUrl })}\n`,
      )
      return
    }
    const showsKey = process.stdout.isTTY && firstStart.apiKeyFile !== null
    const apiKey = showsKey ? await readFile(firstStart.apiKeyFile ?? '', 'utf8') : undefined
    this.log(
      renderServer({ url, dataDir: settings.dataDir, ...firstStart, apiKey: apiKey?.trim(), sandboxUrl }),
    )
  }

  /** A server that is told to end and does has done what it should. */
  protected override async finally(error: Error | undefined): Promise<void> {
    await super.finally(error)
    if (this.signal.aborted && error === undefined) process.exitCode = 0
  }
}
