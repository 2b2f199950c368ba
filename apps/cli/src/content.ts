import { Flags } from '@oclif/core'
import type { Content, ContentDraft, PostGroupDraft, PostMcp, TargetDraft } from '@postmcp/sdk'
import type { AccountDraft, DraftFile, ContentDraft as FileContent } from './draft-file.js'
import { cliError } from './errors.js'
import { findAccountId } from './find-account.js'
import { repeated } from './flags.js'
import { readOptions } from './post-options.js'
import { readStdin } from './stdin.js'
import { uploadMedia } from './upload-media.js'

/** What is published, and where. */
export const contentFlags = {
  text: Flags.string({ summary: 'The text; `-` reads it from standard input.' }),
  title: Flags.string({ summary: 'The title, where the platform has titles.' }),
  description: Flags.string({
    summary: 'Takes the place of the text where the platform has descriptions, such as YouTube.',
  }),
  tag: Flags.string({
    summary: 'A tag, where the platform has tags apart from the text. May be repeated.',
    ...repeated,
  }),
  media: Flags.string({
    summary: 'A file to show, or the address of one. May be repeated.',
    helpValue: 'FILE|URL',
    ...repeated,
  }),
  alt: Flags.string({
    summary: 'What is to be seen, for people who cannot see it: the first for the first file, and so on.',
    ...repeated,
  }),
  thumbnail: Flags.string({
    summary: 'A picture shown before the video plays, where the platform takes one.',
    helpValue: 'FILE|URL',
    dependsOn: ['media'],
  }),
  link: Flags.string({
    summary: 'A page to show as a card where the platform has them; elsewhere its address ends the text.',
    helpValue: 'URL',
  }),
  'link-title': Flags.string({ summary: "The card's title.", dependsOn: ['link'] }),
  'link-description': Flags.string({ summary: "The card's description.", dependsOn: ['link'] }),
  lang: Flags.string({
    summary: "The text's language, such as en or pt-BR. May be repeated.",
    ...repeated,
  }),
  visibility: Flags.string({
    summary: 'Who may see it. Default: as is usual at the platform.',
    options: ['public', 'unlisted', 'followers', 'private'],
  }),
  reply: Flags.string({
    summary: 'A text to publish below the post: the next of a thread, or a comment. May be repeated.',
    ...repeated,
  }),
  account: Flags.string({
    summary:
      'Where to publish: an account by its id, or by its handle where only one has it. May be repeated.',
    helpValue: 'ACCT_ID|@HANDLE',
    ...repeated,
  }),
  option: Flags.string({
    summary: 'Something only its platform has, as `platforms show` lists it. May be repeated.',
    helpValue: 'NAME=VALUE',
    ...repeated,
  }),
  file: Flags.string({
    summary: 'A draft in YAML or JSON; `-` reads it from standard input. Flags take the place of its fields.',
    helpValue: 'FILE',
  }),
  at: Flags.string({
    summary: 'When, such as 2026-12-01T09:00Z, or 2026-12-01T09:00 with --time-zone. Default: now.',
    helpValue: 'TIME',
  }),
  'time-zone': Flags.string({
    summary: 'The time zone of --at, such as Europe/Berlin.',
    dependsOn: ['at'],
  }),
  grace: Flags.integer({
    summary: 'How many seconds late it may still go out when nothing could be published at its time.',
    helpValue: 'SECONDS',
    min: 60,
  }),
}

/** What `contentFlags` were given. */
export interface ContentValues {
  text: string | undefined
  title: string | undefined
  description: string | undefined
  tag: string[] | undefined
  media: string[] | undefined
  alt: string[] | undefined
  thumbnail: string | undefined
  link: string | undefined
  'link-title': string | undefined
  'link-description': string | undefined
  lang: string[] | undefined
  visibility: string | undefined
  reply: string[] | undefined
  account: string[] | undefined
  option: string[] | undefined
  file: string | undefined
  at: string | undefined
  'time-zone': string | undefined
  grace: number | undefined
}

/** What flags and file say, by the names of a file; no file is uploaded yet. */
export interface Given {
  content: FileContent
  /** Undefined: nobody is named. */
  accounts: AccountDraft[] | undefined
  /** Whether it is to be kept without being published. */
  draft: boolean | undefined
  when: Pick<PostGroupDraft, 'publishAt' | 'timeZone' | 'graceSeconds'>
}

/** @throws PostMcpApiError `invalid_request` for what cannot be read */
export async function readGiven(flags: ContentValues): Promise<Given> {
  const { accounts, at, timeZone, graceSeconds, draft, ...fromFile } = await readFileOf(flags)
  return {
    content: { ...fromFile, ...(await readContentFlags(flags)) },
    accounts: flags.account?.map((account) => ({ account })) ?? accounts,
    draft,
    when: defined({
      publishAt: flags.at ?? at,
      timeZone: flags.at === undefined ? timeZone : flags['time-zone'],
      graceSeconds: flags.grace ?? graceSeconds,
    }),
  }
}

