import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  type AppClient,
  applicationId,
  defaultMediaLimits,
  defaultPlans,
  defaultTimings,
  type Environment,
  type Manifest,
  type MediaLimits,
  type Plans,
  PostMcpError,
  type ProviderRegistry,
  type S3Settings,
  type Timings,
  variableOf,
} from '@postmcp/core'
import { z } from 'zod'
import { isLoopback } from './sandbox/loopback.js'

/** Everything the environment can set; `.env.example` explains each to users. */
export interface Settings {
  dataDir: string
  /** Null: the embedded database. A secret, for it may hold a password. */
  databaseUrl: string | null
  /** The key ring itself. A secret. */
  keyRing: string | null
  host: string
  port: number
  /** Where others reach us; without a trailing slash. */
  publicUrl: string
  logLevel: LogLevel
  /** Origins that may be called although they are not public https. */
  allowedOrigins: string[]
  /** Base addresses by platform and endpoint name. */
  endpoints: Environment['endpoints']
  /** The operator's applications by platform. Secrets. */
  clients: Environment['clients']
  plans: Plans
  /** The plan of a workspace that is made here. */
  plan: string
  /** Port of the sandbox beside the API; null: there is none. */
  sandboxPort: number | null
  /** Addresses a platform may send a browser back to; the first is the default. */
  redirectUris: string[]
  timings: Timings
  mediaLimits: MediaLimits
  /** The bucket that media are kept in; null: the data directory. Holds secrets. */
  mediaBucket: S3Settings | null
  /** Where this machine reaches us; without a trailing slash. */
  localUrl: string
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
type LogLevel = (typeof logLevels)[number]

const origin = z.url({ protocol: /^https?$/ }).transform((text, context) => {
  const url = new URL(text)
  if (url.pathname !== '/' || url.search !== '')
    context.addIssue('must be an origin such as http://127.0.0.1:2583')
  return url.origin
})

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** `creator:15,pro:unlimited` */
const planList = z.string().transform(
  (text, context): Plans =>
    Object.fromEntries(
      text.split(',').map((part) => {
        const [, name = '', limit = ''] = /^\s*([\w-]+)\s*:\s*(\d+|unlimited)\s*$/.exec(part) ?? []
        if (name === '') context.addIssue('must be a list such as creator:15,pro:unlimited')
        return [name, limit === 'unlimited' ? null : Number(limit)]
      }),
    ),
)

/** Reads one variable. @throws PostMcpError `config_invalid` that names the variable and never its value */
function read<T>(env: NodeJS.ProcessEnv, name: string, schema: z.ZodType<T>): T {
  const value = env[name]?.trim()
  const parsed = schema.safeParse(value === '' ? undefined : value)
  if (parsed.success) return parsed.data
  const why = parsed.error.issues.map((issue) => issue.message).join('; ')
  throw new PostMcpError('config_invalid', `${name} is not valid: ${why}.`)
}

/**
 * The operator's application at a platform; null where nothing of it is set. A secret that is being changed is valid twice:
 * `…_CLIENT_SECRET` is the new one, `…_CLIENT_SECRET_PREVIOUS` the old one.
 * @throws PostMcpError `config_invalid` when a part is missing
 */
function readClient(env: NodeJS.ProcessEnv, manifest: Manifest): AppClient | null {
  const { name, app } = manifest
  const id = applicationId(manifest)
  const text = z.string().optional()
  const optionalScopes = read(env, variableOf(id, 'optionalScopes'), list.default([]))
  const given = (app?.fields ?? []).flatMap((field) => {
    const value = read(env, variableOf(id, field.name), text)
    return value === undefined ? [] : [[field.name, value] as const]
  })
  if (!app || given.length === 0) return null
  const { clientId = '', clientSecret, ...values } = Object.fromEntries(given) as Record<string, string>
  const missing = app.fields.filter(
    (field) => field.required && !given.some(([present]) => present === field.name),
  )
  if (missing.length > 0) {
    const names = missing.map((field) => variableOf(id, field.name)).join(', ')
    throw new PostMcpError('config_invalid', `The application at ${name} is incomplete: ${names} not set.`)
  }
  const previous = read(env, `${variableOf(id, 'clientSecret')}_PREVIOUS`, text)
  const secrets = [clientSecret, previous].filter((secret) => secret !== undefined)
  return { id: clientId, secrets, optionalScopes, values }
}

/** @throws PostMcpError `config_invalid` when a part is missing */
function readBucket(env: NodeJS.ProcessEnv): S3Settings | null {
  const of = <T>(name: string, schema: z.ZodType<T>): T => read(env, `POSTMCP_MEDIA_S3_${name}`, schema)
  const text = z.string().optional()
  const bucket = of('BUCKET', text)
  if (bucket === undefined) return null
  const endpoint = of('ENDPOINT', z.url({ protocol: /^https?$/ }).optional()) ?? null
  const accessKeyId = of('ACCESS_KEY_ID', text)
  const secretAccessKey = of('SECRET_ACCESS_KEY', text)
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new PostMcpError(
      'config_invalid',
      'POSTMCP_MEDIA_S3_ACCESS_KEY_ID and POSTMCP_MEDIA_S3_SECRET_ACCESS_KEY belong together; one of them is not set.',
    )
  }
  const prefix = of(
    'PREFIX',
    z
      .string()
      .regex(/^[\w.-]+(\/[\w.-]+)*\/?$/, 'must be a path such as postmcp/media')
      .optional(),
  )
  const pathStyle = of('PATH_STYLE', z.enum(['on', 'off']).default(endpoint === null ? 'off' : 'on'))
  return {
    bucket,
    endpoint,
    region: of('REGION', z.string().default('us-east-1')),
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined ? null : { accessKeyId, secretAccessKey },
    prefix: prefix === undefined ? '' : prefix.replace(/\/?$/, '/'),
    forcePathStyle: pathStyle === 'on',
  }
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** An address of this machine under which somebody who listens on `host` is found. */
export const localUrlOf = (host: string, port: number): string => {
  const anywhere: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  return `http://${hostInUrl(anywhere[host] ?? host)}:${port}`
}

/** The only reader of the environment. @throws PostMcpError `config_invalid` */
export function readSettings(env: NodeJS.ProcessEnv, providers: ProviderRegistry): Settings {
  const dataDir = resolve(read(env, 'POSTMCP_DATA_DIR', z.string().default(join(homedir(), '.postmcp'))))
  const host = read(env, 'POSTMCP_HOST', z.string().default('127.0.0.1'))
  const port = read(env, 'POSTMCP_PORT', z.coerce.number().int().min(0).max(65535).default(4477))
  const url = z.url({ protocol: /^https?$/ })
  const publicUrl = read(env, 'POSTMCP_PUBLIC_URL', url.default(`http://${hostInUrl(host)}:${port}`))
  const databaseUrl = read(env, 'DATABASE_URL', z.url({ protocol: /^postgres(ql)?$/ }).optional()) ?? null

  const endpoints: Settings['endpoints'] = {}
  const clients: Settings['clients'] = {}
  for (const { manifest } of providers.list()) {
    for (const name of Object.keys(manifest.endpoints)) {
      const value = read(env, `POSTMCP_${manifest.id.toUpperCase()}_${snakeCase(name)}_URL`, url.optional())
      if (value) endpoints[manifest.id] = { ...endpoints[manifest.id], [name]: value }
    }
  }
  for (const { manifest } of providers.listWays()) {
    const client = readClient(env, manifest)
    if (client) clients[applicationId(manifest)] = client
  }
  const timings = { ...defaultTimings }
  for (const name of Object.keys(timings) as (keyof Timings)[]) {
    timings[name] = read(
      env,
      `POSTMCP_${snakeCase(name)}_SECONDS`,
      z.coerce.number().positive().default(timings[name]),
    )
  }
  // Whoever sets a base address trusts it.
  const ownOrigins = Object.values(endpoints).flatMap((own) =>
    Object.values(own).map((endpoint) => new URL(endpoint).origin),
  )
  const plans = read(env, 'POSTMCP_PLANS', planList.default(defaultPlans))
  const plan = read(env, 'POSTMCP_PLAN', z.string().default('pro'))
  if (!Object.hasOwn(plans, plan)) {
    throw new PostMcpError(
      'config_invalid',
      `POSTMCP_PLAN is not valid: ${Object.keys(plans).join(', ')} are declared.`,
    )
  }
  const base = publicUrl.replace(/\/+$/, '')
  return {
    dataDir,
    databaseUrl,
    keyRing: read(env, 'POSTMCP_KEYRING', z.string().optional()) ?? null,
    host,
    port,
    publicUrl: base,
    plans,
    plan,
    sandboxPort:
      read(env, 'POSTMCP_SANDBOX', z.enum(['on', 'off']).default(isLoopback(base) ? 'on' : 'off')) === 'on'
        ? read(env, 'POSTMCP_SANDBOX_PORT', z.coerce.number().int().min(0).max(65000).default(4478))
        : null,
    redirectUris: [
      `${base}/accounts/oauth/callback`,
      ...read(env, 'POSTMCP_REDIRECT_URIS', list.pipe(z.array(url)).default([])),
    ],
    logLevel: read(env, 'POSTMCP_LOG_LEVEL', z.enum(logLevels).default('info')),
    allowedOrigins: [
      ...read(env, 'POSTMCP_ALLOW_ORIGINS', list.pipe(z.array(origin)).default([])),
      ...ownOrigins,
    ],
    endpoints,
    clients,
    timings,
    mediaLimits: {
      maxBytes: read(
        env,
        'POSTMCP_MAX_MEDIA_BYTES',
        z.coerce.number().int().positive().default(defaultMediaLimits.maxBytes),
      ),
      keepDays: read(
        env,
        'POSTMCP_MEDIA_DAYS',
        z.coerce.number().positive().default(defaultMediaLimits.keepDays),
      ),
    },
    mediaBucket: readBucket(env),
    localUrl: localUrlOf(host, port),
  }
}
