import type { Account, ConnectStep } from '@postmcp/sdk'
import { expect, test } from 'vitest'
import { renderStep } from './step.js'

const connectionId = 'conn_1'
const expiresAt = '2026-11-22T12:00:00.000Z'
const target = (targetId: string) => ({ targetId, handle: `h${targetId}`, displayName: 'Name', kind: 'page' })

test('the way to the browser: our page, the code to compare, and how to go on', () => {
  const shown = renderStep({
    type: 'authorize',
    connectionId,
    authorizationUrl: 'https://platform.test/authorize?state=x',
    startUrl: 'http://127.0.0.1:4477/accounts/oauth/start/t',
    userCode: 'ABCD-EFGH',
    expiresAt,
  })
  expect(shown).toContain('http://127.0.0.1:4477/accounts/oauth/start/t')
  expect(shown).toContain('ABCD-EFGH')
  expect(shown).toContain('postmcp accounts connect --connection conn_1 --wait')
  expect(shown).not.toContain('platform.test')
})

test('a confirmation that is waited for', () => {
  const shown = renderStep({ type: 'awaiting_confirmation', connectionId, expiresAt })
  expect(shown).toContain('Somebody must confirm in the browser')
})

test('targets with their kind, and how to see more of them', () => {
  const step: ConnectStep = {
    type: 'select_targets',
    connectionId,
    targets: [target('1'), target('2')],
    alreadyConnected: [],
    accountsLeft: null,
    instructions: 'Add the bot to a channel.',
    expiresAt,
  }
  expect(renderStep(step).split('\n')).toEqual([
    `Choose what to connect, until ${expiresAt}:`,
    '1\tpage\th1\tName',
    '2\tpage\th2\tName',
    'postmcp accounts connect --connection conn_1 --target ID',
    'Add the bot to a channel.',
    'postmcp accounts connect --connection conn_1 --refresh-targets',
  ])
  expect(renderStep({ ...step, targets: [] })).toBe(
    'There is nothing to choose from yet.\nAdd the bot to a channel.\npostmcp accounts connect --connection conn_1 --refresh-targets',
  )
  expect(renderStep({ ...step, instructions: null })).not.toContain('--refresh-targets')
})

test('what is connected already, and how many more the plan leaves', () => {
  const step: ConnectStep = {
    type: 'select_targets',
    connectionId,
    targets: [target('1')],
    alreadyConnected: [{ ...target('2'), accountId: 'acct_2' }],
    accountsLeft: 1,
    instructions: null,
    expiresAt,
  }
  expect(renderStep(step).split('\n').slice(0, 3)).toEqual([
    'Connected already: @h2 (acct_2)',
    'Your plan has room for 1 more account.',
    `Choose what to connect, until ${expiresAt}:`,
  ])
  expect(renderStep({ ...step, targets: [], accountsLeft: 0 }).split('\n')).toEqual([
    'There is nothing more to connect.',
    'Connected already: @h2 (acct_2)',
    'Your plan has room for 0 more accounts.',
  ])
})

test('the accounts that were connected', () => {
  const account = { id: 'acct_1', handle: 'anna\u001b[2J', platform: 'mastodon', canPublish: true } as Account
  expect(renderStep({ type: 'connected', connectionId, accounts: [account] })).toBe(
    'Connected @anna on mastodon: acct_1',
  )
})
