import type { PostGroup } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { postGroupFlag } from '../../flags.js'
import { renderGroup } from '../../render/post.js'

export default class PostCancel extends BaseCommand {
  static override summary = 'Cancel what has not begun to be published.'
  static override examples = ['<%= config.bin %> <%= command.id %> --post-group-id PG_ID']
  static override flags = { 'post-group-id': postGroupFlag }

  async run(): Promise<PostGroup> {
    const { flags } = await this.parse(PostCancel)
    return this.withApi(async ({ api }) => {
      const group = await api.postGroups.cancel(flags['post-group-id'])
      this.log(renderGroup(group))
      return group
    })
  }
}
