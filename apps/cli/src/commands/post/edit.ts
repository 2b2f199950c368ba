import { Args, Flags } from '@oclif/core'
import type { PostGroup } from '@postmcp/sdk'
import { ChangeCommand } from '../../change-command.js'
import { cliError } from '../../errors.js'
import { words } from '../../flags.js'
import { changeFlags, readChange } from '../../read-change.js'

export default class PostEdit extends ChangeCommand {
  static override summary =
    'Change a draft or a scheduled post: what is given becomes different, all else stays.'
  static override description =
    'Files named with --media, tags, replies and languages take the place of all there were. What is being published, or was changed by somebody else in this moment, is refused.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> PG_ID --text "Good morning, all"',
    '<%= config.bin %> <%= command.id %> PG_ID --text - --media cat.jpg --alt "A cat" < text.txt',
    '<%= config.bin %> <%= command.id %> PG_ID --account @one --account @three --remove link',
    '<%= config.bin %> <%= command.id %> PG_ID --at 2026-12-01T09:00 --time-zone Europe/Berlin',
    '<%= config.bin %> <%= command.id %> PG_ID --file post.yaml --json',
  ]
  static override args = {
    // Standard input is the text or the draft; oclif would take it for the id where that is a flag.
    'post-group-id': Args.string({ description: words.postGroup.summary, ignoreStdin: true }),
  }
  static override flags = {
    'post-group-id': Flags.string({ ...words.postGroup, summary: 'The same, as other commands take it.' }),
    ...changeFlags,
  }

  async run(): Promise<PostGroup> {
    const { args, flags } = await this.parse(PostEdit)
    const { 'post-group-id': named, ...given } = flags
    const [id, ...others] = [args['post-group-id'], named].filter((one) => one !== undefined)
    if (id === undefined || others.length > 0) {
      throw cliError(
        'invalid_request',
        'One post group is to be named.',
        'Write `postmcp post edit PG_ID …`.',
      )
    }
    return this.changeGroup(id, (api, group) => readChange(api, given, group))
  }
}
