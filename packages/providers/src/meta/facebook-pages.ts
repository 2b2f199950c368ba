import { type GrantAccess, PlatformError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callAsApp, type FacebookApp } from './facebook-app.js'
import { graphId } from './graph.js'

/** What lists of Pages say beside what they are asked for. */
const listed = z.object({
  id: graphId,
  /** Absent where the person may not act for the Page. */
  access_token: z.string().min(1).nullish(),
  tasks: z.array(z.string()).nullish(),
})

/** A Page on which the person may publish, with its own token. */
export interface OwnedPage<T> {
  id: string
  /** Has no end, because the token it was asked with is long-lived. */
  token: string
  page: T
}

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
 * The Pages that were chosen and that the person may publish on. Pages of business portfolios are missing from a person's own list,
 * and are looked for where that was granted.
 * @param asked the fields to ask for, and what they look like
 * @see https://developers.facebook.com/docs/graph-api/reference/user/accounts (2026-11-22)
 */
export async function listOwnedPages<T>(
  app: FacebookApp,
  ctx: ProviderContext,
  access: GrantAccess,
  asked: { fields: string; answer: z.ZodType<T> },
): Promise<OwnedPage<T>[]> {
  const { accessToken } = access.tokens
  const item = listed.and(asked.answer)
  const read = (path: string) =>
    readAll(app, ctx, accessToken, path, `${asked.fields},access_token,tasks`, item)
  const found = await read('me/accounts')
  if (access.grantedScopes.includes('business_management')) {
    const business = z.object({ id: graphId })
    for (const { id } of await readAll(app, ctx, accessToken, 'me/businesses', 'id', business)) {
      for (const edge of ['owned_pages', 'client_pages']) {
        found.push(...(await read(`${id}/${edge}`).catch((error) => noneWithoutPermission(app, error))))
      }
    }
  }
  const pages = new Map<string, OwnedPage<T>>()
  for (const page of found) {
    const { id, access_token: token, tasks } = page
    // Edges of portfolios need not name tasks; who gets the Page's token there may act for it.
    const mayPublish = !tasks || tasks.includes('CREATE_CONTENT') || tasks.includes('MANAGE')
    if (token && mayPublish && !pages.has(id)) pages.set(id, { id, token, page })
  }
  return [...pages.values()]
}

/** All items of an edge. By cursor: the address of the next part, as answered, has the token in it and need not lead to us. */
async function readAll<T>(
  app: FacebookApp,
  ctx: ProviderContext,
  token: string,
  path: string,
  fields: string,
  item: z.ZodType<T>,
): Promise<T[]> {
  const items: T[] = []
  let after: string | null | undefined
  for (let calls = 0; calls < maxCalls; calls++) {
    const query = { fields, limit: '100', ...(after && { after }) }
    const { data, paging } = await callAsApp(app, ctx, { path, query, token, answer: listOf(item) })
    items.push(...data)
    after = paging?.next ? paging.cursors?.after : null
    if (!after) break
  }
  return items
}

/** In some portfolios a person may see the Pages and in others not. */
function noneWithoutPermission({ classifyError }: FacebookApp, error: unknown): [] {
  const kind = error instanceof PlatformError ? classifyError(error, 'connect').kind : null
  if (kind === 'account_unusable' || kind === 'refused') return []
  throw error
}
