import { type GrantAccess, PlatformError, type ProviderContext, type Target } from '@postmcp/core'
import { z } from 'zod'
import { graphId } from '../meta/graph.js'
import { callFacebook } from './api.js'
import { classifyError } from './errors.js'
import { pageAnswer, pageFields, toShown } from './profile.js'

const page = pageAnswer.extend({
  /** Absent where the person may not act for the Page. */
  access_token: z.string().min(1).nullish(),
  tasks: z.array(z.string()).nullish(),
})
type Page = z.infer<typeof page>

const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    paging: z
      .object({ cursors: z.object({ after: z.string().nullish() }).nullish(), next: z.string().nullish() })
      .nullish(),
  })

/** Nobody manages more Pages, or portfolios, than this many times a hundred. */
const maxCalls = 50

/**
 * The Pages that were chosen and that the person may publish on, each with its own token, which has no end because the token it is
 * asked with is long-lived. Pages of business portfolios are missing from a person's own list.
 * @see https://developers.facebook.com/docs/graph-api/reference/user/accounts (2026-11-22)
 */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const { accessToken } = access.tokens
  // The refusal that follows a missing scope names it and why it is needed; the one of the platform does not.
  if (!access.grantedScopes.includes('pages_show_list')) return []
  const found = await readPages(ctx, accessToken, 'me/accounts')
  if (access.grantedScopes.includes('business_management')) {
    for (const { id } of await readAll(ctx, accessToken, 'me/businesses', 'id', z.object({ id: graphId }))) {
      for (const edge of ['owned_pages', 'client_pages']) {
        found.push(...(await readPages(ctx, accessToken, `${id}/${edge}`).catch(noneWithoutPermission)))
      }
    }
  }
  const pages = new Map<string, Target>()
  for (const one of found) {
    const target = toTarget(ctx, one)
    if (target && !pages.has(one.id)) pages.set(one.id, target)
  }
  return [...pages.values()]
}

const readPages = (ctx: ProviderContext, token: string, path: string): Promise<Page[]> =>
  readAll(ctx, token, path, `${pageFields},access_token,tasks`, page)

/** All items of an edge. By cursor: the address of the next part, as answered, has the token in it and need not lead to us. */
async function readAll<T extends z.ZodType>(
  ctx: ProviderContext,
  token: string,
  path: string,
  fields: string,
  item: T,
): Promise<z.infer<T>[]> {
  const items: z.infer<T>[] = []
  let after: string | null | undefined
  for (let calls = 0; calls < maxCalls; calls++) {
    const query = { fields, limit: '100', ...(after && { after }) }
    const { data, paging } = await callFacebook(ctx, { path, query, token, answer: listOf(item) })
    items.push(...data)
    after = paging?.next ? paging.cursors?.after : null
    if (!after) break
  }
  return items
}

/** In some portfolios a person may see the Pages and in others not. */
function noneWithoutPermission(error: unknown): Page[] {
  const kind = error instanceof PlatformError ? classifyError(error, 'connect').kind : null
  if (kind === 'account_unusable' || kind === 'refused') return []
  throw error
}

/** Null for a Page on which the person may not publish. */
function toTarget(ctx: ProviderContext, one: Page): Target | null {
  const { id, access_token, tasks } = one
  // Edges of portfolios need not name tasks; who gets the Page's token there may act for it.
  const mayPublish = !tasks || tasks.includes('CREATE_CONTENT') || tasks.includes('MANAGE')
  if (!access_token || !mayPublish) return null
  return { targetId: id, ...toShown(ctx, one), kind: 'page', secrets: { pageToken: access_token } }
}
