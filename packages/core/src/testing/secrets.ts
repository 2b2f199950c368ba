import { inspect } from 'node:util'

/** The forms in which a secret may hide. */
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
]

/** All that somebody could read in a value: an error with message, stack, own fields and causes, a log line, an object. */
function readAll(value: unknown): string {
  const shown = inspect(value, { depth: 12, maxArrayLength: null, maxStringLength: null, showHidden: true })
  return typeof value === 'string' ? value : `${shown}\n${JSON.stringify(value)}`
}

/** Which of the secrets, by name, can be read in a value. */
export function secretsIn(value: unknown, secrets: ReadonlyMap<string, string>): string[] {
  const text = readAll(value)
  return [...secrets].flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  )
}
