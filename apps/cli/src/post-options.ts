import type { Account, Platform, PostMcp } from '@postmcp/sdk'
import { cliError } from './errors.js'

type Options = Record<string, string | number | boolean>

/**
 * What `--option NAME=VALUE` means for each account: an option goes to those whose platform has it.
 * @param accountIds of the draft
 * @throws PostMcpApiError `invalid_request` for one that no platform has, or a value of the wrong type
 */
export async function readOptions(
  api: PostMcp,
  given: readonly string[],
  accountIds: readonly string[],
): Promise<Map<string, Options>> {
  const found = new Map<string, Options>()
  if (given.length === 0) return found
  const accounts = await Promise.all(accountIds.map((id) => api.accounts.get(id)))
  const platforms: Platform[] = []
  for await (const platform of await api.platforms.list()) platforms.push(platform)
  for (const option of given) {
    const [, name, text] = /^([a-zA-Z0-9]+)=(.*)$/s.exec(option) ?? []
    if (name === undefined || text === undefined) {
      throw cliError('invalid_request', `"${option}" is no option.`, 'Write it as --option NAME=VALUE.')
    }
    const takers = accounts.flatMap((account) => {
      const declared = declaredBy(platforms, account, name)
      return declared ? [{ id: account.id, declared }] : []
    })
    if (takers.length === 0) {
      const message = `None of the accounts has an option ${name}.`
      throw cliError('invalid_request', message, 'Run `postmcp platforms show PLATFORM` for what there is.')
    }
    for (const { id, declared } of takers) {
      found.set(id, { ...found.get(id), [name]: optionValue(declared, text) })
    }
  }
  return found
}

type Declared = Platform['options'][number]

const declaredBy = (platforms: Platform[], { platform }: Account, name: string): Declared | undefined =>
  platforms.find(({ id }) => id === platform)?.options.find((option) => option.name === name)

function optionValue({ name, type }: Declared, text: string): string | number | boolean {
  if (type === 'string') return text
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  const allowed = type === 'boolean' ? 'true or false' : 'a whole number'
  throw cliError('invalid_request', `Option ${name} takes ${allowed}, not "${text}".`, 'Correct the value.')
}
