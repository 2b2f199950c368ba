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

/** Lets choose any number of things. @returns the values of those that were ticked */
export async function askWhich(
  message: string,
  choices: { value: string; name: string }[],
): Promise<string[]> {
  const { checkbox } = await import('@inquirer/prompts')
  return checkbox({ message, choices, pageSize: 15 }, context)
}

/** Asks a question that Enter says yes to. */
export async function askYesNo(message: string): Promise<boolean> {
  const prompts = await import('@inquirer/prompts')
  return prompts.confirm({ message, default: true }, context)
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
