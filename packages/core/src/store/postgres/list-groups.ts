import { type Kysely, type Selectable, sql } from 'kysely'
import type { PostGroupId, WorkspaceId } from '../../model/ids.js'
import { postStates } from '../../model/post.js'
import type { PageRequest, PostGroupFilter } from '../store.js'
import type { Database } from './schema.js'

/** A group's time; the index `post_groups_by_time` has the same words. */
const time = sql<Date>`coalesce(post_groups.publish_at, post_groups.created_at)`

/** A page of groups. */
export async function listGroups(
  db: Kysely<Database>,
  workspaceId: WorkspaceId,
  page: PageRequest,
  filter: PostGroupFilter,
): Promise<Selectable<Database['post_groups']>[]> {
  if (!filter.from && !filter.before) return groupsById(db, workspaceId, page, filter).execute()
  if (page.after === undefined) return groupsByTime(db, workspaceId, page.limit, filter).execute()
  const last = await db
    .selectFrom('post_groups')
    .select(['id', time.as('time')])
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', page.after as PostGroupId)
    .executeTakeFirst()
  return last ? groupsByTime(db, workspaceId, page.limit, filter, last).execute() : []
}

/**
 * The last made first. What is asked of posts is read from an index for each state (and account), in the order of the groups and no
 * further than the page goes: a page costs the same however many posts there are.
 */
export function groupsById(
  db: Kysely<Database>,
  workspaceId: WorkspaceId,
  { limit, after }: PageRequest,
  { states, accountIds, platforms }: PostGroupFilter,
) {
  const ofAccounts = accountIds !== undefined || platforms !== undefined
  const ids = () => sql<PostGroupId>`(
    select distinct found.group_id
    from unnest(${[...(states ?? postStates)]}::text[]) as wanted (state)
    ${
      ofAccounts
        ? sql`cross join (
            select account.id from accounts account
            where account.workspace_id = ${workspaceId}
              ${accountIds ? sql`and account.id = any(${[...accountIds]}::text[])` : sql``}
              ${platforms ? sql`and account.platform = any(${[...platforms]}::text[])` : sql``}
          ) as account`
        : sql``
    }
    cross join lateral (
      select distinct post.group_id
      from posts post
      where post.workspace_id = ${workspaceId} and post.state = wanted.state
        ${ofAccounts ? sql`and post.account_id = account.id` : sql``}
        ${after === undefined ? sql`` : sql`and post.group_id < ${after}`}
      order by post.group_id desc
      limit ${limit}
    ) as found
    order by found.group_id desc
    limit ${limit}
  )`
  return db
    .selectFrom('post_groups')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .$if(after !== undefined, (query) => query.where('id', '<', after as PostGroupId))
    .$if(states !== undefined || ofAccounts, (query) => query.where('id', 'in', ids()))
    .orderBy('id', 'desc')
    .limit(limit)
}

/** The latest first; costs at most what lies in the range. @param last where the page before ended */
export function groupsByTime(
  db: Kysely<Database>,
  workspaceId: WorkspaceId,
  limit: number,
  { from, before, states, accountIds, platforms }: PostGroupFilter,
  last?: { id: PostGroupId; time: Date },
) {
  let groups = db.selectFrom('post_groups').selectAll().where('post_groups.workspace_id', '=', workspaceId)
  if (from) groups = groups.where(time, '>=', from)
  if (before) groups = groups.where(time, '<', before)
  if (last) {
    groups = groups.where(sql<boolean>`(${time}, post_groups.id) < (${last.time}::timestamptz, ${last.id})`)
  }
  if (states || accountIds || platforms) {
    groups = groups.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('posts')
          .select('posts.id')
          .where('posts.workspace_id', '=', workspaceId)
          .whereRef('posts.group_id', '=', 'post_groups.id')
          .$if(states !== undefined, (query) => query.where('posts.state', 'in', states ?? []))
          .$if(accountIds !== undefined, (query) => query.where('posts.account_id', 'in', accountIds ?? []))
          .$if(platforms !== undefined, (query) => query.where('posts.platform', 'in', platforms ?? [])),
      ),
    )
  }
  return groups.orderBy(time, 'desc').orderBy('post_groups.id', 'desc').limit(limit)
}
