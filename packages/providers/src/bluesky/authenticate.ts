import {
  type Authorization,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  TransportError,
} from '@postmcp/core'
import {
  endpoint,
  type Identifier,
  parseIdentifier,
  parseService,
  resolveDid,
  resolveIdentity,
} from './identity.js'
import {
  assertOwn,
  createSession,
  deleteSession,
  getAccountState,
  getSession,
  needsAppPassword,
  parseAppPassword,
  type Session,
  scopesOf,
  toTokens,
} from './session.js'

/**
 * Opens a session with an app password at the server where the account lives. Everything that can be refused without
 * sending the password is refused before; a session that turns out unfit is ended again.
 */
export async function authenticate(
  ctx: ProviderContext,
  fields: Record<string, string>,
): Promise<Authorization> {
  const identifier = parseIdentifier(fields.identifier ?? '')
  const appPassword = parseAppPassword(fields.appPassword ?? '')
  const namedService = fields.service?.trim() ? parseService(fields.service) : null

  const identity =
    namedService === null && identifier.kind !== 'email'
      ? await resolveIdentity(ctx, { kind: identifier.kind, text: identifier.text })
      : null
  const loginService = identity?.pds ?? namedService ?? endpoint(ctx, 'entryway')
  const did = identity?.did ?? (identifier.kind === 'did' ? identifier.text : null)
  const session = await logIn(ctx, loginService, did ?? identifier.text, appPassword, did)
  try {
    if (did !== null) assertOwn(session, did, loginService)
    const grantedScopes = scopesOf(session)
    refuseUnusable(session.active ? 'active' : session.status)
    const settings = identity
      ? { pds: identity.pds }
      : await findHome(ctx, session, loginService, namedService !== null)
    return {
      subject: session.did,
      tokens: toTokens(session),
      grantedScopes,
      settings,
      secrets: { appPassword },
    }
  } catch (error) {
    await endQuietly(ctx, loginService, session)
    throw error
  }
}

async function logIn(
  ctx: ProviderContext,
  service: string,
  identifier: Identifier['text'],
  appPassword: string,
  did: string | null,
): Promise<Session> {
  try {
    return await createSession(ctx, service, identifier, appPassword)
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    if (error.platformCode === 'AuthFactorTokenRequired') {
      throw needsAppPassword('Bluesky asks for a second factor, so this is not an app password.')
    }
    if (error.platformCode === 'AuthenticationRequired' && did !== null) {
      // Of a moderated account any app password is refused as if it were wrong.
      refuseUnusable(await getAccountState(ctx, service, did).catch(() => 'active'))
    }
    const state = statusOfCode.get(error.platformCode ?? '')
    if (state !== undefined) refuseUnusable(state)
    throw error
  }
}

/** What is wrong with an account, by the status of a session. */
const unusableAccounts = new Map([
  [
    'takendown',
    {
      what: 'has been taken down by its moderators',
      nextAction: 'Appeal to the moderators in the Bluesky app; connect the account once it is restored.',
    },
  ],
  [
    'suspended',
    {
      what: 'is suspended by its moderators',
      nextAction:
        'Look in the Bluesky app how long the suspension lasts, and connect the account afterwards.',
    },
  ],
  [
    'deactivated',
    {
      what: 'is deactivated',
      nextAction: 'Log in to the Bluesky app to activate the account again, then connect it.',
    },
  ],
])
const statusOfCode = new Map([
  ['AccountTakedown', 'takendown'],
  ['AccountSuspended', 'suspended'],
  ['AccountDeactivated', 'deactivated'],
])

/** @throws PostMcpError `account_not_publishable` for every state but `active` */
function refuseUnusable(state: string | null): void {
  if (state === 'active') return
  const known = unusableAccounts.get(state ?? '')
  throw new PostMcpError(
    'account_not_publishable',
    `This Bluesky account ${known?.what ?? 'is not active'}.`,
    {
      platform: 'bluesky',
      platformCode: state ?? undefined,
      nextAction:
        known?.nextAction ?? 'Look in the Bluesky app what is wrong with the account, then connect it again.',
    },
  )
}

/**
 * Where the account of a session lives. The server that opened the session may be an entryway, or may claim an account that
 * is not its own; so the session has to work at the server the account's own document names. A server that was believed
 * without that is remembered under the name of its field, so that a reconnect names it again.
 * @throws PostMcpError `identity_mismatch`
 */
async function findHome(
  ctx: ProviderContext,
  session: Session,
  loginService: string,
  isNamedByUser: boolean,
): Promise<{ pds: string; service?: string }> {
  let home: string
  try {
    home = (await resolveDid(ctx, session.did)).pds
  } catch (error) {
    // The directory cannot be asked. A server somebody named on purpose is believed for now.
    const cannotAsk = error instanceof TransportError || error instanceof PlatformError
    if (isNamedByUser && cannotAsk) return { pds: loginService, service: loginService }
    throw error
  }
  if (home === loginService) return { pds: home }
  try {
    assertOwn(await getSession(ctx, home, session.accessJwt), session.did, home)
    return { pds: home }
  } catch (error) {
    const isRefusal =
      error instanceof MalformedResponseError ||
      (error instanceof PlatformError && error.status < 500 && error.status !== 429)
    if (!isRefusal) throw error
    throw new PostMcpError(
      'identity_mismatch',
      `${new URL(loginService).host} opened a session for ${session.did}, but that account lives at ${new URL(home).host}, which does not accept it.`,
      { platform: 'bluesky', nextAction: `Connect with --service ${home}, or without --service.` },
    )
  }
}

/** The refusal is what the user must hear, whether or not the clean-up works. */
async function endQuietly(ctx: ProviderContext, service: string, session: Session): Promise<void> {
  await deleteSession(ctx, service, session.refreshJwt).catch((error: unknown) => {
    ctx.logger.warn(
      { platform: 'bluesky', error: error instanceof Error ? error.message : 'unknown' },
      'session not ended',
    )
  })
}
