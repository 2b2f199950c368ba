import { randomUUID } from 'node:crypto'
import { TransportError } from '../http/http-client.js'
import type { Clock } from '../model/ambient.js'
import type { TokenSet } from '../model/grant.js'
import type { Json } from '../model/json.js'
import type { SentPost } from '../model/post.js'
import type { Manifest } from '../provider/manifest.js'
import { MalformedResponseError, PlatformError } from '../provider/platform-error.js'
import {
  type Classification,
  defineProvider,
  type GrantAccess,
  type Provider,
  type PublishStep,
} from '../provider/provider.js'

/** What happens to one call: it may act, and it answers or not. */
export type Behaviour = <T>(act: () => Promise<T>) => Promise<T>

const platformError = (status: number, code: string, retryAfter?: Date): PlatformError =>
  new PlatformError({ status, platformCode: code, message: 'simulated', requestId: 'req-1', retryAfter })

const never = () => new Promise<never>(() => {})

/** Ways in which a call can go, for `MemoryPlatform.next`. */
export const behaviours = {
  works: ((act) => act()) as Behaviour,
  /** The platform answers with this code and does nothing. */
  answers:
    (status: number, code: string, retryAfter?: Date): Behaviour =>
    () =>
      Promise.reject(platformError(status, code, retryAfter)),
  /** The request certainly never arrived. */
  unreachable: (() => Promise.reject(new TransportError('no route', 'no', 'unreachable'))) as Behaviour,
  /** The platform acts, and its answer is lost. */
  answerLost: (async (act) => {
    await act()
    throw new TransportError('connection broke', 'maybe', 'interrupted')
  }) as Behaviour,
  /** The request is lost, and nobody can tell that from a lost answer. */
  requestLost: (() =>
    Promise.reject(new TransportError('connection broke', 'maybe', 'interrupted'))) as Behaviour,
  garbage: (() => Promise.reject(new MalformedResponseError('a web page'))) as Behaviour,
  /** The process is killed before the request leaves. */
  killedBefore: never as Behaviour,
  /** The process is killed after the platform has acted. */
  killedAfter: (async (act) => {
    await act()
    return never()
  }) as Behaviour,
}

/** A call that waits until it is told to go on. */
export function gate(): { behaviour: Behaviour; reached: Promise<void>; open(): void } {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    behaviour: async (act) => {
      reached.resolve()
      await opened.promise
      return act()
    },
  }
}

export interface MemoryPlatformOptions {
  clock: Clock
  id?: string
  /** How a post becomes public: at once, after a step that prepares it or an upload in three pieces, or with an answer that says so only later. */
  publishing?: 'direct' | 'prepared' | 'uploaded' | 'later'
  reconcile?: Manifest['publish']['reconcile']
  dedupe?: Manifest['publish']['dedupe']
  /** Whether lost posts can be looked for. */
  canFind?: boolean
  tokens?: Partial<Manifest['tokens']>
  accessTokenSeconds?: number
  canDelete?: boolean
  canRevoke?: boolean
  publish?: Partial<Manifest['publish']>
}

export type Hook =
  | 'authenticate'
  | 'verify'
  | 'refresh'
  | 'revoke'
  | 'start'
  | 'send'
  | 'reply'
  | 'upload'
  | 'poll'
  | 'find'
  | 'delete'

interface User {
  name: string
  password: string
  targets: { targetId: string; handle: string }[]
  state: 'fine' | 'taken_down'
}

/** A platform and its provider in memory, for tests of core: no HTTP, all tokens and posts in plain sight. */
export interface MemoryPlatform {
  provider: Provider
  /** Hooks in the order in which they were called. */
  calls: Hook[]
  /** What the public sees. */
  posts: { id: string; targetId: string; text: string; key: string; at: Date; inReplyTo?: string }[]
  addUser(name: string, targets?: string[]): void
  user(name: string): User
  /** The next calls of a hook go like this, later ones as usual. */
  next(hook: Hook, ...how: Behaviour[]): void
  /** All further calls of a hook go like this, until told otherwise. */
  always(hook: Hook, how: Behaviour | undefined): void
  /** All calls go as usual again. */
  clear(): void
  /** Takes away everything the user granted. */
  revokeAll(name: string): void
  /** Ends all access tokens, as time would. */
  expireAccessTokens(): void
  /** Refresh tokens that would work now. */
  livingSessions(name: string): number
}

