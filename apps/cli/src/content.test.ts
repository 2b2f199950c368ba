import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDraft } from './content.js'
import { draftApi } from './testing/draft-api.js'

type Flags = Parameters<typeof readDraft>[1]
const read = (flags: Partial<Flags>, { api } = draftApi()) => readDraft(api, flags as Flags)

test('flags make a draft', async () => {
  expect(
    await read({
      text: 'Hello',
      tag: ['a', 'b'],
      reply: ['More'],
      visibility: 'unlisted',
      account: ['@one', 'acct_2'],
      at: '2026-12-01T09:00',
      'time-zone': 'Europe/Berlin',
    }),
  ).toEqual({
    content: { text: 'Hello', tags: ['a', 'b'], replies: ['More'], visibility: 'unlisted' },
    targets: [{ accountId: 'acct_1' }, { accountId: 'acct_2' }],
    publishAt: '2026-12-01T09:00',
    timeZone: 'Europe/Berlin',
  })
})

test('an option goes to the accounts whose platform has it, with a value of its type', async () => {
  const { targets } = await read({
    text: 'Hello',
    account: ['@one', '@two'],
    option: ['replySettings=following', 'madeForKids=false'],
  })
  expect(targets).toEqual([
    { accountId: 'acct_1', options: { replySettings: 'following' } },
    { accountId: 'acct_2', options: { madeForKids: false } },
  ])
})

test.each([
  [['nonsense'], '"nonsense" is no option.'],
  [['colour=red'], 'None of the accounts has an option colour.'],
  [['madeForKids=maybe'], 'Option madeForKids takes true or false, not "maybe".'],
])('the option %j is refused before anything is uploaded', async (option, message) => {
  const fake = draftApi()
  const flags = { text: 'Hello', account: ['@one', '@two'], option, media: ['cat.jpg'] }
  await expect(read(flags, fake)).rejects.toMatchObject({ message: expect.stringContaining(message) })
  expect(fake.uploads).toEqual([])
})

test('nobody to publish to is told', async () => {
  await expect(read({ text: 'Hello' })).rejects.toMatchObject({ code: 'invalid_request' })
})

test('a file in YAML makes a draft, each of its pictures is uploaded once, and flags take the place of its fields', async ({
  onTestFinished,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'postmcp-draft-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const picture = join(folder, 'cat.jpg')
  await writeFile(picture, 'not really')
  const file = join(folder, 'post.yaml')
  await writeFile(
    file,
    `text: From the file
title: A title
media:
  - file: ${picture}
    alt: A cat
accounts:
  - "@one"
  - account: acct_2
    text: Only here
    media: [${picture}]
    options: { madeForKids: true }
at: 2026-12-01T09:00:00Z
`,
  )
  const fake = draftApi()
  expect(await read({ file, text: 'From the flag' }, fake)).toEqual({
    content: {
      text: 'From the flag',
      title: 'A title',
      media: [{ mediaId: 'media_cat.jpg', altText: 'A cat' }],
    },
    targets: [
      { accountId: 'acct_1' },
      {
        accountId: 'acct_2',
        overrides: { text: 'Only here', media: [{ mediaId: 'media_cat.jpg' }] },
        options: { madeForKids: true },
      },
    ],
    publishAt: '2026-12-01T09:00:00Z',
  })
  expect(fake.uploads).toEqual(['cat.jpg'])
})

test.each([
  ['text: [a', 'neither YAML nor JSON'],
  ['txt: Hello', 'txt'],
  ['media: [{file: 3}]', 'media'],
])('a file with %j says what is wrong in it', async (content, words) => {
  const folder = await mkdtemp(join(tmpdir(), 'postmcp-draft-'))
  const file = join(folder, 'post.yaml')
  await writeFile(file, content)
  await expect(read({ file, account: ['@one'] })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining(words),
  })
  await rm(folder, { recursive: true })
})
