import type { Account, Health } from '../model/account.js'
import type { Manifest } from '../provider/manifest.js'

/** What a person should do next about an account. */
export interface NextAction {
  kind: 'none' | 'reconnect' | 'settle_with_platform' | 'connect_again'
  /** In words. */
  message: string
  /** The command that does it, where there is one. */
  command: string | null
  /** A page that helps. */
  url: string | null
}

/** The next action for an account in this health. */
export function nextActionFor(
  account: Pick<Account, 'id' | 'platform'>,
  health: Health,
  manifest: Manifest,
): NextAction {
  const reconnect = (message: string): NextAction => ({
    kind: 'reconnect',
    message,
    command: `postmcp accounts reconnect --account ${account.id}`,
    url: manifest.links.createCredential,
  })
  const settle = (message: string): NextAction => ({
    kind: 'settle_with_platform',
    message,
    command: `postmcp accounts status --account ${account.id}`,
    url: null,
  })
  switch (health.status) {
    case 'active':
      return { kind: 'none', message: 'Nothing to do.', command: null, url: null }
    case 'disconnected':
      return {
        kind: 'connect_again',
        message: 'You disconnected this account; connect it again to publish to it.',
        command: `postmcp accounts connect --platform ${account.platform}`,
        url: null,
      }
    case 'missing_permission':
      return reconnect(
        health.missingScopes.length > 0
          ? `Reconnect and grant what is missing: ${health.missingScopes.join(', ')}.`
          : 'Reconnect and grant the permissions asked for.',
      )
    case 'verification_failed':
      switch (health.reason) {
        case 'account_deactivated':
          return settle(
            `The account is deactivated at ${manifest.name}. Activate it there, then check again.`,
          )
        case 'account_taken_down':
        case 'account_suspended':
          return settle(`${manifest.name} has suspended the account. Settle that there, then check again.`)
        case 'account_not_found':
          return settle(`${manifest.name} does not know the account any more. If it moved, reconnect it.`)
        case 'credential_unreadable':
          return reconnect('The stored credential cannot be opened. Reconnect the account.')
        default:
          return reconnect('The account could not be verified. Reconnect it.')
      }
    case 'expired':
    case 'revoked':
    case 'needs_reauth':
      return reconnect(
        {
          token_revoked: `${manifest.name} says that access was taken away. Reconnect with a new credential.`,
          token_expired: 'The authorization has run out. Reconnect.',
          refresh_replayed: `${manifest.name} ended the session after a token was used twice. Reconnect.`,
          refresh_outcome_lost: 'The answer that held the new tokens was lost on the way. Reconnect.',
        }[health.reason as string] ?? 'Reconnect the account.',
      )
  }
}
