import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

const statements = [
  `alter table post_groups
    add column publish_at timestamptz,
    add column time_zone text,
    add column grace_seconds integer not null default 3600,
    add column version integer not null default 1`,

  `alter table posts
    add column target jsonb not null default '{}',
    add column progress jsonb,
    add column slot_at timestamptz,
    add column parts jsonb`,

  // What one account does next, and whether somebody is at it.
  `create index posts_next_of_account on posts (workspace_id, account_id, due_at, id)
    where state in ('queued', 'publishing', 'unknown') and wake_at is not null`,
  `create index posts_under_way_of_account on posts (workspace_id, account_id) where lease_owner is not null`,
  // How many an account has published lately.
  `create index posts_published_of_account on posts (workspace_id, account_id, published_at) where published_at is not null`,

  // Files that the content of a group names, so that none is deleted that is still to be published.
  `create table post_group_media (
    workspace_id text collate "C" not null,
    group_id text collate "C" not null,
    media_id text collate "C" not null,
    primary key (workspace_id, group_id, media_id),
    foreign key (workspace_id, group_id) references post_groups (workspace_id, id),
    foreign key (workspace_id, media_id) references media (workspace_id, id)
  )`,
  `create index post_group_media_by_media on post_group_media (workspace_id, media_id)`,

  // When the next post may go, by account and by application; see pace.ts.
  `create table paces (
    key text collate "C" primary key,
    next_at timestamptz not null
  )`,

  `alter table credentials drop constraint credentials_owner_type_check`,
  `alter table credentials add constraint credentials_owner_type_check
    check (owner_type in ('connection', 'grant', 'account', 'app_registration', 'post', 'system'))`,
]

/** Schedules, contents of their own for targets, uploads that go on, and the pace of sending. */
export const publish: Migration = {
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}
