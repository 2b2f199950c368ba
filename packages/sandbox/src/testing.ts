import type { BadDay } from './bad-days.js'
import type { ConsentDecision } from './consent.js'
import { readForm } from './consent-form.js'
import type { SandboxAccount } from './platform.js'
import type { PlatformHandle } from './platform-handle.js'
import type { Media } from './world.js'

/** An account of a simulated platform, as the conformance suite needs it: fits `FakeAccount` of `@postmcp/core/testing`. */
export interface SandboxFakeAccount {
  targetId: string
  fields: Record<string, string>
  wrongFields: Record<string, string>
  revokeAccess(): Promise<void>
  /** Everything of this account that the public sees, oldest first. */
  posts(): Promise<SeenPost[]>
  /** Allows what the address asks for, as this person. Returns the address the platform redirects to. */
  approve(authorizationUrl: string): Promise<string>
  /** The same, but denies. */
  deny(authorizationUrl: string): Promise<string>
}

/** A post as its readers see it: fits `SeenPost` of `@postmcp/core/testing`. */
export interface SeenPost {
  id: string
  text: string
  media: { sha256: string; altText: string | null }[]
  inReplyTo: string | null
}

/** A simulated platform, as the conformance suite needs it: fits `FakePlatform` of `@postmcp/core/testing`. */
export interface SandboxFakePlatform {
  endpoints: Record<string, string>
  serverOrigins: readonly string[]
  /** What an operator configures, as a provider gets it; null where there is nothing. */
  client: {
    id: string
    secrets: readonly string[]
    optionalScopes: readonly string[]
    values: Readonly<Record<string, string>>
  } | null
  createAccount(): Promise<SandboxFakeAccount>
  expireAccessToken(accessToken: string): string
  fail(fault: Exclude<BadDay['fault'], 'slow' | 'slow_media'>): void
  heal(): void
  refusal(message: string): { status: number; body: unknown }
  close(): Promise<void>
}

/**
 * Allows on a consent page, as a browser would.
 *
 * @param decision what differs from the page's own answer, which is the first person, every scope and everything of theirs
 * @returns the address the platform redirects to
 * @throws Error when the address shows no consent page, or the platform does not redirect
 */
export async function approve(
  authorizationUrl: string,
  decision: Partial<ConsentDecision> = {},
): Promise<string> {
  return decide(authorizationUrl, (form) => {
    form.set('decision', 'allow')
    if (decision.personId !== undefined) form.set('person', decision.personId)
    replaceAll(form, 'scope', decision.scopes)
    replaceAll(form, 'resource', decision.resourceIds)
  })
}

/** Denies on a consent page; else as `approve`. */
export const deny = (authorizationUrl: string): Promise<string> =>
  decide(authorizationUrl, (form) => form.set('decision', 'deny'))

async function decide(authorizationUrl: string, fill: (form: URLSearchParams) => void): Promise<string> {
  const page = await fetch(authorizationUrl, { redirect: 'manual' })
  const redirect = page.headers.get('location')
  // Faulty requests are sent back without asking anyone.
  if (page.status >= 300 && page.status < 400 && redirect !== null) return redirect
  const { action, fields } = readForm(await page.text(), page)
  fill(fields)
  const answer = await fetch(action, { method: 'POST', body: fields, redirect: 'manual' })
  const location = answer.headers.get('location')
  if (location === null)
    throw new Error(`After the decision came status ${answer.status} and no redirect: ${await answer.text()}`)
  return location
}

function replaceAll(form: URLSearchParams, name: string, values: readonly string[] | undefined): void {
  if (values === undefined) return
  form.delete(name)
  for (const value of values) form.append(name, value)
}

/**
 * Makes a simulated platform fit for the conformance suite.
 *
 * @param options.close what ends it; usually that of `startSandbox`
 * @param options.way the further way that is tested; default: the first
 * @param options.targetId under which the provider lists an account, where that is not the `targetId` of the platform itself
 * @param options.endpoints further endpoints of the manifest, such as some that are only linked to
 */
export function asFakePlatform(
  handle: PlatformHandle,
  options: {
    close(): Promise<void>
    way?: string
    targetId?: (targetId: string) => string
    endpoints?: Record<string, string>
  },
): SandboxFakePlatform {
  const { platform, kit, world, tokens, badDays } = handle
  return {
    endpoints: { ...handle.endpoints, ...options.endpoints },
    serverOrigins: platform.ownOrigin ? [new URL(handle.base).origin] : [],
    client: clientOf(options.way === undefined ? platform.app : (handle.furtherApps[options.way] ?? null)),
    async createAccount() {
      const { personId, targetId, resourceId, fields, wrongFields, ...account } = addAccount(
        handle,
        options.way,
      )
      const chosenIds = account.chosenIds ?? (resourceId === undefined ? undefined : [resourceId])
      return {
        targetId: options.targetId?.(targetId) ?? targetId,
        fields,
        wrongFields,
        async revokeAccess() {
          handle.removeAccess(personId)
        },
        async posts() {
          const of = resourceId === undefined ? { personId } : { resourceId }
          return world
            .posts(of)
            .filter(({ isPublic }) => isPublic)
            .map(({ id, text, media, inReplyTo }) => ({
              id,
              text,
              media: media.map((file) => ({ sha256: sourceOf(file), altText: file.altText })),
              inReplyTo,
            }))
        },
        approve: (authorizationUrl) =>
          approve(authorizationUrl, {
            personId,
            ...(chosenIds !== undefined && { resourceIds: [...chosenIds] }),
          }),
        deny,
      }
    },
    expireAccessToken(accessToken) {
      tokens.expireAccessToken(accessToken)
      return accessToken
    },
    fail: (fault) => badDays.set({ fault }),
    heal: () => badDays.heal(),
    refusal: (message) => platform.errors(kit).refusal(message),
    close: options.close,
  }
}

/** The hash of a file as it was given, whatever the platform has made of it. */
const sourceOf = ({ sha256, facts }: Media): string =>
  typeof facts.sourceSha256 === 'string' ? facts.sourceSha256 : sha256

function clientOf(app: Record<string, string> | null): SandboxFakePlatform['client'] {
  if (!app) return null
  const { clientId = '', clientSecret, ...values } = app
  const secrets = clientSecret === undefined ? [] : [clientSecret]
  return { id: clientId, secrets, optionalScopes: [], values }
}

function addAccount({ platform, kit, world }: PlatformHandle, way: string | undefined): SandboxAccount {
  if (platform.addAccount) return platform.addAccount(kit, way)
  const number = world.people().length + 1
  const person = world.addPerson({ name: `Person ${number}`, handle: `person${number}` })
  const fields = platform.connectFields(kit, person.id)
  return { personId: person.id, targetId: person.id, fields, wrongFields: {} }
}
