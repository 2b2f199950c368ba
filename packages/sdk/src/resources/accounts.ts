import { type Page, type PageData, type PageQuery, readPage } from '../pagination.js'
import { type KeyedRequestOptions, type Requester, type RequestOptions, segment } from '../request.js'
import type { Account, AccountStatus, ConnectStep, Disconnected, Health } from '../types.js'

/** How one connects, the first time and later. */
export interface ReconnectRequest {
  /** The platform's fields by name; what is missing the answer asks for, what is not secret a reconnect remembers. */
  fields?: Record<string, string> | undefined
  /** For platforms with both ways. Default: the way the given fields belong to. */
  method?: 'oauth2' | 'credentials' | undefined
  /**
   * Which way through the browser, for platforms with several: an id of `Platform.connect.ways`. Default: the first; for a reconnect
   * the one by which the account was connected.
   */
  way?: string | undefined
  /** Where the browser is sent back to; one of those the operator allows. */
  redirectUri?: string | undefined
}

export interface ConnectRequest extends ReconnectRequest {
  /** Such as `bluesky`. */
  platform: string
}

export interface StatusQuery {
  /** `recent` (default): a check of the last minute will do. `live`: ask the platform now. `stored`: do not ask it. */
  freshness?: 'recent' | 'live' | 'stored' | undefined
}

/** Publishing targets and the authorizations behind them. */
export class Accounts {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  /**
   * Begins to connect an account; an account that is there already gets the new authorization. Done once however often repeated.
   * @returns the next step; `connected` when there is nothing left to do
   */
  connect(request: ConnectRequest, options?: KeyedRequestOptions): Promise<ConnectStep> {
    return this.#request({ method: 'POST', path: '/accounts/connect', json: request, isKeyed: true }, options)
  }

  /** Newest first, with the status last known. */
  list(query: PageQuery = {}, options?: RequestOptions): Promise<Page<Account>> {
    return readPage(query, (each) =>
      this.#request<PageData<Account>>(
        { method: 'GET', path: '/accounts', query: { ...each }, isRepeatable: true },
        options,
      ),
    )
  }

  /** With the status last known. */
  get(accountId: string, options?: RequestOptions): Promise<Account> {
    return this.#request(
      { method: 'GET', path: `/accounts/${segment(accountId)}`, isRepeatable: true },
      options,
    )
  }

  /** With the status verified at the platform. */
  status(accountId: string, query: StatusQuery = {}, options?: RequestOptions): Promise<AccountStatus> {
    return this.#request(
      {
        method: 'GET',
        path: `/accounts/${segment(accountId)}/status`,
        query: { ...query },
        isRepeatable: true,
      },
      options,
    )
  }

  /** The last hundred changes of an account's status, newest first, on one page. */
  history(accountId: string, options?: RequestOptions): Promise<Page<Health>> {
    return readPage({}, () =>
      this.#request<PageData<Health>>(
        { method: 'GET', path: `/accounts/${segment(accountId)}/history`, isRepeatable: true },
        options,
      ),
    )
  }

  /**
   * Gives an account a new authorization; id, posts and history stay. Done once however often repeated.
   * @throws PostMcpApiError `identity_mismatch` for an authorization of another account
   */
  reconnect(
    accountId: string,
    request: ReconnectRequest = {},
    options?: KeyedRequestOptions,
  ): Promise<ConnectStep> {
    return this.#request(
      { method: 'POST', path: `/accounts/${segment(accountId)}/reconnect`, json: request, isKeyed: true },
      options,
    )
  }

  /**
   * Makes further accounts of what the authorization of an account can publish to, without a new consent. Done once however often
   * repeated.
   * @param request `targetIds`: what to add, all of it or nothing; without them the step lists what there is
   * @returns `select_targets`, `connected`, or the step of a reconnect where the authorization has ended
   * @throws PostMcpApiError `plan_limit_reached`; `conflict` for what is an account already
   */
  add(
    accountId: string,
    request: { targetIds?: string[] | undefined } = {},
    options?: KeyedRequestOptions,
  ): Promise<ConnectStep> {
    return this.#request(
      { method: 'POST', path: `/accounts/${segment(accountId)}/add`, json: request, isKeyed: true },
      options,
    )
  }

  /** Revokes at the platform what ends only this account, destroys its credentials and cancels what waits. */
  disconnect(accountId: string, options?: RequestOptions): Promise<Disconnected> {
    return this.#request({ method: 'POST', path: `/accounts/${segment(accountId)}/disconnect` }, options)
  }
}
