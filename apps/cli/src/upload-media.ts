import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { PostMcp } from '@postmcp/sdk'
import { cliError } from './errors.js'
import { plain } from './output.js'
import { renderBar } from './render/progress.js'

/** Where it is shown how far an upload has got. */
export type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'write'>

const isAddress = (file: string): boolean => /^https?:\/\//i.test(file)

/**
 * Uploads files, and has the server fetch those that are named by their address.
 * @param files paths and https addresses
 * @returns their ids, in order
 * @throws PostMcpApiError `invalid_request` for a file that cannot be read; those of the upload
 */
export async function uploadMedia(
  api: PostMcp,
  files: readonly string[],
  terminal: Terminal = process.stderr,
): Promise<string[]> {
  // All are looked at before the first is sent, so that a slip of the pen leaves nothing behind.
  await Promise.all(files.filter((file) => !isAddress(file)).map(requireFile))
  const ids = []
  for (const file of files) {
    const { id } = isAddress(file)
      ? await shown(terminal, `Fetching ${hostOf(file)} …`, () => api.media.fetch(file))
      : await uploadFile(api, file, terminal)
    ids.push(id)
  }
  return ids
}

async function uploadFile(api: PostMcp, path: string, terminal: Terminal) {
  const line = (sentBytes: number, totalBytes: number) =>
    `${plain(basename(path))}  ${renderBar(totalBytes === 0 ? 1 : sentBytes / totalBytes, totalBytes)}`
  let last = ''
  return shown(terminal, '', () =>
    api.media.upload(
      { path },
      {
        ...(terminal.isTTY && {
          onProgress: ({ sentBytes, totalBytes }) => {
            const now = line(sentBytes, totalBytes ?? sentBytes)
            if (now !== last) terminal.write(`\r\u001b[2K${now}`)
            last = now
          },
        }),
      },
    ),
  )
}

/** Shows a line on a terminal for as long as something takes. */
async function shown<T>(terminal: Terminal, text: string, work: () => Promise<T>): Promise<T> {
  if (!terminal.isTTY) return work()
  terminal.write(text)
  try {
    return await work()
  } finally {
    terminal.write('\r\u001b[2K')
  }
}

/** What it is called in words; the rest of an address may be a secret. */
const hostOf = (address: string): string => plain(URL.parse(address)?.host ?? 'the file')

async function requireFile(path: string): Promise<void> {
  const problem = await stat(path).then(
    (found) => (found.isFile() ? null : 'it is no file'),
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown'),
  )
  if (problem === null) return
  throw cliError(
    'invalid_request',
    `The file ${path} cannot be read (${problem}).`,
    'Check the path given as --media; an address begins with https://.',
  )
}
