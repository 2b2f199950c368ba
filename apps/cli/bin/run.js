#!/usr/bin/env node
import { execute, settings } from '@oclif/core'

// What runs is what was built, whatever NODE_ENV says.
settings.enableAutoTranspile = false

await execute({ dir: import.meta.url })
