import { type BadDay, FAULTS } from './bad-days.js'
import type { PlatformHandle } from './platform-handle.js'

/** What was asked of the sandbox makes no sense. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
}

/** What can be done to a platform from outside, by name; the pages and the JSON API offer the same. Each throws `AdminError`. */
export const adminActions: Record<
  string,
  (handle: PlatformHandle, input: Readonly<Record<string, unknown>>) => void
> = {
  'bad-day': (handle, input) => handle.badDays.set(readBadDay(input)),
  heal: (handle) => handle.badDays.heal(),
  revoke: (handle, input) => handle.removeAccess(readPerson(handle, input)),
  'want-deletion'(handle, input) {
    if (!handle.platform.callbacks?.onDeletionWanted)
      throw new AdminError(`${handle.name} tells applications nothing of that.`)
    handle.wantDeletion(readPerson(handle, input))
  },
  'expire-tokens': (handle, input) =>
    handle.tokens.expireAccessTokens(input.personId === undefined ? undefined : readPerson(handle, input)),
  'drop-scopes': (handle, input) => handle.tokens.dropScopes(readPerson(handle, input), readScopes(input)),
  'drop-resource': (handle, input) =>
    handle.tokens.dropResource(readPerson(handle, input), readText(input, 'resourceId')),
  'set-condition'(handle, input) {
    const condition = readText(input, 'condition')
    if (!['active', ...(handle.platform.conditions ?? [])].includes(condition))
      throw new AdminError(`${handle.name} knows no condition "${condition}".`)
    handle.world.setCondition(readPerson(handle, input), condition)
  },
}

function readText(input: Readonly<Record<string, unknown>>, name: string): string {
  const value = input[name]
  if (typeof value !== 'string' || value === '') throw new AdminError(`"${name}" must be a text.`)
  return value
}

function readPerson(handle: PlatformHandle, input: Readonly<Record<string, unknown>>): string {
  const personId = readText(input, 'personId')
  if (!handle.world.person(personId)) throw new AdminError(`Nobody at ${handle.name} has the id ${personId}.`)
  return personId
}

/** A list, or a text with spaces between. */
function readScopes({ scopes }: Readonly<Record<string, unknown>>): string[] {
  if (Array.isArray(scopes)) return scopes.map(String)
  if (typeof scopes === 'string') return scopes.split(/\s+/).filter(Boolean)
  throw new AdminError('"scopes" must be a list, or a text with spaces between.')
}

function readNumber(input: Readonly<Record<string, unknown>>, name: string, max: number): number | undefined {
  const value = input[name]
  if (value === undefined || value === '') return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > max)
    throw new AdminError(`"${name}" must be a whole number from 1 to ${max}.`)
  return number
}

function readBadDay(input: Readonly<Record<string, unknown>>): BadDay {
  const fault = FAULTS.find((one) => one === input.fault)
  if (!fault) throw new AdminError(`"fault" must be one of ${FAULTS.join(', ')}.`)
  const times = readNumber(input, 'times', 1_000_000)
  const after = readNumber(input, 'after', 1_000_000)
  const filter = {
    ...(times !== undefined && { times }),
    ...(after !== undefined && { after }),
    ...(typeof input.path === 'string' && input.path !== '' && { path: input.path }),
    ...(typeof input.method === 'string' && input.method !== '' && { method: input.method }),
  }
  const seconds = readNumber(input, 'seconds', 86_400)
  switch (fault) {
    case 'rate_limited':
      return { fault, ...(seconds !== undefined && { seconds }), ...filter }
    case 'slow':
      return { fault, milliseconds: readNumber(input, 'milliseconds', 600_000) ?? 5000, ...filter }
    case 'slow_media':
      return { fault, seconds: seconds ?? 30, ...filter }
    default:
      return { fault, ...filter }
  }
}
