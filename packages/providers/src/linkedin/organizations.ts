import {
  type GrantAccess,
  MalformedResponseError,
  type ProviderContext,
  type Target,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'
import { baseOf, callApi } from './api.js'

const prefix = 'urn:li:organization:'

/**
 * Roles whose holders may post; LinkedIn's pages call the second one by two names.
 * @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role (2026-11-22)
 */
const postingRoles = new Set([
  'ADMINISTRATOR',
  'CONTENT_ADMIN',
  'CONTENT_ADMINISTRATOR',
  'DIRECT_SPONSORED_CONTENT_POSTER',
])

const pageSize = 50
const mostPages = 40

const acls = z.object({
  elements: z.array(z.object({ organization: z.string(), role: z.string(), state: z.string() })),
  paging: z.object({ links: z.array(z.object({ rel: z.string() })).default([]) }).optional(),
})

const looks = z.object({
  results: z.record(
    z.string(),
    z.object({ localizedName: z.string().optional(), vanityName: z.string().optional() }),
  ),
})

/** Whether a target is a company page. */
export const isOrganization = (targetId: string): boolean => targetId.startsWith(prefix)

/** URNs of the company pages the member may post to. */
export async function listOrganizationIds(ctx: ProviderContext, { tokens }: GrantAccess): Promise<string[]> {
  const found = new Set<string>()
  let start = 0
  for (let page = 0; page < mostPages; page++) {
    const { elements, paging } = await callApi(ctx, tokens, {
      path: '/rest/organizationAcls',
      query: `q=roleAssignee&state=APPROVED&start=${start}&count=${pageSize}`,
      answer: acls,
    })
    for (const { organization, role, state } of elements) {
      if (state === 'APPROVED' && postingRoles.has(role)) found.add(organization)
    }
    start += elements.length
    if (elements.length === 0 || !paging?.links.some(({ rel }) => rel === 'next')) return [...found]
  }
  throw new MalformedResponseError('LinkedIn lists company pages without end.')
}

/** Company pages as targets. One that cannot be looked at keeps its number as its name. */
export async function toOrganizationTargets(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  targetIds: readonly string[],
): Promise<Target[]> {
  const found: Target[] = []
  for (let at = 0; at < targetIds.length; at += pageSize) {
    const some = targetIds.slice(at, at + pageSize)
    const looksById = await lookUp(ctx, tokens, some.map(numberOf))
    for (const targetId of some) {
      const number = numberOf(targetId)
      const { localizedName, vanityName } = looksById[number] ?? {}
      found.push({
        targetId,
        kind: 'organization',
        handle: vanityName ?? number,
        displayName: localizedName ?? null,
        // A logo is named by a URN only, which takes further calls and rights to open.
        avatarUrl: null,
        profileUrl: `${baseOf(ctx, 'www')}/company/${number}`,
      })
    }
  }
  return found
}

/** Answers every holder of a role; `/rest/organizations` answers administrators only. */
async function lookUp(ctx: ProviderContext, tokens: TokenSet, numbers: readonly string[]) {
  const { results } = await callApi(ctx, tokens, {
    path: '/rest/organizationsLookup',
    query: `ids=List(${numbers.join(',')})`,
    answer: looks,
  })
  return results
}

const numberOf = (targetId: string) => encodeURIComponent(targetId.slice(prefix.length))
