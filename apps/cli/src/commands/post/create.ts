import { Flags } from '@oclif/core'
import type { PostGroup } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { contentFlags, readDraft } from '../../content.js'
import { exitCodeOfGroup, whatRemains } from '../../finish.js'
import { waitFlags } from '../../flags.js'
import { renderGroup } from '../../render/post.js'

export default class PostCreate extends BaseCommand {
  static override summary = 'Publish something, now or later.'
  static override description =
    'Exits with 0 when it is published everywhere, scheduled or kept as a draft, with the code of the first failure, with 7 when somebody must look, with 6 when it is not over within --wait.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social --text "Hello from @you.bsky.social, see https://example.org"',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --text - --media cat.jpg --alt "A cat" < text.txt',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --text "Read this" --link https://example.org --link-title "A page" --json',
    '<%= config.bin %> <%= command.id %> --account @one --account @two --text "Good morning" --at 2026-12-01T09:00 --time-zone Europe/Berlin',
    '<%= config.bin %> <%= command.id %> --file post.yaml',
  ]
  static override flags = {
    ...contentFlags,
    draft: Flags.boolean({ summary: 'Keep it without publishing it.' }),
    ...waitFlags,
  }

  async run(): Promise<PostGroup> {
    const { flags } = await this.parse(PostCreate)
    return this.withApi(async (access) => {
      const draft = await readDraft(access.api, flags)
      const created = await access.api.postGroups.create({ ...draft, ...(flags.draft && { draft: true }) })
      const isLater = created.status === 'draft' || created.status === 'scheduled'
      const stays = flags['no-wait'] || isLater
      const progress = this.progressOf(created)
      const group = stays ? created : await access.finish(created.id, flags.wait * 1000, progress)
      this.log(renderGroup(group))
      const remains = whatRemains(group, access)
      if (remains) this.log(remains)
      if (!stays) process.exitCode = exitCodeOfGroup(group)
      return group
    })
  }
}
