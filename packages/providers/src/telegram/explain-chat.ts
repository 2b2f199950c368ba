import { PlatformError, PostMcpError } from '@postmcp/core'
import { classifyError } from './errors.js'

/** Words that help, for a chat the bot cannot see. */
export function explainChat(error: unknown, named: string): unknown {
  if (!(error instanceof PlatformError)) return error
  const classification = classifyError(error, 'verify')
  if (classification.kind !== 'account_unusable') return error
  const details = { platform: 'telegram', platformCode: error.platformCode ?? String(error.status) }
  if (classification.reason === 'account_not_found') {
    return new PostMcpError('identity_not_found', `Telegram shows this bot no channel or group ${named}.`, {
      ...details,
      nextAction: 'Check the spelling, and add the bot to the channel or group first if it is a private one.',
    })
  }
  if (classification.reason !== 'target_not_granted') return error
  return new PostMcpError('missing_permission', `The bot is not in ${named}: ${error.message}.`, {
    ...details,
    nextAction: 'Add the bot to the channel as an administrator, or to the group, then connect again.',
  })
}
