import type { RetryResult } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { exitCodeOf } from '../../errors.js'
import { exitCodeOfGroup, whatRemains } from '../../finish.js'
import { postGroupFlag, waitFlags } from '../../flags.js'
import { plain } from '../../output.js'
import { renderGroup } from '../../render/post.js'

export default class PostRetry extends BaseCommand {
  static override summary = 'Publish the failed posts of a group again, and only those.'
  static override description =
    'A post whose outcome is unknown is looked up first, and sent again only if it is certainly not there. Exits as `post create` does.'
  static override examples = ['<%= config.bin %> <%= command.id %> --post-group-id PG_ID --json']
  static override flags = { 'post-group-id': postGroupFlag, ...waitFlags }

  async run(): Promise<RetryResult> {
    const { flags } = await this.parse(PostRetry)
    return this.withApi(async (access) => {
      const retry = await access.api.postGroups.retry(flags['post-group-id'])
      const group = flags['no-wait']
        ? retry
        : await access.finish(retry.id, flags.wait * 1000, this.progressOf(retry))
      this.log(renderGroup(group))
      for (const { postId, message, nextAction } of retry.notRetried) {
        this.log(`Not retried: ${postId}. ${plain(`${message} ${nextAction}`)}`)
      }
      const remains = whatRemains(group, access)
      if (remains) this.log(remains)
      const [obstacle] = retry.notRetried
      if (obstacle) process.exitCode = exitCodeOf(obstacle.code)
      else if (!flags['no-wait']) process.exitCode = exitCodeOfGroup(group)
      return { ...retry, ...group }
    })
  }
}
