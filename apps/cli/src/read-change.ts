import { Flags } from '@oclif/core'
import type { Content, PostGroup, PostGroupChange, PostMcp, TargetDraft } from '@postmcp/sdk'
import {
  type ContentValues,
  contentFlags,
  findAccountIds,
  readGiven,
  toContent,
  toTarget,
  uploadFilesOf,
} from './content.js'
import type { AccountDraft } from './draft-file.js'
import { cliError } from './errors.js'
import { repeated } from './flags.js'
import { readOptions } from './post-options.js'

/** What a content may be without. */
const removable = [
  'title',
  'description',
  'tags',
  'link',
  'media',
  'languages',
  'visibility',
  'replies',
] as const

/** What of a group is to be different. */
export const changeFlags = {
  ...contentFlags,
  account: Flags.string({
    ...contentFlags.account,
    summary:
      'Where to publish, in place of all accounts it has; those that stay keep what only they get. May be repeated.',
    ...repeated,
  }),
  alt: Flags.string({
    summary:
      'What is to be seen: the first for the first file, and so on; without --media for the files it has.',
    ...repeated,
  }),
  at: Flags.string({
    summary: 'When, such as 2026-12-01T09:00Z, or 2026-12-01T09:00 with --time-zone; or `now`.',
    helpValue: 'TIME',
    exclusive: ['draft'],
  }),
  draft: Flags.boolean({ summary: 'Take its time away: it waits to be released.' }),
  remove: Flags.option({
    options: removable,
    summary: 'What it is not to have any more. May be repeated.',
    ...repeated,
  })(),
}

type ChangeValues = ContentValues & { draft: boolean; remove: (typeof removable)[number][] | undefined }

/**
 * What flags and file make different about a group; its new files are uploaded.
 * @throws PostMcpApiError `invalid_request` for what cannot be read, contradicts itself or is nothing; `not_found` for an account
 */
export async function readChange(
  api: PostMcp,
  flags: ChangeValues,
  group: PostGroup,
): Promise<Omit<PostGroupChange, 'version'>> {
  const { remove = [] } = flags
  const isOfItsFiles = flags.alt !== undefined && flags.media === undefined
  const given = await readGiven(isOfItsFiles ? { ...flags, alt: undefined } : flags)
  const alts = isOfItsFiles && given.content.media === undefined ? flags.alt : undefined
  if (isOfItsFiles) refuseSpareAlts(flags.alt ?? [], alts ? group.content.media.length : 0)
  const isDraft = flags.draft || given.draft === true
  if (isDraft && given.when.publishAt !== undefined) {
    throw cliError('invalid_request', 'A draft has no time.', 'Give either a time or the draft.')
  }
  const both = remove.find((field) => given.content[field] !== undefined || (field === 'media' && alts))
  if (both) throw cliError('invalid_request', `The ${both} is removed and given.`, 'Do one of the two.')

  const targets = group.posts.filter(({ state }) => state !== 'cancelled').map(toTargetDraft)
  const accounts: AccountDraft[] = given.accounts ?? targets.map(({ accountId }) => ({ account: accountId }))
  const accountIds = await findAccountIds(api, accounts)
  const options = await readOptions(api, flags.option ?? [], accountIds)
  const ids = await uploadFilesOf(api, [given.content, ...accounts])

  const content: Partial<Content> = toContent(given.content, ids)
  if (alts) {
    content.media = group.content.media.map((item, at) => {
      const altText = alts[at]
      return altText === undefined ? item : { ...item, altText }
    })
  }
  const change = {
    ...((Object.keys(content).length > 0 || remove.length > 0) && {
      content: { ...without(group.content, remove), ...content },
    }),
    ...((given.accounts || options.size > 0) && {
      targets: accounts.map((account, index) => {
        const accountId = accountIds[index] ?? account.account
        const before = targets.find((target) => target.accountId === accountId) ?? { accountId }
        return toTarget(before, account, options.get(accountId), ids)
      }),
    }),
    ...given.when,
    ...(isDraft && { publishAt: null }),
  }
  if (Object.keys(change).length > 0) return change
  throw cliError('invalid_request', 'Nothing is to be different.', 'Give what is, with flags or in a file.')
}

function refuseSpareAlts(alts: readonly string[], files: number): void {
  if (alts.length <= files) return
  const words = `There are ${alts.length} --alt for ${files} files.`
  throw cliError('invalid_request', words, 'Give at most one --alt for each file, in the same order.')
}

const toTargetDraft = ({ accountId, overrides, options }: PostGroup['posts'][number]): TargetDraft => ({
  accountId,
  ...(overrides && { overrides }),
  ...(options && { options }),
})

const without = (content: Content, fields: readonly (keyof Content)[]) =>
  Object.fromEntries(
    Object.entries(content).filter(([field]) => !fields.some((one) => one === field)),
  ) as Partial<Content>