const manifestOf = (options: MemoryPlatformOptions): Manifest => ({
  id: options.id ?? 'memory',
  name: 'Memory',
  checkedOn: '2026-11-22',
  sources: ['https://example.org/docs'],
  connect: {
    credentials: {
      instructions: 'Give name and password.',
      helpUrl: 'https://example.org/help',
      fields: [
        { name: 'identifier', label: 'Name', description: 'Your name.', secret: false, required: true },
        { name: 'password', label: 'Password', description: 'Your password.', secret: true, required: true },
      ],
    },
    listsAllTargets: true,
    targetKinds: ['profile'],
  },
  endpoints: {},
  scopes: [],
  tokens: {
    refresh: 'rotating',
    replay: 'single_use',
    refreshAheadSeconds: 60,
    verifyBy: 'refresh',
    revocationScope: 'token',
    neededToPublish: true,
    ...options.tokens,
  },
  publish: {
    dedupe: options.dedupe ?? null,
    reconcile: options.reconcile ?? 'never',
    remainingRisk: '',
    canDelete: options.canDelete ?? true,
    limits: {
      text: [{ unit: 'graphemes', max: 300 }],
      textOnly: true,
      images: { max: 4, mimeTypes: ['image/png'], maxBytes: 1000, maxAltTextGraphemes: 20 },
      linkCard: { withImages: false },
      replies: { max: 3 },
    },
    ...options.publish,
  },
  rateLimits: [],
  links: { revokeAccess: 'https://example.org/revoke', createCredential: 'https://example.org/create' },
})

