import type { Logger } from '@postmcp/core'
import { pino } from 'pino'

/** Names under which secrets travel; whatever is logged under one of them is left out. */
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'appPassword',
  'accessToken',
  'refreshToken',
  'accessJwt',
  'refreshJwt',
  'clientSecret',
  'secret',
  'secrets',
  'tokens',
  'fields',
  'connectionString',
  'databaseUrl',
  'keyRing',
  'key',
]

/** JSON lines on standard error. Never handed a secret on purpose; the redaction is the second net. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
    },
    pino.destination({ fd: 2, sync: true }),
  )
}
