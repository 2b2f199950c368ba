import type { Post } from '@postmcp/sdk'
import { confirm } from '../../ask.js'
import { BaseCommand } from '../../base-command.js'
import { postFlag, yesFlag } from '../../flags.js'
import { renderPost } from '../../render/post.js'

export default class PostDelete extends BaseCommand {
  static override summary = 'Delete a published post at the platform.'
  static override examples = ['<%= config.bin %> <%= command.id %> --post POST_ID --yes']
  static override flags = { post: postFlag, yes: yesFlag }

  async run(): Promise<Post | undefined> {
    const { flags } = await this.parse(PostDelete)
    return this.withApi(async ({ api }) => {
      const { id, permalink } = await api.posts.get(flags.post)
      if (!(await confirm(`Delete ${permalink ?? id} at the platform?`, flags, this.jsonEnabled())))
        return undefined
      const post = await api.posts.delete(id)
      this.log(renderPost(post))
      return post
    })
  }
}
