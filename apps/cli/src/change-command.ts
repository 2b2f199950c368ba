import type { PostGroup, PostGroupChange, PostMcp } from '@postmcp/sdk'
import { BaseCommand } from './base-command.js'
import { whatRemains } from './finish.js'
import { renderGroup } from './render/post.js'

type Change = Omit<PostGroupChange, 'version'>

/** What commands have in common that change a group nobody has begun to publish. */
export abstract class ChangeCommand extends BaseCommand {
  /**
   * Changes the group as it is now. Whoever changes it in between is not overwritten: the API refuses, and nothing is tried again.
   * @param describe what is to be different
   */
  protected changeGroup(
    id: string,
    describe: (api: PostMcp, group: PostGroup) => Promise<Change> | Change,
  ): Promise<PostGroup> {
    return this.withApi(async (access) => {
      const { api } = access
      const seen = await api.postGroups.get(id)
      // One that has begun stays so: the API says it, before files are uploaded for nothing.
      const isOpen = seen.posts.some(({ state }) => state === 'draft' || state === 'scheduled')
      const change = isOpen ? await describe(api, seen) : {}
      const group = await api.postGroups.change(id, { version: seen.version, ...change })
      this.log(renderGroup(group))
      for (const words of unseenChanges(seen, group)) this.log(words)
      const remains = whatRemains(group, access)
      if (remains) this.log(remains)
      return group
    })
  }
}

/** Where a change of the content is not seen, for an account has something of its own in that place. */
function unseenChanges(before: PostGroup, after: PostGroup): string[] {
  const changed = (
    Object.keys({ ...before.content, ...after.content }) as (keyof PostGroup['content'])[]
  ).filter((field) => JSON.stringify(before.content[field]) !== JSON.stringify(after.content[field]))
  return after.posts.flatMap(({ accountId, state, overrides }) => {
    const own = changed.filter((field) => overrides?.[field] !== undefined)
    if (own.length === 0 || state === 'cancelled') return []
    return [`${accountId} has its own ${own.join(' and ')}, and keeps it.`]
  })
}