const meanings: Record<string, Classification> = {
  RateLimited: { kind: 'rate_limited' },
  Unavailable: { kind: 'unavailable' },
  TokenExpired: { kind: 'access_token_expired' },
  WrongPassword: { kind: 'credentials_rejected', message: 'Name or password are wrong.' },
  Revoked: { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' },
  TakenDown: { kind: 'account_unusable', status: 'verification_failed', reason: 'account_taken_down' },
  Refused: { kind: 'refused' },
  Duplicate: { kind: 'already_sent' },
  BadClient: { kind: 'client_invalid' },
}

export function createMemoryPlatform(options: MemoryPlatformOptions): MemoryPlatform {
  const { clock, publishing = 'direct', dedupe = null, canFind = false, accessTokenSeconds = 3600 } = options
  const users = new Map<string, User>()
  const access = new Map<string, { user: string; until: number }>()
  const refresh = new Map<string, { user: string; usedAt: number | null; answer: TokenSet | null }>()
  const queues = new Map<Hook, Behaviour[]>()
  const standing = new Map<Hook, Behaviour>()
  const calls: Hook[] = []
  const posts: MemoryPlatform['posts'] = []

  const call = <T>(hook: Hook, act: () => T): Promise<T> => {
    calls.push(hook)
    const how = queues.get(hook)?.shift() ?? standing.get(hook) ?? behaviours.works
    return how(async () => act())
  }
  const userOf = (name: string): User => {
    const user = users.get(name)
    if (user) return user
    throw platformError(401, 'WrongPassword')
  }
  const issue = (user: string): TokenSet => {
    const until = clock.now().getTime() + accessTokenSeconds * 1000
    const tokens = {
      accessToken: `access-${randomUUID()}`,
      refreshToken: `refresh-${randomUUID()}`,
      accessTokenExpiresAt: new Date(until),
    }
    access.set(tokens.accessToken, { user, until })
    refresh.set(tokens.refreshToken, { user, usedAt: null, answer: null })
    return tokens
  }
  const authorize = ({ tokens }: GrantAccess): User => {
    const token = access.get(tokens.accessToken)
    if (!token) throw platformError(401, 'Revoked')
    if (token.until <= clock.now().getTime()) throw platformError(401, 'TokenExpired')
    const user = userOf(token.user)
    if (user.state === 'taken_down') throw platformError(403, 'TakenDown')
    return user
  }
  const publish = (targetId: string, text: string, key: string, inReplyTo?: string): SentPost => {
    const now = clock.now()
    const remembered = (post: (typeof posts)[number]) =>
      dedupe?.windowSeconds === null ||
      now.getTime() - post.at.getTime() < (dedupe?.windowSeconds ?? 0) * 1000
    const existing = posts.find((post) => post.key === key && post.targetId === targetId && remembered(post))
    const post = existing ?? {
      id: `at-${randomUUID()}`,
      targetId,
      text,
      key,
      at: now,
      ...(inReplyTo !== undefined && { inReplyTo }),
    }
    if (!existing) posts.push(post)
    return {
      kind: 'post',
      visibility: 'public',
      platformPostId: post.id,
      permalink: `https://example.org/${post.id}`,
    }
  }
  const form = (checkpoint: Json) =>
    checkpoint as { stage: string; text: string; key: string; id?: string; piece?: number; replies: string[] }
  /** What comes after something was published: the next reply, or the end. */
  const after = (sent: SentPost, key: string, replies: string[]): PublishStep => {
    const [text, ...rest] = replies
    if (text === undefined) return { type: 'done', sent }
    const number = (sent.parts?.length ?? 0) + 1
    const checkpoint = {
      stage: 'reply',
      text,
      key: `${key}-${number}`,
      replies: rest,
      sent: sent as unknown as Json,
    }
    return { type: 'send', checkpoint, published: sent }
  }

  const provider: Provider = {
    manifest: manifestOf(options),
    authenticate: (_ctx, fields) =>
      call('authenticate', () => {
        const user = users.get(fields.identifier ?? '')
        if (!user || user.password !== fields.password) throw platformError(401, 'WrongPassword')
        if (user.state === 'taken_down') throw platformError(403, 'TakenDown')
        return {
          subject: user.name,
          tokens: issue(user.name),
          grantedScopes: ['write'],
          settings: { server: 'https://one.example.org' },
          secrets: { password: user.password },
        }
      }),
    listTargets: async (_ctx, { subject }) =>
      userOf(subject).targets.map((target) => ({
        ...target,
        displayName: null,
        avatarUrl: null,
        profileUrl: null,
      })),
    verify: (_ctx, given, { targetId }) =>
      call('verify', () => {
        const target = authorize(given).targets.find((each) => each.targetId === targetId)
        return target
          ? { status: 'active', reason: null, platformCode: null, target: { handle: target.handle } }
          : { status: 'revoked', reason: 'target_not_granted', platformCode: null }
      }),
    refresh: (_ctx, { tokens }) =>
      call('refresh', () => {
        const session = refresh.get(tokens.refreshToken ?? '')
        if (!session) throw platformError(400, 'Revoked')
        if (userOf(session.user).state === 'taken_down') throw platformError(403, 'TakenDown')
        if (session.usedAt !== null) {
          const { replay } = provider.manifest.tokens
          const grace = replay === 'single_use' ? 0 : replay.graceSeconds * 1000
          if (session.answer && clock.now().getTime() - session.usedAt < grace) return session.answer
          // Reuse ends the whole session, as real ones do.
          for (const [token, each] of refresh) if (each.user === session.user) refresh.delete(token)
          throw platformError(400, 'Revoked')
        }
        session.usedAt = clock.now().getTime()
        session.answer = issue(session.user)
        return session.answer
      }),
    createDedupeKey: () => `key-${randomUUID()}`,
    startPublish: (_ctx, { content, dedupeKey: key, access: given }) =>
      call('start', (): PublishStep => {
        authorize(given)
        const { text, replies } = content
        const common = { text, key, replies }
        if (publishing === 'prepared')
          return { type: 'wait', checkpoint: { stage: 'container', ...common }, resumeAfterSeconds: 5 }
        if (publishing !== 'uploaded') return { type: 'send', checkpoint: { stage: 'send', ...common } }
        return {
          type: 'wait',
          checkpoint: { stage: 'upload', piece: 0, ...common },
          resumeAfterSeconds: 0,
          secrets: { session: `upload-${key}` },
          progress: { uploadedBytes: 0, totalBytes: 30 },
        }
      }),
    continuePublish: (_ctx, { account, access: given, secrets }, checkpoint) => {
      const { stage, text, key, id, piece = 0, replies } = form(checkpoint)
      const common = { text, key, replies }
      if (stage === 'upload') {
        return call('upload', (): PublishStep => {
          if (secrets.session !== `upload-${key}`) throw platformError(400, 'Refused')
          const progress = { uploadedBytes: (piece + 1) * 10, totalBytes: 30 }
          return piece < 2
            ? {
                type: 'wait',
                checkpoint: { stage, piece: piece + 1, ...common },
                resumeAfterSeconds: 0,
                progress,
              }
            : { type: 'send', checkpoint: { stage: 'send', ...common }, progress }
        })
      }
      if (stage === 'reply') {
        const { sent } = checkpoint as unknown as { sent: SentPost }
        return call('reply', () => {
          authorize(given)
          const reply = publish(account.targetId, text, key, sent.platformPostId)
          return after({ ...sent, parts: [...(sent.parts ?? []), reply.platformPostId] }, key, replies)
        })
      }
      if (stage === 'container') {
        return call('poll', (): PublishStep => {
          authorize(given)
          return { type: 'send', checkpoint: { stage: 'send', ...common } }
        })
      }
      if (stage === 'handed_over') {
        return call('poll', (): PublishStep => {
          authorize(given)
          return { type: 'done', sent: publishOf({ id: id ?? '' }) }
        })
      }
      return call('send', (): PublishStep => {
        authorize(given)
        if (publishing === 'later') {
          const { platformPostId } = publish(account.targetId, text, key)
          const checkpoint = { stage: 'handed_over', id: platformPostId, ...common }
          return { type: 'wait', checkpoint, resumeAfterSeconds: 5 }
        }
        return after(publish(account.targetId, text, key), key, replies)
      })
    },
    ...(options.canRevoke !== false && {
      revoke: (_ctx, { tokens, subject }) =>
        call('revoke', () => {
          if (provider.manifest.tokens.revocationScope === 'subject') revokeAll(subject)
          access.delete(tokens.accessToken)
          refresh.delete(tokens.refreshToken ?? '')
        }),
    }),
    ...(canFind && {
      findPublished: (_ctx, { account, access: given }, body) =>
        call('find', (): PublishStep | null => {
          authorize(given)
          const { key, stage, replies } = form(body)
          const found = posts.find((post) => post.key === key && post.targetId === account.targetId)
          if (!found) return null
          if (stage !== 'reply') return after(publishOf(found), key, replies)
          const { sent } = body as unknown as { sent: SentPost }
          return after({ ...sent, parts: [...(sent.parts ?? []), found.id] }, key, replies)
        }),
    }),
    deletePost: (_ctx, { access: given }, { platformPostId }) =>
      call('delete', () => {
        authorize(given)
        const index = posts.findIndex((post) => post.id === platformPostId)
        if (index >= 0) posts.splice(index, 1)
      }),
    classifyError: (error) => meanings[error.platformCode ?? ''] ?? { kind: 'unavailable' },
  }
  const publishOf = ({ id }: { id: string }): SentPost => ({
    kind: 'post',
    visibility: 'public',
    platformPostId: id,
    permalink: `https://example.org/${id}`,
  })
  function revokeAll(name: string): void {
    for (const tokens of [access, refresh])
      for (const [token, { user }] of tokens) if (user === name) tokens.delete(token)
  }

  return {
    provider: defineProvider(provider),
    calls,
    posts,
    addUser(name, targets = [`id-${name}`]) {
      users.set(name, {
        name,
        password: `password of ${name}`,
        targets: targets.map((targetId) => ({ targetId, handle: `${targetId}.example.org` })),
        state: 'fine',
      })
    },
    user: userOf,
    next: (hook, ...how) => void queues.set(hook, [...(queues.get(hook) ?? []), ...how]),
    always: (hook, how) => void (how ? standing.set(hook, how) : standing.delete(hook)),
    clear() {
      queues.clear()
      standing.clear()
    },
    revokeAll,
    expireAccessTokens() {
      for (const token of access.values()) token.until = 0
    },
    livingSessions: (name) =>
      [...refresh.values()].filter(({ user, usedAt }) => user === name && usedAt === null).length,
  }
}
