import type { Hook } from '@oclif/core'
import { closest } from 'fastest-levenshtein'
import { cliError, exitCodeOf } from '../errors.js'
import { renderError } from '../render/error.js'

/** Suggests the command that was probably meant. */
const hook: Hook.CommandNotFound = async ({ id, argv, config }) => {
  const words = (commandId: string) => commandId.replaceAll(':', ' ')
  const known = config.commands.filter(({ hidden }) => !hidden).map((command) => words(command.id))
  const meant = closest(words(id), known)
  const error = cliError(
    'invalid_request',
    `There is no command "${words(id)}". Did you mean "${meant}"?`,
    'Run `postmcp help` for the commands there are.',
  )
  process.exitCode = exitCodeOf(error.code)
  if (argv?.includes('--json')) process.stdout.write(`${JSON.stringify(error, null, 2)}\n`)
  else process.stderr.write(renderError(error))
}

export default hook
