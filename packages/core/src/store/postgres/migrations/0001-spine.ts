import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * The first tables. Every tenant table has `workspace_id` and is referred to by (workspace_id, id), so that no row can ever
 * point into another workspace. Ids compare byte by byte (collation "C"): their order is the order of creation.
 */
export const spine: Migration = {
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const id = 'text collate "C"'
const health = `
  status text not null,
  status_reason text,
  status_since timestamptz not null,
  status_detected_by text not null,
  status_platform_code text,
  missing_scopes text[] not null default '{}',
  check ((status = 'active') = (status_reason is null))`

const statements = [
  `create table workspaces (
    id ${id} primary key,
    name text not null,
    mode text not null check (mode in ('live', 'sandbox')),
    max_accounts integer,
    created_at timestamptz not null
  )`,

  `create table api_keys (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    name text not null,
    hint text not null,
    hash bytea not null unique,
    created_at timestamptz not null,
    revoked_at timestamptz,
    primary key (workspace_id, id)
  )`,

  `create table key_encryption_keys (
    id text primary key,
    fingerprint text not null,
    active boolean not null,
    created_at timestamptz not null default now()
  )`,
  `create unique index key_encryption_keys_one_active on key_encryption_keys (active) where active`,

  `create table key_holders (
    process_id text primary key,
    kek_ids text[] not null,
    seen_at timestamptz not null
  )`,

  `create table data_keys (
    id ${id} primary key,
    key_scope ${id} not null,
    kek_id text not null references key_encryption_keys (id),
    wrapped bytea not null,
    first_of_scope boolean not null,
    created_at timestamptz not null default now()
  )`,
  `create unique index data_keys_one_first on data_keys (key_scope) where first_of_scope`,

  `create table credentials (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    owner_type text not null check (owner_type in ('connection', 'grant', 'account', 'app_registration', 'system')),
    owner_id ${id} not null,
    field text not null,
    sealed bytea not null,
    updated_at timestamptz not null default now(),
    primary key (workspace_id, owner_type, owner_id, field)
  )`,

  `create table grants (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    platform text not null,
    auth_method text not null check (auth_method in ('credentials', 'oauth2')),
    subject text not null,
    settings jsonb not null,
    granted_scopes text[] not null,
    version integer not null,
    access_token_expires_at timestamptz,
    refresh_token_expires_at timestamptz,
    refresh_lease_owner text,
    refresh_lease_until timestamptz,
    refresh_fingerprint text,
    refresh_sent_at timestamptz,
    refresh_at timestamptz,
    created_at timestamptz not null default now(),
    ${health},
    primary key (workspace_id, id)
  )`,
  `create index grants_by_subject on grants (workspace_id, platform, subject)`,
  `create index grants_by_any_subject on grants (platform, subject) where status <> 'disconnected'`,
  `create index grants_due on grants (refresh_at) where refresh_at is not null and status = 'active'`,

  `create table accounts (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    platform text not null,
    target_id text not null,
    grant_id ${id},
    handle text not null,
    display_name text,
    avatar_url text,
    profile_url text,
    checked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null,
    ${health},
    primary key (workspace_id, id),
    unique (workspace_id, platform, target_id),
    foreign key (workspace_id, grant_id) references grants (workspace_id, id),
    check ((status = 'disconnected') = (grant_id is null))
  )`,
  `create index accounts_by_grant on accounts (workspace_id, grant_id)`,

  `create table account_status_history (
    workspace_id ${id} not null,
    account_id ${id} not null,
    id bigint generated always as identity,
    ${health},
    primary key (workspace_id, account_id, id),
    foreign key (workspace_id, account_id) references accounts (workspace_id, id)
  )`,

  `create table connections (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    platform text not null,
    state text not null check (state in
      ('pending', 'awaiting_confirmation', 'selecting_targets', 'connected', 'failed', 'expired')),
    actor text not null,
    reconnect_account_id ${id},
    targets jsonb not null,
    account_ids text[] not null,
    failure_reason text,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    primary key (workspace_id, id),
    foreign key (workspace_id, reconnect_account_id) references accounts (workspace_id, id)
  )`,

  `create table media (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    mime_type text not null,
    bytes bigint not null,
    sha256 text not null,
    width integer,
    height integer,
    file_name text,
    created_at timestamptz not null,
    primary key (workspace_id, id)
  )`,

  `create table post_groups (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    content jsonb not null,
    created_by text not null,
    created_at timestamptz not null,
    primary key (workspace_id, id)
  )`,

  `create table posts (
    workspace_id ${id} not null,
    id ${id} not null,
    group_id ${id} not null,
    account_id ${id} not null,
    platform text not null,
    state text not null check (state in
      ('draft', 'scheduled', 'queued', 'publishing', 'published', 'failed', 'unknown', 'cancelled')),
    fence integer not null default 0,
    lease_owner text,
    lease_until timestamptz,
    dedupe_key text,
    dedupe_key_at timestamptz,
    checkpoint json,
    checkpoint_sends boolean not null default false,
    failed_turns integer not null default 0,
    due_at timestamptz not null,
    wake_at timestamptz,
    failure jsonb,
    sent_kind text,
    sent_visibility text,
    platform_post_id text,
    permalink text,
    published_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz not null,
    primary key (workspace_id, id),
    foreign key (workspace_id, group_id) references post_groups (workspace_id, id),
    foreign key (workspace_id, account_id) references accounts (workspace_id, id),
    check (state not in ('scheduled', 'queued', 'publishing') or wake_at is not null),
    check (state not in ('published', 'failed', 'cancelled') or wake_at is null)
  )`,
  `create index posts_by_group on posts (workspace_id, group_id)`,
  `create index posts_to_wake on posts (wake_at) where wake_at is not null`,
  `create index posts_waiting_of_account on posts (workspace_id, account_id)
    where state in ('scheduled', 'queued', 'publishing', 'unknown')`,

  `create table attempts (
    workspace_id ${id} not null,
    post_id ${id} not null,
    number integer not null,
    id ${id} not null,
    fence integer not null,
    body json not null,
    dedupe_key text,
    started_at timestamptz not null,
    send_deadline timestamptz not null,
    finished_at timestamptz,
    outcome text check (outcome in ('sent', 'not_sent', 'unknown')),
    failure jsonb,
    primary key (workspace_id, post_id, number),
    unique (workspace_id, id),
    foreign key (workspace_id, post_id) references posts (workspace_id, id)
  )`,

  `create table idempotency_keys (
    workspace_id ${id} not null references workspaces (id),
    key text not null,
    verb text not null,
    fingerprint text not null,
    owner text not null,
    claimed_until timestamptz not null,
    result_id text,
    created_at timestamptz not null default now(),
    primary key (workspace_id, key)
  )`,
  `create index idempotency_keys_by_age on idempotency_keys (created_at)`,

  `create table audit_log (
    workspace_id ${id} not null references workspaces (id),
    id bigint generated always as identity,
    actor text not null,
    action text not null,
    subject_id text not null,
    details jsonb not null,
    at timestamptz not null,
    primary key (workspace_id, id)
  )`,

  `create table events (
    workspace_id ${id} not null references workspaces (id),
    id ${id} not null,
    type text not null,
    payload jsonb not null,
    at timestamptz not null,
    primary key (workspace_id, id)
  )`,
]
