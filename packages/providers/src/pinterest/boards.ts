import { type GrantAccess, MalformedResponseError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

const board = z.object({
  id: z.string().regex(/^\d+$/),
  name: z.string().min(1),
  privacy: z.string().nullish(),
  is_ads_only: z.boolean().nullish(),
  owner: z.object({ username: z.string().nullish() }).nullish(),
})

/** A board as the API describes it. */
export type Board = z.infer<typeof board>

/** The largest page there is; it is also asked for, so that few calls do. */
const pageSize = 250
/** Far more than the boards a person may have. */
const maxPages = 100

/**
 * All boards the person may pin to: their own and group boards. Boards for advertisements take no Pins of people.
 * @throws MalformedResponseError when the list does not end
 */
export async function readBoards(
  ctx: ProviderContext,
  access: Pick<GrantAccess, 'tokens'>,
): Promise<Board[]> {
  const boards = new Map<string, Board>()
  let bookmark: string | null = null
  for (let pages = 0; pages < maxPages; pages++) {
    const page: { items: Board[]; bookmark?: string | null | undefined } = await callApi(ctx, {
      path: '/boards',
      query: { page_size: String(pageSize), ...(bookmark !== null && { bookmark }) },
      access,
      answer: z.object({ items: z.array(board), bookmark: z.string().nullish() }),
    })
    for (const one of page.items) if (!one.is_ads_only) boards.set(one.id, one)
    // A page may be empty and yet not be the last.
    if (!page.bookmark || page.bookmark === bookmark) return [...boards.values()]
    bookmark = page.bookmark
  }
  throw new MalformedResponseError('The list of boards does not end.')
}

/** One board, as the person who granted sees it. */
export const readBoard = (
  ctx: ProviderContext,
  access: Pick<GrantAccess, 'tokens'>,
  id: string,
): Promise<Board> => callApi(ctx, { path: `/boards/${encodeURIComponent(id)}`, access, answer: board })
