import type { Account, PostMcp } from '@postmcp/sdk'
import { cliError } from './errors.js'

/**
 * The id of the account a user names: by its id, or by its handle where only one has it.
 * @throws PostMcpApiError `not_found`; `invalid_request` that lists the candidates
 */
export async function findAccountId(api: PostMcp, name: string): Promise<string> {
  if (name.startsWith('acct_')) return name
  const handle = name.replace(/^@/, '').toLowerCase()
  const found: Account[] = []
  for await (const account of await api.accounts.list({ limit: 100 })) {
    if (account.handle.toLowerCase() === handle) found.push(account)
  }
  const [only, ...others] = found
  if (only === undefined) {
    throw cliError(
      'not_found',
      `There is no account "${name}".`,
      'Run `postmcp accounts list` for the accounts there are.',
    )
  }
  if (others.length === 0) return only.id
  const candidates = found.map(({ id, platform, status }) => `${id} (${platform}, ${status})`).join(', ')
  throw cliError(
    'invalid_request',
    `Several accounts are called "${name}": ${candidates}.`,
    'Name the account by its id.',
  )
}
