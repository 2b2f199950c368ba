import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Videos and animations among media, and how long files are kept. */
export const media: Migration = {
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const id = 'text collate "C"'

const statements = [
  `alter table media
    add column kind text not null default 'image' check (kind in ('image', 'video')),
    add column duration_ms integer,
    add column frame_rate real,
    add column video_codec text,
    add column audio_codec text,
    add column frames integer,
    add column deleted_at timestamptz,
    add column look_at timestamptz,
    alter column width set not null,
    alter column height set not null`,
  `update media set look_at = now()`,
  `create index media_to_look_at on media (look_at) where look_at is not null`,

  `create table media_uploads (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    seen_at timestamptz not null default now(),
    abandoned boolean not null default false,
    primary key (workspace_id, id)
  )`,
  `create index media_uploads_by_age on media_uploads (seen_at)`,
]
