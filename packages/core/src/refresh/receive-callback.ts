import type { CoreContext } from '../core-context.js'
import { recordAccountHealth, recordGrantHealth } from '../health/record-health.js'
import type { HealthVerdict } from '../model/account.js'
import { PostMcpError } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import { isId } from '../model/ids.js'
import { operatorContext, providerContext } from '../oauth/provider-context.js'
import type { ProviderContext } from '../provider/context.js'
import type { InboundCallback, InboundNotice, Provider } from '../provider/provider.js'
import { furtherWaysOf } from '../provider/ways.js'
import { targetSecretsOf } from './target-access.js'

/**
 * Which application of ours a platform calls back: `operator`, `sandbox`, or the id of a workspace's own (`client_…`). The
 * operator's application for a further way has the id of that way behind a dot: `operator.facebook_login`.
 */
export interface CallbackAddress {
  platform: string
  clientRef: string
}

/** What has to be said to the platform. */
export type CallbackAnswer = { body: string; contentType: string } | null

interface Addressee {
  /** As it is on the way of the application that was called. */
  provider: Provider
  ctx: ProviderContext
  /** Whether a grant was obtained with the application that was called. */
  concerns(grant: Grant): boolean
}

/**
 * Takes in what a platform tells by calling us. The signature is checked by the provider before anything is believed; an event that
 * came before is dropped; whom it concerns is looked up, never taken from the payload.
 * @throws PostMcpError `not_found` for an address nobody gave out; `unauthorized` for a signature that is not good
 */
export async function receiveCallback(
  core: CoreContext,
  address: CallbackAddress,
  callback: InboundCallback,
): Promise<CallbackAnswer> {
  const addressee = await findAddressee(core, address)
  if (!addressee?.provider.receive) {
    throw new PostMcpError('not_found', 'Nobody listens to a platform at this address.')
  }
  let answer: CallbackAnswer = null
  for (const notice of await addressee.provider.receive(addressee.ctx, callback)) {
    if (notice.type === 'answer') answer = { body: notice.body, contentType: notice.contentType }
    else await applyOnce(core, address, addressee, notice)
  }
  return answer
}

async function findAddressee(
  core: CoreContext,
  { platform, clientRef }: CallbackAddress,
): Promise<Addressee | null> {
  const { live, sandbox } = core.environments
  const { manifest } = core.providers.get(platform)
  const [whose = '', way = null, ...rest] = clientRef.split('.')
  const environment = whose === 'operator' ? live : whose === 'sandbox' ? sandbox : null
  if (environment) {
    if (rest.length > 0 || (way !== null && !Object.hasOwn(furtherWaysOf(manifest), way))) return null
    const provider = core.providers.get(platform, way)
    const ctx = operatorContext(core, environment, provider)
    const clientId = ctx.client?.id
    const concerns = (grant: Grant) =>
      grant.way === way && (grant.client === null || grant.client.clientId === clientId)
    return { provider, ctx, concerns }
  }
  if (!isId('oauthClient', clientRef)) return null
  const stored = await core.store.oauthClients.find(clientRef)
  if (stored?.platform !== manifest.id) return null
  const { workspaceId, clientId } = stored
  const provider = core.providers.get(platform, stored.way)
  const client = { source: 'workspace' as const, clientId, oauthClientId: stored.id, server: null }
  const ctx = await providerContext(core, provider, { workspaceId, client })
  return { provider, ctx, concerns: (grant) => grant.client?.oauthClientId === stored.id }
}

type News = Exclude<InboundNotice, { type: 'answer' }>

/** An old event that comes again must not end an account that was reconnected meanwhile. */
async function applyOnce(
  core: CoreContext,
  address: CallbackAddress,
  addressee: Addressee,
  notice: News,
): Promise<void> {
  const { platform, clientRef } = address
  const { inboundEvents } = core.store
  if (!(await inboundEvents.isNew(platform, clientRef, notice.eventId, core.clock.now()))) return
  try {
    await apply(core, address, addressee, notice)
  } catch (error) {
    // The platform sends it again.
    await inboundEvents.forget(platform, clientRef, notice.eventId).catch(() => {})
    throw error
  }
}

async function apply(
  core: CoreContext,
  { platform }: CallbackAddress,
  { concerns }: Addressee,
  notice: News,
): Promise<void> {
  const { subject } = notice
  const verdict: HealthVerdict = {
    status: 'revoked',
    reason: 'token_revoked',
    detectedBy: 'callback',
    platformCode: notice.type === 'revoked' ? notice.platformCode : 'deletion_requested',
    missingScopes: [],
  }
  for (const grant of (await core.store.grants.listBySubject(platform, subject)).filter(concerns)) {
    if (notice.type === 'revoked' && notice.targetId !== undefined) {
      const { workspaceId } = grant
      const account = await core.store.accounts.findByTarget(workspaceId, platform, notice.targetId)
      if (account?.grantId === grant.id) await recordAccountHealth(core, account, grant, verdict)
      continue
    }
    await recordGrantHealth(core, grant, verdict)
    if (notice.type === 'deletion_requested') await destroySecrets(core, grant)
  }
}

/** A person wants everything deleted: what would open anything of his goes at once. */
async function destroySecrets(core: CoreContext, { workspaceId, id }: Grant): Promise<void> {
  const accounts = await core.store.accounts.listByGrant(workspaceId, id)
  const now = core.clock.now()
  await core.store.transaction(async (tx) => {
    await tx.credentials.deleteAllOf(workspaceId, 'grant', id)
    for (const account of accounts) {
      const { type, id: ownerId } = targetSecretsOf(account.id)
      await tx.credentials.deleteAllOf(workspaceId, type, ownerId)
    }
    const subjectId = id
    await tx.audit.add(
      { workspaceId, actor: 'system', action: 'grant.deletion_requested', subjectId, details: {} },
      now,
    )
  })
}
