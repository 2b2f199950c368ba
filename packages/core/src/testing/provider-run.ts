import { setTimeout as sleep } from 'node:timers/promises'
import {
  createHttpClient,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
} from '../http/http-client.js'
import type { Logger } from '../model/ambient.js'
import type { TokenSet } from '../model/grant.js'
import type { JsonObject } from '../model/json.js'
import type { SentPost } from '../model/post.js'
import { beginAuthorization, finishAuthorization } from '../oauth/authorize.js'
import { canRevoke, renewTokens, revokeAuthorization } from '../oauth/renew.js'
import { scopesToAsk } from '../oauth/scopes.js'
import type { ProviderContext } from '../provider/context.js'
import { type HookFailure, readHookFailure } from '../provider/hook-failure.js'
import type {
  Authorization,
  GrantAccess,
  Occasion,
  Provider,
  PublishInput,
  PublishStep,
  RefreshedTokens,
  TargetAccess,
} from '../provider/provider.js'
import { wayIdOf } from '../provider/ways.js'
import { decideOptions } from '../publish/target-content.js'
import { accessOf } from '../refresh/grant-access.js'
import { createFakeClock, type FakeClock } from './fake-clock.js'
import type { FakeAccount, FakePlatform } from './fake-platform.js'
import { type SampleKind, sampleContent, sampleKinds, whyNot } from './sample-content.js'
import { createSampleFiles, type SampleFiles } from './sample-files.js'

/** A connected account in a test. */
export interface ConnectedAccount {
  account: FakeAccount
  authorization: Authorization
  access: GrantAccess
  target: TargetAccess
}

/** A request that was answered. */
export interface Exchange {
  request: HttpRequest
  response: HttpResponse
}

/** One test's dealings with a provider: what it was handed, what it sent, what it said. */
export interface ProviderRun {
  ctx: ProviderContext
  clock: FakeClock
  requests: HttpRequest[]
  /** Those of them that were answered, with the answers. */
  exchanges: Exchange[]
  /** Everything a hook showed to the world: errors, log lines, checkpoints, settings, targets. */
  shown: unknown[]
  /** What must not be in there, by a name to say in a failure. */
  secrets: Map<string, string>
  /** From now on nothing is sent; every request is refused with an answer that repeats it whole. */
  echoRequests(): void
  connect(account: FakeAccount): Promise<ConnectedAccount>
  /** Goes through the browser: to the consent page, and back with what the owner answered. */
  authorize(account: FakeAccount, answer?: 'approve' | 'deny'): Promise<Authorization>
  keep(tokens: TokenSet): TokenSet
  renew(connected: ConnectedAccount): Promise<RefreshedTokens>
  /** Ends the authorization. @returns false where there is no way to do so from here */
  revoke(connected: Pick<ConnectedAccount, 'access'>): Promise<boolean>
  /** Files for posts, and a server from which the platform can fetch them. */
  files: SampleFiles
  /** A post of a kind the platform has. Default: the simplest. */
  inputFor(connected: ConnectedAccount, kind?: SampleKind): Promise<PublishInput>
  /** Brings a post to the point from which the next call makes something public. What is to be kept sealed is put into the input. */
  prepare(input: PublishInput, from?: PublishStep): Promise<PublishStep & { type: 'send' }>
  /** Goes on from a step until the post is public, wholly. */
  finish(input: PublishInput, from: PublishStep): Promise<SentPost>
  /** What core makes of the error of a hook that has to fail. */
  failureOf(occasion: Occasion, hook: Promise<unknown>): Promise<HookFailure>
  close(): Promise<void>
}

/** Where the fake browser is sent back to; nobody listens there. */
const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'

