import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Connections that go through a browser, the clients they use, and what targets have of their own. */
export const oauth: Migration = {
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const id = 'text collate "C"'

const statements = [
  `create table oauth_clients (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    platform text not null,
    source text not null check (source in ('workspace', 'registered')),
    server text not null,
    redirect_uri text not null,
    scopes text[] not null,
    client_id text not null,
    endpoints jsonb not null,
    retired boolean not null,
    created_at timestamptz not null,
    primary key (workspace_id, id)
  )`,
  `create index oauth_clients_by_server on oauth_clients (workspace_id, platform, source, server)`,

  `alter table grants
    add column client jsonb,
    add column authorized_at timestamptz not null default now(),
    add column ends_at timestamptz,
    add column warned_days integer`,
  `create index grants_ending on grants (ends_at) where ends_at is not null and status = 'active'`,
  `alter table accounts
    add column kind text not null default '',
    add column settings jsonb not null default '{}',
    add column verify_at timestamptz not null default now() + interval '1 day' * (0.9 + random() / 5)`,
  `create index accounts_to_verify on accounts (verify_at) where status <> 'disconnected'`,

  `alter table workspaces add column plan text not null default 'pro'`,

  `alter table connections
    add column method text not null default 'credentials' check (method in ('credentials', 'oauth2')),
    add column oauth jsonb,
    add column state_hash bytea unique,
    add column start_hash bytea unique,
    add column binding_hash bytea,
    add column csrf_hash bytea unique,
    add column consumed_at timestamptz`,
  `create index connections_to_end on connections (expires_at)
    where state in ('pending', 'awaiting_confirmation', 'selecting_targets')`,

  `create table system_secrets (
    name text primary key,
    sealed bytea not null,
    created_at timestamptz not null default now()
  )`,

  `create table inbound_events (
    platform text not null,
    client text not null,
    event_id text not null,
    received_at timestamptz not null,
    primary key (platform, client, event_id)
  )`,
  `create index inbound_events_by_age on inbound_events (received_at)`,
  `create index grants_by_platform_subject on grants (platform, subject, workspace_id) where status <> 'disconnected'`,
]
