import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Flags } from '@oclif/core'
import type { PostGroupDraft, PostMcp } from '@postmcp/sdk'
import { cliError } from './errors.js'
import { findAccountId } from './find-account.js'
import { readStdin } from './stdin.js'

/** What is published, and where. */
export const contentFlags = {
  text: Flags.string({ summary: 'The text; `-` reads it from standard input.' }),
  media: Flags.string({
    summary: 'A file to show. May be repeated.',
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  alt: Flags.string({
    summary: 'What is to be seen, for people who cannot see it: the first for the first file, and so on.',
    multiple: true,
    multipleNonGreedy: true,
  }),
  link: Flags.string({ summary: 'A page to show as a card where the platform has them.', helpValue: 'URL' }),
  'link-title': Flags.string({ summary: "The card's title.", dependsOn: ['link'] }),
  'link-description': Flags.string({ summary: "The card's description.", dependsOn: ['link'] }),
  lang: Flags.string({
    summary: "The text's language, such as en or pt-BR. May be repeated.",
    multiple: true,
    multipleNonGreedy: true,
  }),
  account: Flags.string({
    summary:
      'Where to publish: an account by its id, or by its handle where only one has it. May be repeated.',
    helpValue: 'ACCT_ID|@HANDLE',
    multiple: true,
    multipleNonGreedy: true,
    required: true,
  }),
}

interface ContentValues {
  text: string | undefined
  media: string[] | undefined
  alt: string[] | undefined
  link: string | undefined
  'link-title': string | undefined
  'link-description': string | undefined
  lang: string[] | undefined
  account: string[]
}

/**
 * The draft that the flags describe; its files are uploaded.
 * @throws PostMcpApiError `invalid_request` for a file that cannot be read; `not_found` for an account; those of the upload
 */
export async function readDraft(api: PostMcp, flags: ContentValues): Promise<PostGroupDraft> {
  const paths = flags.media ?? []
  const altTexts = flags.alt ?? []
  if (altTexts.length > paths.length) {
    throw cliError(
      'invalid_request',
      `There are ${altTexts.length} --alt for ${paths.length} --media.`,
      'Give at most one --alt for each --media, in the same order.',
    )
  }
  const files = await Promise.all(paths.map(readMediaFile))
  const text = flags.text === '-' ? await readStdin('--text') : flags.text
  const targets = []
  for (const name of flags.account) targets.push({ accountId: await findAccountId(api, name) })
  const media = []
  for (const [index, { bytes, fileName }] of files.entries()) {
    const { id } = await api.media.upload(bytes, { fileName })
    const altText = altTexts[index]
    media.push({ mediaId: id, ...(altText !== undefined && { altText }) })
  }
  const title = flags['link-title']
  const description = flags['link-description']
  return {
    content: {
      ...(text !== undefined && { text }),
      ...(flags.link !== undefined && {
        link: {
          url: flags.link,
          ...(title !== undefined && { title }),
          ...(description !== undefined && { description }),
        },
      }),
      ...(flags.lang && { languages: flags.lang }),
      media,
    },
    targets,
  }
}

async function readMediaFile(path: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; fileName: string }> {
  try {
    return { bytes: new Uint8Array(await readFile(path)), fileName: basename(path) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw cliError(
      'invalid_request',
      `The file ${path} cannot be read${code}.`,
      'Check the path given as --media.',
      error,
    )
  }
}
