import { isId, publishGroupHere } from '@postmcp/core'
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
 * Opens the installation for a short-lived process such as the CLI.
 * @throws PostMcpError those of `openInstallation`
 */
export async function openLocalApi(
  env: NodeJS.ProcessEnv,
  options: { logLevel?: string } = {},
): Promise<LocalApi> {
  const { core, owner, close } = await openInstallation(env, options)
  const app = createApp(core)
  return {
    fetch: async (request) => app.fetch(request, { localPrincipal: owner }),
    async publish(postGroupId, until, signal) {
      if (!isId('postGroup', postGroupId)) return
      await publishGroupHere(core, owner, postGroupId, until, signal)
    },
    close,
  }
}
