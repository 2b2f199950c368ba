import { type Page, type PageData, type PageQuery, readPage } from '../pagination.js'
import { type KeyedRequestOptions, type Requester, type RequestOptions, segment } from '../request.js'
import { sleep } from '../sleep.js'
import type { Post, PostGroup, PostGroupChange, PostGroupDraft, RetryResult, Validation } from '../types.js'

/** Whether nothing more happens to a post by itself: it is out, or failed, or waits for a person to look. */
export const isFinal = (post: Pick<Post, 'state' | 'nextTryAt'>): boolean =>
  post.state === 'published' ||
  post.state === 'failed' ||
  post.state === 'cancelled' ||
  (post.state === 'unknown' && post.nextTryAt === null)

export interface WaitOptions {
  /** How long to wait at most. Default one minute. */
  timeoutMs?: number | undefined
  /** Gives up waiting; the posts go on. */
  signal?: AbortSignal | undefined
  /** Called with the group first, and whenever a post has changed. */
  onUpdate?: ((group: PostGroup) => void) | undefined
}

/** Which groups are listed: those with a post that has everything that is named of posts. Of several values any will do. */
export interface PostGroupQuery extends PageQuery {
  state?: Post['state'] | readonly Post['state'][] | undefined
  accountId?: string | readonly string[] | undefined
  platform?: string | readonly string[] | undefined
  /**
   * To be published, or without a time made, from here on: an instant (`2026-12-01T09:00:00Z`), or with `timeZone` a local time or a
   * day. The latest come first then.
   */
  from?: string | undefined
  /** The same, before this instant or to the end of this day. */
  to?: string | undefined
  /** IANA name. */
  timeZone?: string | undefined
}

/** Pieces of content, each addressed to several accounts. */
export class PostGroups {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  /** Holds a draft against the limits of every target; nothing is made or sent. */
  validate(draft: PostGroupDraft, options?: RequestOptions): Promise<Validation> {
    return this.#request(
      { method: 'POST', path: '/post-groups/validate', json: draft, isRepeatable: true },
      options,
    )
  }

  /**
   * Publishes content to accounts, now or at its time, or keeps it as a draft. Done once however often repeated.
   * @returns the group with its posts still queued, scheduled or drafts; see `waitUntilFinal`
   * @throws PostMcpApiError `validation_failed` with every issue; nothing was made then
   */
  create(draft: PostGroupDraft, options?: KeyedRequestOptions): Promise<PostGroup> {
    return this.#request({ method: 'POST', path: '/post-groups', json: draft, isKeyed: true }, options)
  }

  /**
   * Newest first.
   * @throws PostMcpApiError `not_found` for an account, `unknown_platform`, `invalid_request` for a state or a time
   */
  list(query: PostGroupQuery = {}, options?: RequestOptions): Promise<Page<PostGroup>> {
    return readPage(query, (each) =>
      this.#request<PageData<PostGroup>>(
        { method: 'GET', path: '/post-groups', query: { ...each }, isRepeatable: true },
        options,
      ),
    )
  }

  get(postGroupId: string, options?: RequestOptions): Promise<PostGroup> {
    return this.#request(
      { method: 'GET', path: `/post-groups/${segment(postGroupId)}`, isRepeatable: true },
      options,
    )
  }

  /**
   * Changes a draft or what is scheduled: its content, its targets, its time; `publishAt: 'now'` releases it.
   * @throws PostMcpApiError `conflict` when somebody changed it since `version`, or when it is being published; `validation_failed`
   */
  change(postGroupId: string, change: PostGroupChange, options?: RequestOptions): Promise<PostGroup> {
    return this.#request(
      { method: 'PATCH', path: `/post-groups/${segment(postGroupId)}`, json: change },
      options,
    )
  }

  /**
   * Publishes the failed posts of a group again, and only those; unknown outcomes are looked up first. Done once however often
   * repeated.
   */
  retry(postGroupId: string, options?: KeyedRequestOptions): Promise<RetryResult> {
    return this.#request(
      { method: 'POST', path: `/post-groups/${segment(postGroupId)}/retry`, isKeyed: true },
      options,
    )
  }

  /** Cancels what has not begun to be published. */
  cancel(postGroupId: string, options?: RequestOptions): Promise<PostGroup> {
    return this.#request({ method: 'POST', path: `/post-groups/${segment(postGroupId)}/cancel` }, options)
  }

  /**
   * Looks at a group again and again until all its posts are final or the time is over.
   * @returns the group as it then stands; `posts.every(isFinal)` tells which it was
   */
  async waitUntilFinal(postGroupId: string, options: WaitOptions = {}): Promise<PostGroup> {
    const { timeoutMs = 60_000, signal, onUpdate } = options
    const until = Date.now() + timeoutMs
    let seen = ''
    for (let waitMs = 200; ; waitMs = Math.min(waitMs * 1.5, 2000)) {
      const group = await this.get(postGroupId, { signal })
      const states = JSON.stringify(group.posts)
      if (states !== seen) onUpdate?.(group)
      seen = states
      const leftMs = until - Date.now()
      if (group.posts.every(isFinal) || leftMs <= 0) return group
      await sleep(Math.min(waitMs, leftMs), signal)
    }
  }
}
