import { Flags } from '@oclif/core'
import type { Post } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { postFlag } from '../../flags.js'
import { renderPost } from '../../render/post.js'

export default class PostResolve extends BaseCommand {
  static override summary = 'Say what became of a post whose outcome nobody could find out.'
  static override description =
    'Look at the platform first. A post that is said to have failed can be retried.'
  static override examples = ['<%= config.bin %> <%= command.id %> --post POST_ID --as published']
  static override flags = {
    post: postFlag,
    as: Flags.option({
      options: ['published', 'failed'] as const,
      summary: 'What you saw.',
      required: true,
    })(),
  }

  async run(): Promise<Post> {
    const { flags } = await this.parse(PostResolve)
    return this.withApi(async ({ api }) => {
      const post = await api.posts.resolve(flags.post, flags.as)
      this.log(renderPost(post))
      return post
    })
  }
}
