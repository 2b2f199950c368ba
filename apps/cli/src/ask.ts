import { cliError } from './errors.js'

/** Whether there is a person to ask: at both ends of this process, and not waiting for JSON. */
export const canAsk = (isJson: boolean): boolean =>
  !isJson && process.stdin.isTTY === true && process.stderr.isTTY === true

/** Questions go to standard error, so that the result can be piped on. */
const context = { output: process.stderr }

/** Asks for a text; what is typed is shown. */
export async function askText(message: string): Promise<string> {
  const { input } = await import('@inquirer/prompts')
  return (await input({ message, required: true }, context)).trim()
}

/** Asks for a secret; what is typed is not shown. */
export async function askSecret(message: string): Promise<string> {
  const { password } = await import('@inquirer/prompts')
  return (await password({ message, toggleMask: false }, context)).trim()
}

/**
 * Makes sure that something that cannot be taken back is meant.
 * @throws PostMcpApiError `invalid_request` when nobody can be asked
 * @returns whether to go on
 */
export async function confirm(
  question: string,
  flags: { yes: boolean | undefined },
  isJson: boolean,
): Promise<boolean> {
  if (flags.yes) return true
  if (!canAsk(isJson)) {
    throw cliError('invalid_request', `${question} Nobody is here to say so.`, 'Add --yes if you are sure.')
  }
  const prompts = await import('@inquirer/prompts')
  return prompts.confirm({ message: question, default: false }, context)
}
