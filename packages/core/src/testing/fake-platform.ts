import type { AppClient } from '../provider/context.js'

/** A platform on loopback, simulated or real, with switches for bad days. What `testProvider` needs of it. */
export interface FakePlatform {
  /** An address for each endpoint the manifest declares; one that is only ever linked to may be any. */
  endpoints: Record<string, string>
  /** Origins of the accounts' own servers, where the platform has such. */
  serverOrigins: readonly string[]
  /** Our application there, where one is configured by hand. */
  client?: AppClient | null
  /** A new account with nothing in it. */
  createAccount(): Promise<FakeAccount>
  /** The same token after the end of its life, as the platform sees it. */
  expireAccessToken(accessToken: string): string
  /** Every request from now on meets this, until `heal`. */
  fail(fault: Fault): void
  heal(): void
  /** How the platform words a refusal, with this message in it. */
  refusal(message: string): { status: number; body: unknown }
  close(): Promise<void>
}

/** An account at a fake platform. */
export interface FakeAccount {
  /** The id under which it is listed as a target. */
  targetId: string
  /** Credentials that work, or what an OAuth connect asks for first, by declared field. */
  fields: Record<string, string>
  /** Credentials of the right form that do not. */
  wrongFields: Record<string, string>
  /** The owner consents in his browser. @returns the address the platform sends him back to */
  approve?(authorizationUrl: string): Promise<string>
  /** The same, but he denies. */
  deny?(authorizationUrl: string): Promise<string>
  /** The owner takes away our access. */
  revokeAccess(): Promise<void>
  /** Everything of this account that the public sees, oldest first. */
  posts(): Promise<SeenPost[]>
}

/** A post as its readers see it. */
export interface SeenPost {
  /** As the provider reports it. */
  id: string
  text: string
  media: { sha256: string; altText: string | null }[]
  /** The post below which it stands, as a reply or comment; null: it stands for itself. */
  inReplyTo: string | null
}

/**
 * What can go wrong on the way.
 * - `rate_limited`: refused for now, with the time to come back
 * - `server_error`: an error of the platform
 * - `garbage`: an answer no documentation knows, such as a web page
 * - `lost_request`: the connection breaks before the platform has seen the request
 * - `lost_answer`: the platform acts, and the connection breaks before the answer
 */
export type Fault = 'rate_limited' | 'server_error' | 'garbage' | 'lost_request' | 'lost_answer'
