#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { keepCompiled } from './keep-compiled.js'

keepCompiled()
// Only now, so that it is kept as well.
const { execute, settings } = await import('@oclif/core')

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

// Not awaited: after `| head` oclif would wait for a reader that is gone, and Node would complain of it.
execute({ loadOptions: { root: fileURLToPath(import.meta.url), logger } })
