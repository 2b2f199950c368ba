import { Args, Flags } from '@oclif/core'
import type { Connection } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { cliError } from '../../errors.js'
import { properties } from '../../output.js'
import { renderStep } from '../../render/step.js'

export default class ConnectionsShow extends BaseCommand {
  static override summary = 'Show where a connect or reconnect stands.'
  static override examples = ['<%= config.bin %> <%= command.id %> CONN_ID']
  static override args = { connection: Args.string({ description: 'The connection.', name: 'CONN_ID' }) }
  static override flags = { connection: Flags.string({ summary: 'The connection.', helpValue: 'CONN_ID' }) }

  async run(): Promise<Connection> {
    const { args, flags } = await this.parse(ConnectionsShow)
    const id = args.connection ?? flags.connection
    if (id === undefined) {
      throw cliError('invalid_request', 'Which connection?', 'Give its id: postmcp connections show CONN_ID.')
    }
    return this.withApi(async ({ api }) => {
      const connection = await api.connections.get(id)
      const { platform, state, failureReason, expiresAt, step } = connection
      this.log(
        properties([
          ['Connection', connection.id],
          ['Platform', platform],
          ['State', state],
          ['Why', failureReason],
          ['Expires', state === 'connected' ? null : expiresAt],
        ]),
      )
      if (step) this.log(renderStep(step))
      return connection
    })
  }
}
