import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Platforms with several ways through the browser (null: the first one), connections that add targets of a grant, and what a
 * closed connection still has to give back at the platform.
 */
export const ways: Migration = {
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const id = 'text collate "C"'

const statements = [
  `alter table grants add column way text`,
  `alter table oauth_clients add column way text`,
  `alter table connections
    add column way text,
    add column grant_id ${id},
    add column give_back_at timestamptz,
    add foreign key (workspace_id, grant_id) references grants (workspace_id, id)`,
  `create index connections_to_give_back on connections (give_back_at) where give_back_at is not null`,
]
