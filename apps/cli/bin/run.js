#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { execute, settings } from '@oclif/core'

// What runs is what was built, whatever NODE_ENV says.
settings.enableAutoTranspile = false

// oclif's debug log repeats all arguments, a password among them: it has none here.
const silent = () => {}
const logger = {
  namespace: 'postmcp',
  child: () => logger,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
}

await execute({ loadOptions: { root: fileURLToPath(import.meta.url), logger } })
