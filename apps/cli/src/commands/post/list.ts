import type { Page, PostGroup } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { pageFlags } from '../../flags.js'
import { renderGroups } from '../../render/post.js'

export default class PostList extends BaseCommand {
  static override summary = 'List the post groups, newest first.'
  static override examples = ['<%= config.bin %> <%= command.id %> --limit 10']
  static override flags = pageFlags

  async run(): Promise<Page<PostGroup>> {
    const { flags } = await this.parse(PostList)
    return this.withApi(async ({ api }) => {
      const page = await api.postGroups.list(flags)
      this.log(renderGroups(page.data))
      this.noteMore(page)
      return page
    })
  }
}
