import type { AccountStatus } from '@postmcp/sdk'
import { expect, test } from 'vitest'
import { renderStatuses } from './account.js'

const now = new Date('2026-11-22T12:00:00.000Z')
const account = (id: string, more: Partial<AccountStatus> = {}): AccountStatus =>
  ({
    id,
    platform: 'mastodon',
    handle: 'anna@a.test',
    status: 'active',
    reason: null,
    canPublish: true,
    checkedAt: '2026-11-22T11:59:00.000Z',
    expiresAt: null,
    reconsentBy: null,
    nextAction: { kind: 'none', message: 'Nothing to do.', command: null, url: null },
    check: { source: 'live', error: null },
    ...more,
  }) as AccountStatus

test('many accounts are a line each, with what somebody should do', () => {
  const command = 'postmcp accounts reconnect --account acct_2'
  const nextAction = { kind: 'reconnect', message: 'Reconnect.', command, url: null } as const
  const error = { code: 'platform_unavailable', message: 'Nobody answers.', nextAction: 'Wait.' }
  const lines = renderStatuses(
    [
      account('acct_1'),
      account('acct_2', { status: 'needs_reauth', reason: 'token_revoked', canPublish: false, nextAction }),
      account('acct_3', { expiresAt: '2026-11-30T12:00:00.000Z', reconsentBy: '2026-11-25T12:00:00.000Z' }),
      account('acct_4', { check: { source: 'failed', error } }),
    ],
    now,
  ).split('\n')
  expect(lines.map((line) => line.split('\t').slice(3).join(' '))).toEqual([
    'active 2026-11-22T11:59:00.000Z -',
    `needs_reauth (token_revoked) 2026-11-22T11:59:00.000Z ${command}`,
    'active 2026-11-22T11:59:00.000Z ends 2026-11-25T12:00:00.000Z; postmcp accounts reconnect --account acct_3',
    'active 2026-11-22T11:59:00.000Z Nobody answers.',
  ])
})

test('no accounts are said to be none', () => {
  expect(renderStatuses([], now)).toBe('No accounts yet.')
})