/** The ids of accounts as a draft names them, in their order. @throws PostMcpApiError `not_found`, `invalid_request` */
export async function findAccountIds(api: PostMcp, accounts: readonly AccountDraft[]): Promise<string[]> {
  const ids: string[] = []
  for (const { account } of accounts) ids.push(await findAccountId(api, account))
  return ids
}

/** Uploads what contents name, each file once. @returns the ids of the files, by their paths */
export async function uploadFilesOf(
  api: PostMcp,
  contents: readonly FileContent[],
): Promise<Map<string, string>> {
  const paths = contents.flatMap(({ media = [] }) => media).flatMap(pathsOf)
  const distinct = [...new Set(paths)]
  const ids = await uploadMedia(api, distinct)
  return new Map(distinct.map((path, index) => [path, ids[index] ?? '']))
}

/**
 * The draft that flags and file describe; its files are uploaded.
 * @throws PostMcpApiError `invalid_request` for what cannot be read or is missing; `not_found` for an account; those of the upload
 */
export async function readDraft(api: PostMcp, flags: ContentValues): Promise<PostGroupDraft> {
  const { content, accounts = [], draft, when } = await readGiven(flags)
  if (accounts.length === 0) {
    throw cliError(
      'invalid_request',
      'Nobody is named to publish to.',
      'Name at least one account with --account, or in the file.',
    )
  }
  // Before anything is uploaded, so that a slip of the pen leaves nothing behind.
  const accountIds = await findAccountIds(api, accounts)
  const options = await readOptions(api, flags.option ?? [], accountIds)
  const ids = await uploadFilesOf(api, [content, ...accounts])
  return {
    content: toContent(content, ids),
    targets: accounts.map((account, index) => {
      const accountId = accountIds[index] ?? account.account
      return toTarget({ accountId }, account, options.get(accountId), ids)
    }),
    ...when,
    ...defined({ draft }),
  }
}

/** A target with what a draft says of its account in place of what it has. @param chosen options that go before all others */
export function toTarget(
  { accountId, overrides, options }: TargetDraft,
  { account: _, options: own, ...content }: AccountDraft,
  chosen: TargetDraft['options'],
  ids: ReadonlyMap<string, string>,
): TargetDraft {
  const itsOwn = { ...overrides, ...(toContent(content, ids) as Partial<Content>) }
  const all = { ...options, ...own, ...chosen }
  return {
    accountId,
    ...(Object.keys(itsOwn).length > 0 && { overrides: itsOwn }),
    ...(Object.keys(all).length > 0 && { options: all }),
  }
}

async function readFileOf({ file }: ContentValues): Promise<DraftFile> {
  if (file === undefined) return {}
  const { readDraftFile } = await import('./draft-file.js')
  return readDraftFile(file)
}

/** Without the fields that are undefined. */
export const defined = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Field in keyof T]?: Exclude<T[Field], undefined>
  }

async function readContentFlags(flags: ContentValues): Promise<FileContent> {
  const { media, alt = [], thumbnail, link } = flags
  if (alt.length > (media?.length ?? 0)) {
    throw cliError(
      'invalid_request',
      `There are ${alt.length} --alt for ${media?.length ?? 0} --media.`,
      'Give at most one --alt for each --media, in the same order.',
    )
  }
  return defined({
    text: flags.text === '-' ? await readStdin('--text') : flags.text,
    title: flags.title,
    description: flags.description,
    tags: flags.tag,
    link:
      link === undefined
        ? undefined
        : { url: link, ...defined({ title: flags['link-title'], description: flags['link-description'] }) },
    media: media?.map((file, index) => ({
      file,
      ...defined({ alt: alt[index], thumbnail: index === 0 ? thumbnail : undefined }),
    })),
    languages: flags.lang,
    visibility: flags.visibility as FileContent['visibility'],
    replies: flags.reply,
  }) as FileContent
}

const pathsOf = ({ file, thumbnail }: { file: string; thumbnail?: string | undefined }): string[] =>
  thumbnail === undefined ? [file] : [file, thumbnail]

/** @param ids of the files, by their paths */
export function toContent(
  { media, ...content }: FileContent,
  ids: ReadonlyMap<string, string>,
): ContentDraft {
  return {
    ...(content as ContentDraft),
    ...(media && {
      media: media.map(
        ({ file, ...item }: { file: string; alt?: string | undefined; thumbnail?: string | undefined }) => ({
          mediaId: ids.get(file) ?? '',
          ...defined({
            altText: item.alt,
            thumbnailId: item.thumbnail === undefined ? undefined : ids.get(item.thumbnail),
          }),
        }),
      ),
    }),
  }
}
