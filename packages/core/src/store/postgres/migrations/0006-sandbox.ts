import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Which process runs the sandbox, and where: there is one for all, for what it holds is in that process's memory. */
export const sandbox: Migration = {
  async up(db) {
    await sql
      .raw(
        `create table sandbox_place (
          only_one boolean primary key default true check (only_one),
          process_id text not null,
          host text not null,
          origin text not null,
          bases jsonb not null,
          expires_at timestamptz not null
        )`,
      )
      .execute(db)
  },
}
