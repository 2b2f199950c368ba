import { Flags } from '@oclif/core'
import type { CredentialField, Platform } from '@postmcp/sdk'
import { askSecret, askText, canAsk } from './ask.js'
import { cliError } from './errors.js'
import { readStdin } from './stdin.js'

/**
 * The credential fields of all platforms, for the flags must be known before a platform is. What a platform asks for it says
 * itself when a command runs; a test compares this list with what the platforms declare.
 */
export const knownFields = [
  {
    name: 'identifier',
    platforms: ['bluesky'],
    secret: false,
    summary: 'Handle, DID or e-mail address (Bluesky).',
  },
  { name: 'appPassword', platforms: ['bluesky'], secret: true, summary: 'App password (Bluesky).' },
  {
    name: 'service',
    platforms: ['bluesky'],
    secret: false,
    summary: 'Address of the server of the account (Bluesky).',
  },
] as const

type Values = Record<string, string | boolean | undefined>

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** The variable that holds a field: `POSTMCP_BLUESKY_APP_PASSWORD`. */
const variableOf = (platform: string, field: string): string => `POSTMCP_${snake(platform)}_${snake(field)}`

/** The flags of all credential fields: `--app-password`, and `--app-password-stdin` because it is secret. */
export const credentialFlags = Object.fromEntries(
  knownFields.flatMap(({ name, secret, summary, platforms }) => {
    const flag = kebab(name)
    const variables = platforms.map((platform) => variableOf(platform, name)).join(', ')
    const own = Flags.string({ summary: `${summary} Or set ${variables}.`, helpGroup: 'CREDENTIAL' })
    if (!secret) return [[flag, own]]
    const stdin = Flags.boolean({
      summary: `Read it from standard input.`,
      helpGroup: 'CREDENTIAL',
      exclusive: [flag],
    })
    return [
      [flag, own],
      [`${flag}-stdin`, stdin],
    ]
  }),
)

/** Whether a secret was given as a flag, where the shell's history and the list of processes show it. */
export const secretsOnCommandLine = (flags: Values): string[] =>
  knownFields
    .filter(({ name, secret }) => secret && flags[kebab(name)] !== undefined)
    .map(({ name }) => `--${kebab(name)}`)

/**
 * Gathers the fields a platform asks for: from flags, standard input, variables, and at last by asking.
 * @param options.isRemembered whether what is not secret is known already: it is then only taken from a flag
 * @throws PostMcpApiError `invalid_request` that names the flag and variable of what is missing
 */
export async function readCredentials(
  platform: Platform,
  flags: Values,
  options: { env: NodeJS.ProcessEnv; isJson: boolean; isRemembered: boolean },
): Promise<Record<string, string>> {
  const { env, isJson, isRemembered } = options
  const fields: Record<string, string> = {}
  for (const { name } of knownFields) {
    const flag = kebab(name)
    const given = flags[`${flag}-stdin`] === true ? await readStdin(`--${flag}`) : flags[flag]
    // A flag that the platform does not know is sent as well, so that it is refused and not overlooked.
    if (typeof given === 'string') fields[name] = given
  }
  const missing: CredentialField[] = []
  for (const field of platform.connect.credentials?.fields ?? []) {
    if (fields[field.name] !== undefined || (isRemembered && !field.secret)) continue
    const inVariable = env[variableOf(platform.id, field.name)]?.trim()
    if (inVariable) fields[field.name] = inVariable
    else if (field.required) missing.push(field)
  }
  if (missing.length === 0) return fields
  if (!canAsk(isJson)) throw missingFields(platform, missing)
  process.stderr.write(
    `${platform.connect.credentials?.instructions}\n${platform.connect.credentials?.helpUrl}\n`,
  )
  for (const field of missing) {
    const question = field.example ? `${field.label} (such as ${field.example}):` : `${field.label}:`
    fields[field.name] = await (field.secret ? askSecret(question) : askText(question))
  }
  return fields
}

function missingFields(platform: Platform, missing: CredentialField[]) {
  const ways = missing.map(({ name, secret }) => {
    const flag = kebab(name)
    return `${secret ? `--${flag}-stdin or --${flag}` : `--${flag}`} (or ${variableOf(platform.id, name)})`
  })
  return cliError(
    'invalid_request',
    `${platform.name} needs: ${missing.map(({ label }) => label.toLowerCase()).join(', ')}.`,
    `Give ${ways.join(', and ')}.`,
  )
}
