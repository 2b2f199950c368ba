import type { AccountStatus } from '@postmcp/sdk'
import { expect, test } from 'vitest'
import { alarmOf, exitCodeOfAccounts } from './account-alarm.js'

const now = new Date('2026-11-22T12:00:00.000Z')
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString()

const account = (more: Partial<AccountStatus> = {}): AccountStatus =>
  ({
    status: 'active',
    canPublish: true,
    expiresAt: null,
    reconsentBy: null,
    check: { source: 'live', error: null },
    ...more,
  }) as AccountStatus

const broken = account({ status: 'needs_reauth', canPublish: false })
const unanswered = account({ check: { source: 'failed', error: null } })

test.each<[string, AccountStatus, ReturnType<typeof alarmOf>]>([
  ['is well', account(), null],
  ['cannot be published to', broken, 'error'],
  ['was disconnected by the user', account({ status: 'disconnected', canPublish: false }), null],
  ['ends in 13 days', account({ expiresAt: inDays(13) }), 'warning'],
  ['ends in 15 days', account({ expiresAt: inDays(15) }), null],
  ['needs consent in 13 days', account({ reconsentBy: inDays(13) }), 'warning'],
  ['needed consent yesterday', account({ reconsentBy: inDays(-1) }), 'warning'],
  ['could not be checked', unanswered, null],
])('an account that %s', (_, each, expected) => {
  expect(alarmOf(each, now)).toBe(expected)
})

test.each<[string, AccountStatus[], 'error' | 'warning', number]>([
  ['no accounts', [], 'warning', 0],
  ['all well', [account(), account()], 'warning', 0],
  ['one broken', [account(), broken], 'error', 5],
  ['one that ends soon, and only errors matter', [account({ expiresAt: inDays(3) })], 'error', 0],
  ['one that ends soon', [account(), account({ expiresAt: inDays(3) })], 'warning', 5],
  ['one that could not be checked', [account(), unanswered], 'warning', 6],
  ['one that could not be checked, and only errors matter', [unanswered], 'error', 0],
  ['one that could not be checked beside a broken one', [unanswered, broken], 'warning', 5],
])('exit status of %s with --fail-on %s', (_, accounts, failOn, code) => {
  expect(exitCodeOfAccounts(accounts, failOn, now)).toBe(code)
})
