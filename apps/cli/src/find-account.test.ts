import { PostMcp } from '@postmcp/sdk'
import { expect, test } from 'vitest'
import { findAccountId } from './find-account.js'

const accounts = [
  { id: 'acct_1', platform: 'bluesky', handle: 'anna.test', status: 'active' },
  { id: 'acct_2', platform: 'bluesky', handle: 'ben.test', status: 'active' },
  { id: 'acct_3', platform: 'mastodon', handle: 'ben.test', status: 'needs_reauth' },
]
/** Gives the accounts one by one, so that the last ones are on later pages. */
const api = new PostMcp({
  fetch: async ({ url }) => {
    const after = new URL(url).searchParams.get('after')
    const index = after === null ? 0 : accounts.findIndex(({ id }) => id === after) + 1
    return Response.json({
      data: [accounts[index]],
      nextCursor: index < accounts.length - 1 ? accounts[index]?.id : null,
    })
  },
})

test.each(['@anna.test', 'anna.test', '@Anna.Test'])('finds %s by its handle', async (name) => {
  expect(await findAccountId(api, name)).toBe('acct_1')
})

test('takes an id as it is', async () => {
  expect(await findAccountId(api, 'acct_9')).toBe('acct_9')
})

test('lists the candidates when several accounts are called so', async () => {
  await expect(findAccountId(api, '@ben.test')).rejects.toMatchObject({
    code: 'invalid_request',
    message:
      'Several accounts are called "@ben.test": acct_2 (bluesky, active), acct_3 (mastodon, needs_reauth).',
  })
})

test('says where the accounts are to be seen when there is none', async () => {
  await expect(findAccountId(api, 'nobody')).rejects.toMatchObject({ code: 'not_found' })
})