/** Prepares one test of a provider. */
export function startRun(provider: Provider, fake: FakePlatform): ProviderRun {
  const shown: unknown[] = []
  const requests: HttpRequest[] = []
  const exchanges: Exchange[] = []
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
      if (isEcho) return echo(fake, request)
      const response = await inner.request(request)
      exchanges.push({ request, response })
      return response
    },
    within: (limits) => recording(inner.within(limits)),
  })
  const signal = new AbortController().signal
  const ctx: ProviderContext = {
    http: recording(client),
    clock,
    signal,
    logger,
    endpoints: fake.endpoints,
    client: fake.client ?? null,
    server: null,
    publicUrl: 'http://127.0.0.1:4477',
  }

  const keep = (tokens: TokenSet) => {
    const which = secrets.size
    secrets.set(`access token ${which}`, tokens.accessToken)
    if (tokens.refreshToken !== undefined) secrets.set(`refresh token ${which}`, tokens.refreshToken)
    if (tokens.proofKey !== undefined) secrets.set(`proof key ${which}`, privatePartOf(tokens.proofKey))
    return tokens
  }

  const files = createSampleFiles()
  const { limits } = provider.manifest.publish
  const simplest = sampleKinds.find((kind) => whyNot(kind, limits) === null) ?? 'text'
  /** Time passes here at once; a moment of it in earnest, for the platform goes by a clock of its own. */
  const pass = async (seconds: number) => {
    clock.advance(seconds)
    if (seconds > 0) await sleep(50)
  }
  const note = (input: PublishInput, step: PublishStep) => {
    if (step.type === 'done') return
    if (step.secrets) input.secrets = step.secrets
    for (const [name, value] of Object.entries(input.secrets)) secrets.set(`capability ${name}`, value)
    shown.push(step.checkpoint)
  }

  return {
    ctx,
    clock,
    requests,
    exchanges,
    shown,
    secrets,
    keep,
    echoRequests() {
      isEcho = true
    },
    async connect(account) {
      const { credentials } = provider.manifest.connect
      for (const { name, secret } of credentials?.fields ?? []) {
        const value = account.fields[name]
        if (secret && value !== undefined) secrets.set(`field ${name}`, value)
      }
      const authorization =
        account.approve === undefined && provider.authenticate
          ? await provider.authenticate(ctx, account.fields)
          : await this.authorize(account)
      for (const [name, value] of Object.entries(authorization.secrets)) secrets.set(`secret ${name}`, value)
      const { subject, settings, grantedScopes } = authorization
      shown.push({ subject, settings, grantedScopes })
      const authMethod = account.approve ? ('oauth2' as const) : ('credentials' as const)
      const way = authMethod === 'oauth2' ? wayIdOf(provider.manifest) : null
      const access = accessOf({ ...authorization, authMethod, way }, keep(authorization.tokens))
      const targets = await provider.listTargets(ctx, access)
      const found = targets.find(({ targetId }) => targetId === account.targetId)
      for (const [name, value] of Object.entries(found?.secrets ?? {})) secrets.set(`target ${name}`, value)
      const target = {
        targetId: account.targetId,
        handle: found?.handle ?? account.targetId,
        settings: found?.settings ?? {},
        secrets: found?.secrets ?? {},
      }
      return { account, authorization, access, target }
    },
    async authorize(account, answer = 'approve') {
      const request = { fields: account.fields, redirectUri, isReconnect: false }
      const server = (await provider.locateServer?.(ctx, account.fields)) ?? null
      if (server && provider.registerClient) {
        const scopes = server.scopes ?? scopesToAsk(provider.manifest, null)
        const registered = await provider.registerClient(ctx, server, { redirectUri, scopes })
        const { clientId: id, clientSecret } = registered
        ctx.client = {
          id,
          secrets: clientSecret === null ? [] : [clientSecret],
          optionalScopes: [],
          values: {},
        }
        ctx.server = server
      }
      for (const [index, secret] of (ctx.client?.secrets ?? []).entries()) {
        secrets.set(`client secret ${index}`, secret)
      }
      const pending = await beginAuthorization(ctx, provider, request, server)
      for (const [name, value] of Object.entries(pending.flow)) secrets.set(`flow ${name}`, value)
      const back = await account[answer]?.(pending.authorizationUrl)
      if (back === undefined) throw new Error('The account of the fake platform has no browser.')
      const { searchParams } = new URL(back)
      if (searchParams.get('state') !== pending.state) throw new Error('The state did not come back.')
      return finishAuthorization(ctx, provider, pending, searchParams)
    },
    renew: ({ access, authorization }) => renewTokens(ctx, provider, access, authorization.secrets),
    async revoke({ access }) {
      if (!canRevoke(ctx, provider, access)) return false
      await revokeAuthorization(ctx, provider, access)
      return true
    },
    files,
    async inputFor({ access, target }, kind = simplest) {
      return {
        access,
        account: target,
        content: await sampleContent(kind, provider, files),
        options: decideOptions(provider.manifest, undefined),
        dedupeKey: provider.createDedupeKey?.(clock.now()) ?? '',
        secrets: {},
        startedAt: clock.now(),
      }
    },
    async prepare(input, from) {
      let step = from ?? (await publishing(provider).start(ctx, input))
      for (let turns = 0; step.type === 'wait' && turns < 100; turns++) {
        note(input, step)
        await pass(step.resumeAfterSeconds)
        step = await publishing(provider).proceed(ctx, input, step.checkpoint)
      }
      if (step.type !== 'send')
        throw new Error(`Publishing came to "${step.type}" without announcing that it sends.`)
      note(input, step)
      return step
    },
    async finish(input, from) {
      let step = from
      for (let turns = 0; step.type !== 'done' && turns < 100; turns++) {
        note(input, step)
        if (step.type === 'wait') await pass(step.resumeAfterSeconds)
        step = await publishing(provider).proceed(ctx, input, step.checkpoint)
      }
      shown.push(step)
      if (step.type !== 'done') throw new Error('Publishing does not come to an end.')
      return step.sent
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
    async close() {
      await files.close()
      await client.close()
    },
  }
}

/** A platform's two publishing hooks. @throws Error where it has none */
export function publishing({ manifest, startPublish, continuePublish }: Provider) {
  if (!startPublish || !continuePublish) throw new Error(`${manifest.id} does not publish.`)
  return { start: startPublish, proceed: continuePublish }
}

/** Where requests may go: what is declared, and the accounts' own servers. */
export const originsOf = (fake: FakePlatform): Set<string> =>
  new Set([...Object.values(fake.endpoints), ...fake.serverOrigins].map((url) => new URL(url).origin))

/** Of a private JWK only what is not public. */
const privatePartOf = ({ d }: JsonObject): string => (typeof d === 'string' ? d : 'no private part')

/** Some servers repeat in an error what they were asked. */
function echo(fake: FakePlatform, request: HttpRequest): HttpResponse {
  const { status, body } = fake.refusal(`I do not understand ${JSON.stringify(request)}`)
  return { status, headers: new Headers(), text: JSON.stringify(body), json: body }
}
