import { defineProvider } from '@postmcp/core'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'
import { identify, listTargets, verify } from './profile.js'
import { registerClient } from './register.js'
import { revoke } from './revoke.js'
import { locateServer } from './server.js'

/** Mastodon, and the servers that speak its API: each instance has its own accounts, its own OAuth and its own limits. */
export const mastodon = defineProvider({
  manifest,

  // Connect: instance -> its OAuth server -> our registration there -> consent -> who granted
  locateServer,
  registerClient,
  identify,
  listTargets,

  // Keep: most tokens have no end; the engine refreshes those that do
  verify,
  revoke,

  classifyError,
})
