import type { Hono } from 'hono'
import type { BadDays } from './bad-days.js'
import type { CallbackPolicy } from './callbacks.js'
import type { Consent } from './consent.js'
import type { Random } from './random.js'
import type { TokenPolicy } from './token-policy.js'
import type { TokenService } from './token-service.js'
import type { Person, World } from './world.js'

/** One simulated platform: the same paths, parameters, answers and refusals as the real one, as its fact page tells them. */
export interface SandboxPlatform {
  /** As of the provider it stands for; also the first part of its path. */
  id: string
  name: string
  /** True where the real thing is addressed by its origin alone: it then listens on a port of its own and its base has no path. */
  ownOrigin?: boolean
  /** Path below the platform's base address for each endpoint that the provider's manifest declares; '' is the base itself. */
  endpoints: Record<string, string>
  /** Starts of paths that a person's browser opens, such as `/oauth/authorize`: bad days spare them. */
  browserPaths: readonly string[]
  /** Paths of the pages that ask a person for consent; only these are shown where the sandbox is reached from outside. */
  consentPaths: readonly (string | RegExp)[]
  /**
   * What the operator of a real installation would have configured for it: the fields of `manifest.app`; null where there are none.
   * Where it has `clientId`, that client is registered before `routes` is called, with `clientSecret`, if any, and `kit.redirectUris`.
   */
  app: Record<string, string> | null
  /** The same for each further way of the provider's manifest, by its id. Default: none. */
  furtherApps?: Record<string, Record<string, string>>
  /** How long its codes and tokens live, and what becomes of replayed ones. */
  tokens: TokenPolicy
  /** Ways in which it may see a person besides `active`, such as `suspended`; the routes decide what each means. */
  conditions?: readonly string[]
  /** What a person types to connect, where something has to be typed: an instance, a bot token. */
  connectFields(kit: PlatformKit, personId: string): Record<string, string>
  /** Fills a new world with people and what they own: pages, channels, boards. */
  seed(world: World): void
  /**
   * Somebody new with one target to publish to, for the conformance suite. Default: a person who is the target.
   * @param way the further way by which they connect; absent: the first
   */
  addAccount?(kit: PlatformKit, way?: string): SandboxAccount
  /** What it takes for a person to take away our access. Default: everything they granted ends. */
  revokeAccess?(kit: PlatformKit, personId: string): void
  /** How it calls applications, where it does. */
  callbacks?: CallbackPolicy
  /** The platform's HTTP API and its authorization page, relative to the base address. */
  routes(kit: PlatformKit): Hono
  /** How the platform words passing trouble and refusals. */
  errors(kit: PlatformKit): PlatformErrors
}

/** How a platform words passing trouble and refusals. */
export interface PlatformErrors {
  rateLimited(retryAfterSeconds: number): Response
  serverError(): Response
  /** A refusal of a request with this text in it. */
  refusal(message: string): { status: number; body: unknown }
}

/** Somebody new at a platform, with one target to publish to. */
export interface SandboxAccount {
  personId: string
  /** Under which the provider lists the target. */
  targetId: string
  /** Where its posts stand; absent: on the person's own profile. */
  resourceId?: string
  /** What they choose on the consent page. Default: `resourceId`, if any. */
  chosenIds?: readonly string[]
  /** What to connect with. */
  fields: Record<string, string>
  /** Of the right form, but wrong. Empty where nothing secret is typed. */
  wrongFields: Record<string, string>
}

/** What a platform is built from. */
export interface PlatformKit {
  id: string
  /** Where the platform is reached, such as `http://127.0.0.1:4478/slack`, without a trailing slash; known once the server listens. */
  base(): string
  world: World
  tokens: TokenService
  consent: Consent
  badDays: BadDays
  /** For values in a platform's own form. */
  random: Random
  /** What the operator registered as redirect addresses; see `Client.redirectUris`. */
  redirectUris: readonly string[]
  /** Where on this machine something of an application is, by the address that the world has for it. */
  reach(address: string): string
  /** The sandbox's own clock, which tests move. */
  now(): Date
  /** Where a picture of a person is served. */
  avatarUrl(person: Person): string
  /** Where the bytes of an upload are served. */
  mediaUrl(mediaId: string): string
}
