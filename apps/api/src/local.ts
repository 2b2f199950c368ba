import { authenticateApiKey, isId, publishGroupHere } from '@postmcp/core'
import { createApp } from './app.js'
import { openInstallation } from './installation.js'

/** The API inside this process, without a server. */
export interface LocalApi {
  /** Answers like a server; the caller is the owner of this machine's workspace and needs no key. */
  fetch(request: Request): Promise<Response>
  /**
   * Publishes one post group in this process until its posts are final or the time is over; a worker does it where one runs.
   * What is not final stays queued.
   */
  publish(postGroupId: string, until: Date, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the installation for a short-lived process such as the CLI. Who acts is the owner of this machine, or whoever the key in
 * POSTMCP_API_KEY belongs to: somebody who set one means its workspace.
 * @throws PostMcpError `unauthorized` for a key of no workspace here, and those of `openInstallation`
 */
export async function openLocalApi(
  env: NodeJS.ProcessEnv,
  options: { logLevel?: string } = {},
): Promise<LocalApi> {
  const { core, owner, close } = await openInstallation(env, options)
  const apiKey = env.POSTMCP_API_KEY?.trim()
  let principal = owner
  try {
    if (apiKey) principal = await authenticateApiKey(core, apiKey)
  } catch (error) {
    await close()
    throw error
  }
  const app = createApp(core)
  return {
    fetch: async (request) => app.fetch(request, { localPrincipal: principal }),
    async publish(postGroupId, until, signal) {
      if (!isId('postGroup', postGroupId)) return
      await publishGroupHere(core, principal, postGroupId, until, signal)
    },
    close,
  }
}
