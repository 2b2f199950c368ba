import { Flags } from '@oclif/core'

/** Names the one account a command is about. */
export const accountFlag = Flags.string({
  summary: 'The account: its id, or its handle where only one has it.',
  helpValue: 'ACCT_ID|@HANDLE',
  required: true,
})

export const postGroupFlag = Flags.string({
  summary: 'The post group.',
  helpValue: 'PG_ID',
  required: true,
})

export const postFlag = Flags.string({ summary: 'The post.', helpValue: 'POST_ID', required: true })

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
