import type { HttpClient } from '../http/http-client.js'
import type { Clock, Logger } from '../model/ambient.js'
import { PostMcpError } from '../model/errors.js'
import type { Manifest } from './manifest.js'
import { applicationId } from './ways.js'

/** The application as which we are registered at the platform. */
export interface AppClient {
  /** `client_id` of RFC 6749; empty where the platform knows no such thing. */
  id: string
  /** Newest first; more than one while the operator is changing it; none for a public client. */
  secrets: readonly string[]
  /** Optional scopes that the operator wants asked for. */
  optionalScopes: readonly string[]
  /** Further fields of `manifest.app`, such as a bot token or a signing secret. */
  values: Readonly<Record<string, string>>
}

/** What core hands to every hook of a provider. */
export interface ProviderContext {
  http: HttpClient
  clock: Clock
  /** Aborted when the result is no longer wanted. Already applied to `http`. */
  signal: AbortSignal
  logger: Logger
  /** The manifest's endpoints with the operator's overrides, without a trailing slash. */
  endpoints: Record<string, string>
  /** Null where nobody configured one; `requireClient` says so to the operator. */
  client: AppClient | null
  /** Where the client's tokens are renewed and ended, for a server that was found; null: the manifest's addresses. */
  server: { tokenUrl: string; revocationUrl?: string | undefined } | null
  /** Where the world reaches us, without a trailing slash. */
  publicUrl: string
}

/** @throws PostMcpError `client_not_configured` that names the variables to set */
export function requireClient(ctx: ProviderContext, manifest: Manifest): AppClient {
  if (ctx.client) return ctx.client
  throw clientNotConfigured(manifest)
}

/** The error of a platform for which the operator has configured no application. */
export function clientNotConfigured(manifest: Manifest): PostMcpError {
  const { id, name, app } = manifest
  const variables = (app?.fields ?? [])
    .filter(({ required }) => required)
    .map((field) => variableOf(applicationId(manifest), field.name))
  return new PostMcpError('client_not_configured', `${name} needs an application that is registered there.`, {
    platform: id,
    nextAction: `Register one at ${app?.registrationUrl ?? name}, then set ${variables.join(' and ')}.`,
    helpUrl: app?.registrationUrl,
  })
}

/** The variable of a field: `clientId` of `slack` is `POSTMCP_SLACK_CLIENT_ID`; see `applicationId`. */
export const variableOf = (application: string, field: string): string =>
  `POSTMCP_${application.toUpperCase()}_${field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
