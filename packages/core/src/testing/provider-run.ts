import {
  createHttpClient,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
} from '../http/http-client.js'
import type { Logger } from '../model/ambient.js'
import type { TokenSet } from '../model/grant.js'
import type { ProviderContext } from '../provider/context.js'
import { type HookFailure, readHookFailure } from '../provider/hook-failure.js'
import type {
  Authorization,
  GrantAccess,
  Occasion,
  Provider,
  PublishInput,
  PublishStep,
} from '../provider/provider.js'
import { createFakeClock, type FakeClock } from './fake-clock.js'
import type { FakeAccount, FakePlatform } from './fake-platform.js'

/** A connected account in a test. */
export interface ConnectedAccount {
  account: FakeAccount
  authorization: Authorization
  access: GrantAccess
}

/** One test's dealings with a provider: what it was handed, what it sent, what it said. */
export interface ProviderRun {
  ctx: ProviderContext
  clock: FakeClock
  requests: HttpRequest[]
  /** Everything a hook showed to the world: errors, log lines, checkpoints, settings, targets. */
  shown: unknown[]
  /** What must not be in there, by a name to say in a failure. */
  secrets: Map<string, string>
  /** From now on nothing is sent; every request is refused with an answer that repeats it whole. */
  echoRequests(): void
  connect(account: FakeAccount): Promise<ConnectedAccount>
  keep(tokens: TokenSet): TokenSet
  inputFor(connected: ConnectedAccount, text?: string): PublishInput
  /** Brings a post to the point from which the next call makes it public. */
  prepare(input: PublishInput): Promise<PublishStep & { type: 'send' }>
  /** What core makes of the error of a hook that has to fail. */
  failureOf(occasion: Occasion, hook: Promise<unknown>): Promise<HookFailure>
  close(): Promise<void>
}

/** Prepares one test of a provider. */
export function startRun(provider: Provider, fake: FakePlatform): ProviderRun {
  const shown: unknown[] = []
  const requests: HttpRequest[] = []
  const secrets = new Map<string, string>()
  const clock = createFakeClock()
  const log = (fields: Record<string, unknown>, message: string) => void shown.push({ fields, message })
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const allowedOrigins = originsOf(fake)
  const client = createHttpClient({
    allowedOrigins,
    userAgent: 'postmcp-conformance',
    logger,
    timeoutMs: 10_000,
  })
  let isEcho = false

  const recording = (inner: HttpClient): HttpClient => ({
    async request(request) {
      requests.push(request)
      return isEcho ? echo(fake, request) : inner.request(request)
    },
    within: (limits) => recording(inner.within(limits)),
  })
  const signal = new AbortController().signal
  const ctx = { http: recording(client), clock, signal, logger, endpoints: fake.endpoints }

  const keep = (tokens: TokenSet) => {
    const which = secrets.size
    secrets.set(`access token ${which}`, tokens.accessToken)
    if (tokens.refreshToken !== undefined) secrets.set(`refresh token ${which}`, tokens.refreshToken)
    return tokens
  }

  return {
    ctx,
    clock,
    requests,
    shown,
    secrets,
    keep,
    echoRequests() {
      isEcho = true
    },
    async connect(account) {
      if (!provider.authenticate)
        throw new Error(`${provider.manifest.id} cannot be connected with credentials.`)
      for (const { name, secret } of provider.manifest.connect.credentials?.fields ?? []) {
        const value = account.fields[name]
        if (secret && value !== undefined) secrets.set(`field ${name}`, value)
      }
      const authorization = await provider.authenticate(ctx, account.fields)
      for (const [name, value] of Object.entries(authorization.secrets)) secrets.set(`secret ${name}`, value)
      const { subject, settings } = authorization
      shown.push({ subject, settings, grantedScopes: authorization.grantedScopes })
      return { account, authorization, access: { subject, settings, tokens: keep(authorization.tokens) } }
    },
    inputFor({ access, account }, text = 'Hello, conformance.') {
      return {
        access,
        account: { targetId: account.targetId, handle: account.targetId },
        content: { text, media: [] },
        dedupeKey: provider.createDedupeKey(clock.now()),
        startedAt: clock.now(),
      }
    },
    async prepare(input) {
      let step = await provider.startPublish(ctx, input)
      for (let turns = 0; step.type === 'wait' && turns < 20; turns++) {
        clock.advance(step.resumeAfterSeconds)
        step = await provider.continuePublish(ctx, input, step.checkpoint)
      }
      if (step.type !== 'send')
        throw new Error(`Publishing came to "${step.type}" without announcing that it sends.`)
      shown.push(step.checkpoint)
      return step
    },
    async failureOf(occasion, hook) {
      const error: unknown = await hook.then(
        () => Promise.reject(new Error(`On ${occasion} the hook succeeded, but it should have failed.`)),
        (thrown: unknown) => thrown,
      )
      shown.push(error)
      const failure = readHookFailure(provider, error, occasion)
      shown.push(failure)
      return failure
    },
    close: () => client.close(),
  }
}

/** Where requests may go: what is declared, and the accounts' own servers. */
export const originsOf = (fake: FakePlatform): Set<string> =>
  new Set([...Object.values(fake.endpoints), ...fake.serverOrigins].map((url) => new URL(url).origin))

/** Some servers repeat in an error what they were asked. */
function echo(fake: FakePlatform, request: HttpRequest): HttpResponse {
  const { status, body } = fake.refusal(`I do not understand ${JSON.stringify(request)}`)
  return { status, headers: new Headers(), text: JSON.stringify(body), json: body }
}
