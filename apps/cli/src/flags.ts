import { Flags } from '@oclif/core'

/** Words for flags that several commands have. */
export const words = {
  account: {
    summary: 'The account: its id, or its handle where only one has it.',
    helpValue: 'ACCT_ID|@HANDLE',
  },
  postGroup: { summary: 'The post group.', helpValue: 'PG_ID' },
  post: { summary: 'The post.', helpValue: 'POST_ID' },
  wait: {
    summary: 'How long to wait for the outcome, in seconds.',
    helpValue: 'SECONDS',
    min: 1,
    max: 86_400,
  },
}

/** For a flag that may be given several times, each time with one value. */
export const repeated = { multiple: true, multipleNonGreedy: true } as const

/** The one account a command is about. */
export const accountFlag = Flags.string({ ...words.account, required: true })

/** The one post group a command is about. */
export const postGroupFlag = Flags.string({ ...words.postGroup, required: true })

/** The one post a command is about. */
export const postFlag = Flags.string({ ...words.post, required: true })

/** For what cannot be taken back. */
export const yesFlag = Flags.boolean({ summary: 'Do not ask whether you are sure.' })

/** Which part of a list. */
export const pageFlags = {
  limit: Flags.integer({ summary: 'How many to show.', default: 50, min: 1, max: 100 }),
  after: Flags.string({
    summary: 'Go on after this, the `nextCursor` of the page before.',
    helpValue: 'CURSOR',
  }),
}

/** How long a command that publishes waits for the outcome. */
export const waitFlags = {
  wait: Flags.integer({ ...words.wait, default: 60, exclusive: ['no-wait'] }),
  'no-wait': Flags.boolean({ summary: 'Do not wait for the outcome.' }),
}
