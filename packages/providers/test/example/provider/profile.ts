import type {
  Authorization,
  CodeExchange,
  GrantAccess,
  ProviderContext,
  Target,
  TargetAccess,
  Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

const page = z.object({ id: z.string().min(1), name: z.string(), handle: z.string().min(1) })
const person = z.object({ id: z.string().min(1) })

/** Who granted. Their pages are the accounts. */
export async function identify(
  ctx: ProviderContext,
  { tokens, requestedScopes }: CodeExchange,
): Promise<Authorization> {
  const { id } = await callApi(ctx, { method: 'GET', path: '/me', access: { tokens }, answer: person })
  const grantedScopes = tokens.grantedScopes ?? requestedScopes
  return { subject: id, tokens, grantedScopes, settings: {}, secrets: {} }
}

/** All pages that were ticked on the consent page. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const answer = z.object({ pages: z.array(page) })
  const { pages } = await callApi(ctx, { method: 'GET', path: '/pages', access, answer })
  return pages.map((one) => toTarget(ctx, one))
}

/** Asks for the page; an error of it is read by `classifyError`. */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Verification> {
  const path = `/pages/${encodeURIComponent(targetId)}`
  const found = await callApi(ctx, { method: 'GET', path, access, answer: page })
  const { targetId: _, ...target } = toTarget(ctx, found)
  return { target, status: 'active', reason: null, platformCode: null }
}

const toTarget = (ctx: ProviderContext, { id, name, handle }: z.infer<typeof page>): Target => ({
  targetId: id,
  handle,
  displayName: name,
  avatarUrl: null,
  profileUrl: `${ctx.endpoints.web}/${encodeURIComponent(handle)}`,
})
