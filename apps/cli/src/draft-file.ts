import { readFile } from 'node:fs/promises'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { cliError } from './errors.js'
import { readStdin } from './stdin.js'

/** Loaded only where a draft comes from a file. */

const strings = z.array(z.string())

const mediaForm = z.union([
  z.string().transform((file) => ({ file })),
  z.strictObject({ file: z.string(), alt: z.string().optional(), thumbnail: z.string().optional() }),
])

const contentFields = {
  text: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  tags: strings.optional(),
  link: z
    .union([
      z.string().transform((url) => ({ url })),
      z.strictObject({
        url: z.string(),
        title: z.string().optional(),
        description: z.string().optional(),
      }),
    ])
    .optional(),
  media: z.array(mediaForm).optional(),
  languages: strings.optional(),
  visibility: z.enum(['public', 'unlisted', 'followers', 'private']).optional(),
  replies: strings.optional(),
}

const accountForm = z.union([
  z.string().transform((account) => ({ account })),
  z.strictObject({
    ...contentFields,
    account: z.string(),
    options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  }),
])

const draftForm = z.strictObject({
  ...contentFields,
  accounts: z.array(accountForm).optional(),
  at: z.string().optional(),
  timeZone: z.string().optional(),
  graceSeconds: z.int().optional(),
  draft: z.boolean().optional(),
})

/** A post as a file describes it. */
export type DraftFile = z.infer<typeof draftForm>
/** What is published, by the names it has in a file. */
export type ContentDraft = Omit<DraftFile, 'accounts' | 'at' | 'timeZone' | 'graceSeconds' | 'draft'>
/** An account of a draft, with what only it gets. */
export type AccountDraft = ContentDraft & {
  account: string
  options?: Record<string, string | number | boolean> | undefined
}

const example =
  'Write it like this: {"text": "Hello", "accounts": ["@you.bsky.social"], "media": [{"file": "cat.jpg", "alt": "A cat"}]}'

/**
 * Reads a draft from a file of YAML or JSON, or from standard input for `-`.
 * @throws PostMcpApiError `invalid_request` that says what is wrong where
 */
export async function readDraftFile(path: string): Promise<DraftFile> {
  const name = path === '-' ? 'on standard input' : path
  const text = path === '-' ? await readStdin('--file') : await readText(path)
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    const where = error instanceof YAMLParseError ? ` ${error.message.split('\n', 1)[0]}` : ''
    throw cliError('invalid_request', `The draft ${name} is neither YAML nor JSON.${where}`, example, error)
  }
  const read = draftForm.safeParse(value)
  if (read.success) return read.data
  const problems = z.prettifyError(read.error).replaceAll(/\n\s*/g, ' ').replaceAll('✖ ', '')
  throw cliError('invalid_request', `The draft ${name} is not right: ${problems}`, example)
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    const message = `The file ${path} cannot be read${code}.`
    throw cliError('invalid_request', message, 'Check the path given as --file.', error)
  }
}
