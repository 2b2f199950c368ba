import type { PublishContent, PublishInput } from '../provider/provider.js'

/** What a publishing hook gets, with as little in it as there can be. */
export const publishInputOf = ({
  content,
  ...more
}: Pick<PublishInput, 'access' | 'account'> &
  Partial<Omit<PublishInput, 'content'>> & { content?: Partial<PublishContent> }): PublishInput => ({
  options: {},
  dedupeKey: 'key',
  secrets: {},
  startedAt: new Date('2026-11-22T12:00:00Z'),
  ...more,
  content: { text: '', visibility: 'public', media: [], replies: [], ...content },
})
