import { createRequester, type Fetch } from './request.js'
import { Accounts } from './resources/accounts.js'
import { ApiKeys } from './resources/api-keys.js'
import { Connections } from './resources/connections.js'
import { MediaFiles } from './resources/media.js'
import { Platforms } from './resources/platforms.js'
import { PostGroups } from './resources/post-groups.js'
import { Posts } from './resources/posts.js'
import { Workspaces } from './resources/workspace.js'

export interface PostMcpOptions {
  /** An API key of the workspace. Left out only where `fetch` leads to an app that knows its caller. */
  apiKey?: string | undefined
  /** Address of the server. Default `http://127.0.0.1:4477`. */
  baseUrl?: string | undefined
  /** What answers requests. Default: the network. */
  fetch?: Fetch | undefined
  /** How long one try may take. Default two minutes: a connect waits for the platform. */
  timeoutMs?: number | undefined
  /** How often a call is repeated that may be repeated. Default 2. */
  maxRetries?: number | undefined
  /** Gives up every call of this client once it is aborted. */
  signal?: AbortSignal | undefined
}

/**
 * A client of the PostMCP API. Methods throw `PostMcpApiError`, which says what to do next; what may be repeated without harm is
 * repeated after network failures and while the server is busy.
 */
export class PostMcp {
  readonly platforms: Platforms
  readonly accounts: Accounts
  readonly connections: Connections
  readonly media: MediaFiles
  readonly postGroups: PostGroups
  readonly posts: Posts
  readonly workspace: Workspaces
  readonly apiKeys: ApiKeys

  /** @throws PostMcpApiError `config_invalid` for an address or key that cannot work */
  constructor(options: PostMcpOptions = {}) {
    const request = createRequester({
      baseUrl: options.baseUrl ?? 'http://127.0.0.1:4477',
      apiKey: options.apiKey,
      fetch: options.fetch ?? ((each) => globalThis.fetch(each)),
      timeoutMs: options.timeoutMs ?? 120_000,
      maxRetries: options.maxRetries ?? 2,
      signal: options.signal,
    })
    this.platforms = new Platforms(request)
    this.accounts = new Accounts(request)
    this.connections = new Connections(request)
    this.media = new MediaFiles(request)
    this.postGroups = new PostGroups(request)
    this.posts = new Posts(request)
    this.workspace = new Workspaces(request)
    this.apiKeys = new ApiKeys(request)
  }
}
