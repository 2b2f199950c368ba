import { expect, test } from 'vitest'
import { PostMcp } from './index.js'
import { answer, scriptedFetch } from './testing/scripted-fetch.js'

const pages = () => [
  answer({ data: [{ id: 'a' }, { id: 'b' }], nextCursor: 'b' }),
  answer({ data: [{ id: 'c' }], nextCursor: null }),
]

test('a page goes on through the pages after it', async () => {
  const { fetch, requests } = scriptedFetch(...pages())
  const ids: string[] = []
  for await (const { id } of await new PostMcp({ fetch }).accounts.list({ limit: 2 })) ids.push(id)
  expect(ids).toEqual(['a', 'b', 'c'])
  expect(requests.map(({ url }) => new URL(url).search)).toEqual(['?limit=2', '?limit=2&after=b'])
})

test('goes on with all that was asked for, each value of a list by itself', async () => {
  const { fetch, requests } = scriptedFetch(...pages())
  const query = { state: ['failed', 'unknown'], platform: 'x', from: '2026-12-01', timeZone: 'UTC' } as const
  for await (const _ of await new PostMcp({ fetch }).postGroups.list(query));
  const asked = '?state=failed&state=unknown&platform=x&from=2026-12-01&timeZone=UTC'
  expect(requests.map(({ url }) => new URL(url).search)).toEqual([asked, `${asked}&after=b`])
})

test('asks for no more than is used', async () => {
  const { fetch, requests } = scriptedFetch(...pages())
  for await (const _ of await new PostMcp({ fetch }).accounts.list()) break
  expect(requests).toHaveLength(1)
})

test('there is no page after the last', async () => {
  const { fetch } = scriptedFetch(...pages())
  const second = await (await new PostMcp({ fetch }).accounts.list()).nextPage()
  expect(second?.data).toEqual([{ id: 'c' }])
  expect(await second?.nextPage()).toBeNull()
})

test('as JSON it is what the API sent', async () => {
  const { fetch } = scriptedFetch(...pages())
  const page = await new PostMcp({ fetch }).accounts.list()
  expect(JSON.parse(JSON.stringify(page))).toEqual({ data: [{ id: 'a' }, { id: 'b' }], nextCursor: 'b' })
})

test('a list without cursor is one page', async () => {
  const { fetch } = scriptedFetch(answer({ data: [{ id: 'bluesky' }] }))
  expect(await new PostMcp({ fetch }).platforms.list()).toMatchObject({
    data: [{ id: 'bluesky' }],
    nextCursor: null,
  })
})
