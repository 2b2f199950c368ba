import { Flags } from '@oclif/core'
import type { PostGroup } from '@postmcp/sdk'
import { ChangeCommand } from '../../change-command.js'
import { postGroupFlag } from '../../flags.js'

export default class PostMove extends ChangeCommand {
  static override summary = 'Give a draft or a scheduled post another time.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --post-group-id PG_ID --at 2026-12-01T09:00 --time-zone Europe/Berlin',
    '<%= config.bin %> <%= command.id %> --post-group-id PG_ID --at now',
    '<%= config.bin %> <%= command.id %> --post-group-id PG_ID --no-time',
  ]
  static override flags = {
    'post-group-id': postGroupFlag,
    at: Flags.string({
      summary: 'When, such as 2026-12-01T09:00Z, or 2026-12-01T09:00 with --time-zone; or `now`.',
      helpValue: 'TIME',
      exactlyOne: ['at', 'no-time'],
    }),
    'time-zone': Flags.string({
      summary: 'The time zone of --at, such as Europe/Berlin.',
      dependsOn: ['at'],
    }),
    'no-time': Flags.boolean({ summary: 'Make it a draft, which waits to be released.' }),
  }

  async run(): Promise<PostGroup> {
    const { flags } = await this.parse(PostMove)
    const timeZone = flags['time-zone']
    return this.changeGroup(flags['post-group-id'], () => ({
      publishAt: flags.at ?? null,
      ...(timeZone !== undefined && { timeZone }),
    }))
  }
}
