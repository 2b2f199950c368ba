import { Flags } from '@oclif/core'
import type { PostGroup, PostWithAttempts } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { exitCodeOfGroup, whatRemains } from '../../finish.js'
import { words } from '../../flags.js'
import { renderGroup, renderPost } from '../../render/post.js'

export default class PostShow extends BaseCommand {
  static override summary = 'Show a post group, or one post with every attempt to publish it.'
  static override description =
    'With --wait the outcome of a group is waited for, and the exit status tells it as `post create` does; without a server its posts are published meanwhile.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --post-group-id PG_ID',
    '<%= config.bin %> <%= command.id %> --post-group-id PG_ID --wait 60',
    '<%= config.bin %> <%= command.id %> --post POST_ID --json',
  ]
  static override flags = {
    'post-group-id': Flags.string({
      ...words.postGroup,
      exactlyOne: ['post-group-id', 'post'],
    }),
    post: Flags.string(words.post),
    wait: Flags.integer({ ...words.wait, dependsOn: ['post-group-id'] }),
  }

  async run(): Promise<PostGroup | PostWithAttempts> {
    const { flags } = await this.parse(PostShow)
    const groupId = flags['post-group-id']
    return this.withApi(async (access) => {
      const { api } = access
      if (groupId === undefined) {
        const post = await api.posts.get(flags.post ?? '')
        this.log(renderPost(post))
        return post
      }
      const found = await api.postGroups.get(groupId)
      const group =
        flags.wait === undefined
          ? found
          : await access.finish(groupId, flags.wait * 1000, this.progressOf(found))
      this.log(renderGroup(group))
      const remains = whatRemains(group, access)
      if (remains) this.log(remains)
      if (flags.wait !== undefined) process.exitCode = exitCodeOfGroup(group)
      return group
    })
  }
}
