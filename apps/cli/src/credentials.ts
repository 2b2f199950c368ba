import { Flags } from '@oclif/core'
import type { CredentialField, Platform } from '@postmcp/sdk'
import { askSecret, askText, canAsk } from './ask.js'
import { cliError } from './errors.js'
import { plain } from './output.js'
import { readStdin } from './stdin.js'

/**
 * The fields of all platforms and of all ways to connect, for the flags must be known before a platform is. What a platform asks
 * for it says itself when a command runs; a test compares this list with what the platforms declare.
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
  {
    name: 'instance',
    platforms: ['mastodon'],
    secret: false,
    summary: 'Address of the server of the account (Mastodon).',
  },
  { name: 'botToken', platforms: ['telegram'], secret: true, summary: 'Token of the bot (Telegram).' },
  {
    name: 'chat',
    platforms: ['telegram'],
    secret: false,
    summary: 'Channel or group to publish to (Telegram).',
  },
] as const

/** Flags as they were given. */
export type Values = Record<string, unknown>
/** A way to connect. */
export type Method = 'oauth2' | 'credentials'

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** The variable that holds a field: `POSTMCP_BLUESKY_APP_PASSWORD`. */
export const variableOf = (platform: string, field: string): string =>
  `POSTMCP_${snake(platform)}_${snake(field)}`

/**
 * The flags of all credential fields: `--app-password`, and `--app-password-stdin` because it is secret. They are looked up by name,
 * so that their type says nothing of them: commands keep the types of their other flags.
 */
export const credentialFlags: object = Object.fromEntries(
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

/** The names of the fields that were given as flags. */
export const fieldsInFlags = (flags: Values): string[] =>
  knownFields
    .filter(({ name }) => flags[kebab(name)] !== undefined || flags[`${kebab(name)}-stdin`] === true)
    .map(({ name }) => name)

/** Where fields are taken from that no flag gives. */
export interface Sources {
  env: NodeJS.ProcessEnv
  isJson: boolean
}

/**
 * Gathers the fields a platform asks for on one way of connecting: from flags, standard input, variables, and at last by asking.
 * @param method undefined: the way is not known yet, and only flags are read
 * @param options.isRemembered whether what is not secret is known already: it is then only taken from a flag
 * @throws PostMcpApiError `invalid_request` that names the flag and variable of what is missing
 */
export async function readCredentials(
  platform: Platform,
  method: Method | undefined,
  flags: Values,
  options: Sources & { isRemembered: boolean },
): Promise<Record<string, string>> {
  const given = await readFlags(flags)
  const { ways } = platform.connect
  const chosen = method === 'oauth2' ? ways.find(({ id }) => id === flags.way) : undefined
  const way = chosen ?? (method && platform.connect[method])
  if (!way) return given
  const asked = way.fields.filter(
    ({ name, secret }) => given[name] === undefined && (secret || !options.isRemembered),
  )
  return { ...given, ...(await readFields(platform, { ...way, fields: asked }, options)) }
}

/** The fields that were given as flags, or by standard input because a flag says so. */
export async function readFlags(flags: Values): Promise<Record<string, string>> {
  const fields: Record<string, string> = {}
  for (const { name } of knownFields) {
    const flag = kebab(name)
    const given = flags[`${flag}-stdin`] === true ? await readStdin(`--${flag}`) : flags[flag]
    // A flag that the platform does not know is sent as well, so that it is refused and not overlooked.
    if (typeof given === 'string') fields[name] = given
  }
  return fields
}

/**
 * Takes fields from variables, and asks for those that are needed and not there.
 * @throws PostMcpApiError `invalid_request` that names the flag and variable of what is missing
 */
export async function readFields(
  platform: Pick<Platform, 'id' | 'name'>,
  {
    fields: asked,
    instructions,
    helpUrl,
  }: { fields: CredentialField[]; instructions: string; helpUrl: string },
  { env, isJson }: Sources,
): Promise<Record<string, string>> {
  const fields: Record<string, string> = {}
  const missing: CredentialField[] = []
  for (const field of asked) {
    const inVariable = env[variableOf(platform.id, field.name)]?.trim()
    if (inVariable) fields[field.name] = inVariable
    else if (field.required) missing.push(field)
  }
  if (missing.length === 0) return fields
  if (!canAsk(isJson)) throw missingFields(platform, missing)
  process.stderr.write(`${plain(instructions)}\n${plain(helpUrl)}\n`)
  for (const field of missing) {
    const question = field.example ? `${field.label} (such as ${field.example}):` : `${field.label}:`
    fields[field.name] = await (field.secret ? askSecret(question) : askText(question))
  }
  return fields
}

function missingFields(platform: Pick<Platform, 'id' | 'name'>, missing: CredentialField[]) {
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
