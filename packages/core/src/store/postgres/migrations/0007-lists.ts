import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

const statements = [
  // Each ends with the group, so that a page is read in its order and no further than it goes.
  `create index posts_by_state on posts (workspace_id, state, group_id)`,
  `create index posts_of_account_by_state on posts (workspace_id, account_id, state, group_id)`,
  `create index post_groups_by_time on post_groups (workspace_id, coalesce(publish_at, created_at), id)`,
]

/** What lists of post groups are narrowed down by. */
export const lists: Migration = {
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}
