import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { defaultTimings, PostMcpError, type ProviderRegistry, type Timings } from '@postmcp/core'
import { z } from 'zod'

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
  endpointOverrides: Record<string, Record<string, string>>
  timings: Timings
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
type LogLevel = (typeof logLevels)[number]

const origin = z.url({ protocol: /^https?$/ }).transform((text, context) => {
  const url = new URL(text)
  if (url.pathname !== '/' || url.search !== '')
    context.addIssue('must be an origin such as http://127.0.0.1:2583')
  return url.origin
})

const origins = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** Reads one variable. @throws PostMcpError `config_invalid` that names the variable and never its value */
function read<T>(env: NodeJS.ProcessEnv, name: string, schema: z.ZodType<T>): T {
  const value = env[name]?.trim()
  const parsed = schema.safeParse(value === '' ? undefined : value)
  if (parsed.success) return parsed.data
  const why = parsed.error.issues.map((issue) => issue.message).join('; ')
  throw new PostMcpError('config_invalid', `${name} is not valid: ${why}.`)
}

/** The only reader of the environment. @throws PostMcpError `config_invalid` */
export function readSettings(env: NodeJS.ProcessEnv, providers: ProviderRegistry): Settings {
  const dataDir = resolve(read(env, 'POSTMCP_DATA_DIR', z.string().default(join(homedir(), '.postmcp'))))
  const host = read(env, 'POSTMCP_HOST', z.string().default('127.0.0.1'))
  const port = read(env, 'POSTMCP_PORT', z.coerce.number().int().min(0).max(65535).default(4477))
  const url = z.url({ protocol: /^https?$/ })
  const publicUrl = read(
    env,
    'POSTMCP_PUBLIC_URL',
    url.default(`http://${host.includes(':') ? `[${host}]` : host}:${port}`),
  )
  const databaseUrl = read(env, 'DATABASE_URL', z.url({ protocol: /^postgres(ql)?$/ }).optional()) ?? null

  const endpointOverrides: Settings['endpointOverrides'] = {}
  for (const { manifest } of providers.list()) {
    for (const name of Object.keys(manifest.endpoints)) {
      const value = read(env, `POSTMCP_${manifest.id.toUpperCase()}_${snakeCase(name)}_URL`, url.optional())
      if (value) endpointOverrides[manifest.id] = { ...endpointOverrides[manifest.id], [name]: value }
    }
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
  const ownOrigins = Object.values(endpointOverrides).flatMap((endpoints) =>
    Object.values(endpoints).map((endpoint) => new URL(endpoint).origin),
  )
  return {
    dataDir,
    databaseUrl,
    keyRing: read(env, 'POSTMCP_KEYRING', z.string().optional()) ?? null,
    host,
    port,
    publicUrl: publicUrl.replace(/\/+$/, ''),
    logLevel: read(env, 'POSTMCP_LOG_LEVEL', z.enum(logLevels).default('info')),
    allowedOrigins: [
      ...read(env, 'POSTMCP_ALLOW_ORIGINS', origins.pipe(z.array(origin)).default([])),
      ...ownOrigins,
    ],
    endpointOverrides,
    timings,
  }
}
