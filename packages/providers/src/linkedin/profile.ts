import {
  type Authorization,
  type CodeExchange,
  type GrantAccess,
  PlatformError,
  type ProviderContext,
  requireClient,
  type Target,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { readIdToken } from './id-token.js'
import { manifest } from './manifest.js'

/** A member as LinkedIn shows them to an application: there is no handle and no address of a profile. */
export interface Member {
  /** Another one in each application. */
  sub: string
  name: string | null
  picture: string | null
}

const userinfo = z.object({
  sub: z.string().min(1),
  name: z.string().optional(),
  picture: z.string().optional(),
})

const personPrefix = 'urn:li:person:'

/** Who granted, and what was granted. */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { tokens, answer, requestedScopes } = exchange
  const { id } = requireClient(ctx, manifest)
  const { sub, name, picture } = readIdToken(answer.id_token, id) ?? (await readMember(ctx, tokens))
  return {
    subject: `${personPrefix}${sub}`,
    tokens,
    grantedScopes: tokens.grantedScopes ?? requestedScopes,
    settings: { name, picture },
    secrets: {},
  }
}

async function readMember(ctx: ProviderContext, tokens: TokenSet): Promise<Member> {
  const { sub, name, picture } = await callApi(ctx, tokens, { path: '/v2/userinfo', answer: userinfo })
  return { sub, name: name ?? null, picture: picture ?? null }
}

/**
 * The member as they look now; null when only `/v2/userinfo` has no faith in the token, which for new ones means nothing.
 * @param isAlive whether the token is good by other means; asked only then
 */
export async function readLook(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  isAlive: () => Promise<boolean>,
): Promise<Member | null> {
  try {
    return await readMember(ctx, tokens)
  } catch (error) {
    const isDoubt = error instanceof PlatformError && error.status === 401
    if (isDoubt && (await isAlive())) return null
    throw error
  }
}

/** The member as a target, as `look` or, without one, as they looked when they granted. */
export function toMemberTarget({ subject, settings }: GrantAccess, look: Member | null): Target {
  const { name, picture } = look ?? settings
  return {
    targetId: subject,
    kind: 'member',
    handle: typeof name === 'string' && name !== '' ? name : subject.slice(personPrefix.length),
    displayName: typeof name === 'string' ? name : null,
    avatarUrl: typeof picture === 'string' ? picture : null,
    profileUrl: null,
  }
}
