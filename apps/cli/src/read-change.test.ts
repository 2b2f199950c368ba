import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PostGroup } from '@postmcp/sdk'
import { expect, test } from 'vitest'
import { readChange } from './read-change.js'
import { draftApi } from './testing/draft-api.js'

const post = (accountId: string, more: object = {}) => ({ accountId, state: 'scheduled', ...more })

/** To two accounts, one of them with something of its own, and once to a third. */
const group = {
  content: {
    text: 'Hello',
    link: { url: 'https://example.org' },
    media: [
      { mediaId: 'media_1', altText: 'A dgo' },
      { mediaId: 'media_2', altText: 'A cat', thumbnailId: 'media_3' },
    ],
  },
  posts: [
    post('acct_1', { options: { replySettings: 'following' } }),
    post('acct_2', { overrides: { text: 'Only here', title: 'A title' }, options: { madeForKids: true } }),
    post('acct_3', { state: 'cancelled' }),
  ],
} as unknown as PostGroup

type Flags = Parameters<typeof readChange>[1]
const read = (flags: Partial<Flags>, { api } = draftApi()) =>
  readChange(api, { draft: false, ...flags } as Flags, group)

test('what is given becomes different, and nothing else is named', async () => {
  expect(await read({ text: 'Bye' })).toEqual({ content: { ...group.content, text: 'Bye' } })
  expect(await read({ at: '2026-12-01T09:00', 'time-zone': 'Europe/Berlin' })).toEqual({
    publishAt: '2026-12-01T09:00',
    timeZone: 'Europe/Berlin',
  })
  expect(await read({ grace: 600 })).toEqual({ graceSeconds: 600 })
  expect(await read({ draft: true })).toEqual({ publishAt: null })
})

test('accounts take the place of those there are; those that stay keep what only they get', async () => {
  expect(await read({ account: ['@two', '@three'] })).toEqual({
    targets: [
      {
        accountId: 'acct_2',
        overrides: { text: 'Only here', title: 'A title' },
        options: { madeForKids: true },
      },
      { accountId: 'acct_3' },
    ],
  })
})

test('an option changes the accounts that take it, and no other', async () => {
  const { targets, ...others } = await read({ option: ['madeForKids=false'] })
  expect(others).toEqual({})
  expect(targets).toMatchObject([
    { accountId: 'acct_1', options: { replySettings: 'following' } },
    { accountId: 'acct_2', overrides: { text: 'Only here' }, options: { madeForKids: false } },
  ])
  expect(targets).toHaveLength(2)
})

test('what is to be seen can be said of the files that are there', async () => {
  const { content } = await read({ alt: ['A dog'] })
  expect(content?.media).toEqual([
    { mediaId: 'media_1', altText: 'A dog' },
    { mediaId: 'media_2', altText: 'A cat', thumbnailId: 'media_3' },
  ])
  await expect(read({ alt: ['1', '2', '3'] })).rejects.toMatchObject({
    code: 'invalid_request',
    message: 'There are 3 --alt for 2 files.',
  })
})

test('files and what is to be seen on them take the place of all there were', async () => {
  const { content } = await read({ media: ['https://example.org/new.jpg'], alt: ['New'] })
  expect(content?.media).toEqual([{ mediaId: 'media_new.jpg', altText: 'New' }])
})

test('something can be removed, but not given in the same breath', async () => {
  const { content } = await read({ remove: ['link', 'media'] })
  expect(content).toEqual({ text: 'Hello' })
  await expect(read({ remove: ['link'], link: 'https://example.org' })).rejects.toMatchObject({
    message: 'The link is removed and given.',
  })
  await expect(read({ remove: ['media'], alt: ['A dog'] })).rejects.toMatchObject({
    message: 'The media is removed and given.',
  })
})

test('a file changes what it names, also of one account alone', async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), 'postmcp-draft-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'post.yaml')
  await writeFile(file, 'title: New\naccounts: ["@one", { account: "@two", text: Other }]\n')
  const fake = draftApi()
  expect(await read({ file, text: 'From the flag' }, fake)).toEqual({
    content: { ...group.content, title: 'New', text: 'From the flag' },
    targets: [
      { accountId: 'acct_1', options: { replySettings: 'following' } },
      { accountId: 'acct_2', overrides: { text: 'Other', title: 'A title' }, options: { madeForKids: true } },
    ],
  })
  expect(fake.uploads).toEqual([])
  await writeFile(file, 'draft: true\nat: 2026-12-01T09:00:00Z\n')
  await expect(read({ file })).rejects.toMatchObject({
    code: 'invalid_request',
    message: 'A draft has no time.',
  })
})

test.each([
  [{}, 'Nothing is to be different.'],
  [{ account: ['@nobody'], media: ['cat.jpg'] }, 'There is no account "@nobody".'],
  [{ option: ['colour=red'], media: ['cat.jpg'] }, 'None of the accounts has an option colour.'],
])('%j is refused before anything is uploaded', async (flags, message) => {
  const fake = draftApi()
  await expect(read(flags, fake)).rejects.toMatchObject({ message })
  expect(fake.uploads).toEqual([])
})
