import { PostMcpApiError, type Problem } from '@postmcp/sdk'

/*
 * The only file that knows the API from inside, and loads it only when called: it brings the database and all platforms, which a
 * command that speaks to a server does without.
 */

type Api = typeof import('@postmcp/api')
export type LocalApi = import('@postmcp/api').LocalApi
export type RunningServer = import('@postmcp/api').RunningServer

/** What core throws, told apart by its shape: its class is not to be had without loading it. */
type CoreError = Error & Pick<Problem, 'code' | 'nextAction' | 'status'> & { toJSON(): Partial<Problem> }

const isCoreError = (error: unknown): error is CoreError =>
  error instanceof Error && error.name === 'PostMcpError' && 'toJSON' in error

/** Does something with the API; its errors come out as the SDK's. */
async function withApiCode<T>(use: (api: Api) => Promise<T>): Promise<T> {
  try {
    return await use(await import('@postmcp/api'))
  } catch (error) {
    if (!isCoreError(error)) throw error
    const { message: detail, code, nextAction, status } = error
    const { message: _, ...fields } = error.toJSON() as Record<string, unknown>
    throw new PostMcpApiError({ ...fields, status, detail, code, nextAction }, { cause: error })
  }
}

/** The API inside this process. Quiet, unless POSTMCP_LOG_LEVEL says otherwise. */
export async function openLocalApi(env: NodeJS.ProcessEnv): Promise<LocalApi> {
  const logLevel = env.POSTMCP_LOG_LEVEL?.trim() || 'silent'
  const local = await withApiCode((api) => api.openLocalApi(env, { logLevel }))
  return { ...local, publish: (...args) => withApiCode(() => local.publish(...args)) }
}

/** Runs API and worker until the signal is aborted. */
export const runServer = (options: Parameters<Api['serve']>[0]): Promise<void> =>
  withApiCode((api) => api.serve(options))

/** The key ring of this installation. @returns undefined when there is none yet */
export const readKeyRing = (env: NodeJS.ProcessEnv) =>
  withApiCode((api) => api.findKeyRing(api.readSettings(env, api.platformRegistry())))

/** Gives the installation a new key-encryption key. @returns its id */
export const rotateKeyRing = (
  env: NodeJS.ProcessEnv,
  onStep: Parameters<Api['rotateKeys']>[1],
): Promise<string> => withApiCode((api) => api.rotateKeys(env, onStep))
