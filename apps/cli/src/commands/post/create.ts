import type { PostGroup } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { contentFlags, readDraft } from '../../content.js'
import { exitCodeOfGroup, whatRemains } from '../../finish.js'
import { waitFlags } from '../../flags.js'
import { renderGroup } from '../../render/post.js'

export default class PostCreate extends BaseCommand {
  static override summary = 'Publish something, now.'
  static override description =
    'Exits with 0 when it is published everywhere, with the code of the first failure, with 7 when somebody must look, with 6 when it is not over within --wait.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social --text "Hello from @you.bsky.social, see https://example.org"',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --text - --media cat.jpg --alt "A cat" < text.txt',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --text "Read this" --link https://example.org --link-title "A page" --json',
  ]
  static override flags = { ...contentFlags, ...waitFlags }

  async run(): Promise<PostGroup> {
    const { flags } = await this.parse(PostCreate)
    return this.withApi(async (access) => {
      const created = await access.api.postGroups.create(await readDraft(access.api, flags))
      const group = flags['no-wait'] ? created : await access.finish(created.id, flags.wait * 1000)
      this.log(renderGroup(group))
      const remains = whatRemains(group, access)
      if (remains) this.log(remains)
      if (!flags['no-wait']) process.exitCode = exitCodeOfGroup(group)
      return group
    })
  }
}
