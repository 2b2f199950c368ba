import {
  type Authorization,
  type CodeExchange,
  type GrantAccess,
  type JsonObject,
  MalformedResponseError,
  PostMcpError,
  type ProviderContext,
  type Target,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { hostOf, instanceOf } from './instance.js'
import { readInstanceLimits } from './instance-limits.js'

/** Ids have a form of their own on every software; only as texts are they alike. */
const id = z.union([z.string().min(1), z.number().transform(String)])

const ownAccount = z.object({
  id,
  username: z.string().min(1),
  display_name: z.string().nullish(),
  avatar: z.string().nullish(),
  url: z.string().nullish(),
  suspended: z.boolean().nullish(),
})
type OwnAccount = z.infer<typeof ownAccount>

/** Who granted: right after the exchange, for an account that waits for approval gets a token and may do nothing with it. */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { tokens, requestedScopes, server } = exchange
  if (!server) throw new PostMcpError('internal_error', 'The instance of the authorization is not known.')
  const { registrationUrl: _, ...settings } = server.settings
  const account = await readOwnAccount(ctx, { settings, tokens })
  return {
    subject: toTarget(settings, account).targetId,
    tokens,
    grantedScopes: tokens.grantedScopes ?? requestedScopes,
    settings,
    secrets: {},
  }
}

/** The one account of a token, with what its instance takes. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const target = toTarget(access.settings, await readOwnAccount(ctx, access))
  return [{ ...target, ...(await limitsNow(ctx, access)) }]
}

/** What the instance takes at present; nothing where it does not say, for that may pass. */
async function limitsNow(ctx: ProviderContext, access: GrantAccess): Promise<{ settings?: JsonObject }> {
  const limits = await readInstanceLimits(ctx, instanceOf(access))
  return limits === null ? {} : { settings: { limits } }
}

/** Asks the instance whether the token works, and for whom, and what it takes now: that changes. */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  account: TargetAccess,
): Promise<Verification> {
  const own = await readOwnAccount(ctx, access)
  const { targetId, ...shown } = toTarget(access.settings, own)
  if (targetId !== account.targetId) {
    throw new MalformedResponseError(`${hostOf(instanceOf(access))} answered with another account.`)
  }
  const target = { ...shown, ...(await limitsNow(ctx, access)) }
  if (!own.suspended) return { target, status: 'active', reason: null, platformCode: null }
  return { target, status: 'verification_failed', reason: 'account_suspended', platformCode: 'suspended' }
}

const readOwnAccount = (ctx: ProviderContext, access: Pick<GrantAccess, 'settings' | 'tokens'>) =>
  callApi(ctx, {
    method: 'GET',
    url: `${instanceOf(access)}/api/v1/accounts/verify_credentials`,
    access,
    answer: ownAccount,
  })

/** An account as people see it. Ids are unique on their instance only. */
function toTarget(settings: JsonObject, account: OwnAccount): Target {
  const instance = instanceOf({ settings })
  const domain = typeof settings.domain === 'string' ? settings.domain : hostOf(instance)
  return {
    targetId: `${hostOf(instance)}/${account.id}`,
    handle: `${account.username}@${domain}`,
    displayName: account.display_name?.trim() || null,
    avatarUrl: webAddress(account.avatar),
    profileUrl: webAddress(account.url) ?? `${instance}/@${account.username}`,
  }
}

const webAddress = (address: string | null | undefined) =>
  address && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol) ? address : null
