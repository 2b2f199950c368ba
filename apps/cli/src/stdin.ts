import { cliError } from './errors.js'

let isTaken = false

/** Everything on standard input, without the line break at its end. @param what it is, for an error when two things want it */
export async function readStdin(what: string): Promise<string> {
  if (isTaken) {
    throw cliError(
      'invalid_request',
      `Standard input was read already and cannot be ${what} too.`,
      'Give one of the two another way.',
    )
  }
  isTaken = true
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}
