import { type PostGroup, PostMcp } from '@postmcp/sdk'
import { cliError } from './errors.js'
import { openLocalApi } from './local-api.js'
import { dataDirOf, findRunningServer, readApiKeyFile } from './running-server.js'
import { startServer } from './start-server.js'

/** The API as a command uses it, wherever it runs. */
export interface ApiAccess {
  api: PostMcp
  /** Whether the API runs in this process, so that nothing goes on after it. */
  isLocal: boolean
  /**
   * Waits until all posts of a group are final, the time is over, or the command is interrupted. Without a server it publishes them
   * here, these and no others.
   * @param onUpdate called with the group whenever a post has changed or an upload has got on
   * @returns the group as it then stands
   */
  finish(postGroupId: string, timeoutMs: number, onUpdate?: (group: PostGroup) => void): Promise<PostGroup>
  /**
   * The same API where a browser can come back to: itself where it is a server. Else a server is started that ends by itself, and
   * this one is closed.
   * @throws PostMcpApiError what kept the server from starting
   */
  listening(): Promise<ApiAccess>
  /** Lets what was asked for come to its end, then lets go of everything. */
  close(): Promise<void>
}

/**
 * Opens the API: the server that POSTMCP_API_URL names, else the one that runs on this data directory, else in this process.
 * @param signal gives up what waits
 * @throws PostMcpApiError `unauthorized` without a key for the server; `config_invalid`; and why the API could not be opened here
 */
export async function openApi(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<ApiAccess> {
  const named = env.POSTMCP_API_URL?.trim()
  const givenKey = env.POSTMCP_API_KEY?.trim()
  if (named) {
    // The key in the file is for the server on this machine, and sent to no other.
    if (givenKey) return overHttp(named, givenKey, signal)
    throw cliError(
      'unauthorized',
      'POSTMCP_API_URL names a server, but there is no API key for it.',
      'Set POSTMCP_API_KEY to a key of that server.',
    )
  }
  const dataDir = dataDirOf(env)
  const running = await findRunningServer(dataDir)
  if (running === undefined) return inThisProcess(env, signal)
  const apiKey = givenKey || (await readApiKeyFile(dataDir))
  if (apiKey !== undefined && apiKey !== '') return overHttp(running, apiKey, signal)
  throw cliError(
    'unauthorized',
    `A server runs at ${running}, but there is no API key for it in ${dataDir}.`,
    'Set POSTMCP_API_KEY to a key of that server.',
  )
}

function overHttp(baseUrl: string, apiKey: string, signal: AbortSignal): ApiAccess {
  const api = new PostMcp({ baseUrl, apiKey, signal })
  const access: ApiAccess = {
    api,
    isLocal: false,
    listening: async () => access,
    async finish(postGroupId, timeoutMs, onUpdate) {
      try {
        return await api.postGroups.waitUntilFinal(postGroupId, { timeoutMs, onUpdate })
      } catch (error) {
        if (!signal.aborted) throw error
        return new PostMcp({ baseUrl, apiKey, maxRetries: 0 }).postGroups.get(postGroupId, {
          timeoutMs: 2000,
        })
      }
    },
    close: async () => {},
  }
  return access
}

async function inThisProcess(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<ApiAccess> {
  const local = await openLocalApi(env)
  const underWay = new Set<Promise<unknown>>()
  /** Whoever asked may stop waiting; what was begun is not cut off, for an authorization just obtained would be lost. */
  const kept = <T>(work: Promise<T>): Promise<T> => {
    const settled: Promise<unknown> = work.catch(() => {}).finally(() => underWay.delete(settled))
    underWay.add(settled)
    return work
  }
  const fetch = (request: Request) => kept(local.fetch(request))
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= Promise.all(underWay).then(() => local.close())
    return closing
  }
  return {
    api: new PostMcp({ fetch, signal }),
    isLocal: true,
    async finish(postGroupId, timeoutMs, onUpdate) {
      const here = new PostMcp({ fetch })
      const done = new AbortController()
      const watching = here.postGroups
        .waitUntilFinal(postGroupId, { timeoutMs, onUpdate, signal: done.signal })
        .catch(() => {})
      await kept(local.publish(postGroupId, new Date(Date.now() + timeoutMs), signal))
      done.abort()
      await watching
      const group = await here.postGroups.get(postGroupId)
      onUpdate?.(group)
      return group
    },
    async listening() {
      // Before this one is closed, so that the database is not stopped in between.
      await startServer(env, signal)
      await close()
      return openApi(env, signal)
    },
    close,
  }
}
