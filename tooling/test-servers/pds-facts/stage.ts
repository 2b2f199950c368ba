import type { TestAccount, TestPds } from '@postmcp/tooling/test-servers/pds'
import {
  nextTid,
  putPost,
  type TestBlob,
  uploadBlob,
  type XrpcAnswer,
  type XrpcCall,
  xrpc,
} from '@postmcp/tooling/test-servers/xrpc-calls'
import { afterAll, beforeAll, expect } from 'vitest'

/** A server the facts are asked of: the real one, or one that claims to be like it. */
export type FactServer = Pick<
  TestPds,
  | 'url'
  | 'plcUrl'
  | 'createAccount'
  | 'createAppPassword'
  | 'revokeAppPassword'
  | 'takedown'
  | 'reverseTakedown'
  | 'deactivate'
  | 'activate'
  | 'deleteAccount'
  | 'deleteRecord'
  | 'expireAccessToken'
  | 'expireRefreshToken'
  | 'close'
> & {
  /** Its own name. */
  did: string
  /** An access token with the rights of an app password. */
  accessTokenFor(account: TestAccount): Promise<string>
  /** The time that it goes by. */
  now(): Date
  /** Lets its clock go on by so much. */
  pass(milliseconds: number): Promise<void>
}

export type StartFactServer = (options?: { rateLimits?: boolean }) => Promise<FactServer>

/** One server with one account, for all facts; and short words for what they do. */
export type Stage = ReturnType<typeof setStage>

const server = 'com.atproto.server'

/** To be called where facts are described: starts the server before them and ends it after them. */
export function setStage(start: StartFactServer, options?: { rateLimits?: boolean }) {
  let set: { server: FactServer; account: TestAccount; auth: string } | undefined
  beforeAll(async () => {
    const started = await start(options)
    const account = await started.createAccount()
    set = { server: started, account, auth: await started.accessTokenFor(account) }
  })
  afterAll(() => set?.server.close())
  const now = () => {
    if (!set) throw new Error('The server has not been started.')
    return set
  }

  const call = (nsid: string, how?: XrpcCall) => xrpc(now().server.url, nsid, how)
  const login = (identifier: string, password: string, extra: Record<string, unknown> = {}) =>
    call(`${server}.createSession`, { body: { identifier, password, ...extra } })
  const put = (body: object, auth: unknown = now().auth) => call('com.atproto.repo.putRecord', { auth, body })

  return {
    get server() {
      return now().server
    },
    get account() {
      return now().account
    },
    get auth() {
      return now().auth
    },
    call,
    login,
    put,
    putText: (text: string, fields?: Record<string, unknown>) =>
      put(putPost(now().account.did, nextTid(), text, fields)),
    refresh: (auth: unknown) => call(`${server}.refreshSession`, { auth }),
    logout: (auth: unknown) => call(`${server}.deleteSession`, { auth }),
    session: (auth: unknown) => call(`${server}.getSession`, { query: {}, auth }),
    upload: (
      bytes: Uint8Array<ArrayBuffer>,
      contentType?: string,
      auth: unknown = now().auth,
    ): Promise<XrpcAnswer & { blob: TestBlob }> => uploadBlob(now().server.url, auth, bytes, contentType),
    /** An account with an app password and a session made with it. */
    async connected() {
      const owner = await now().server.createAccount()
      const appPassword = await now().server.createAppPassword(owner)
      const { json } = await login(owner.handle, appPassword.password)
      return { owner, appPassword, accessJwt: json.accessJwt, refreshJwt: json.refreshJwt }
    },
  }
}

/** Status, error and message of a refusal, which is all there is. */
export function refusal({ status, json: { error, message, ...rest } }: XrpcAnswer): unknown[] {
  expect(rest).toEqual({})
  return [status, error, message]
}

export const wrongPassword = [401, 'AuthenticationRequired', 'Invalid identifier or password']
export const takenDown = [401, 'AccountTakedown', 'Account has been taken down']
export const unverified = [400, 'InvalidToken', 'Token could not be verified']
export const expired = [400, 'ExpiredToken', 'Token has expired']
export const revoked = [400, 'ExpiredToken', 'Token has been revoked']
export const noSuchUser = (did: string) => [
  400,
  'InvalidRequest',
  `Could not find user info for account: ${did}`,
]
export const invalidPost = (problem: string) => [
  400,
  'InvalidRequest',
  `Invalid app.bsky.feed.post record: ${problem}`,
]
