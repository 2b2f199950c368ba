import type { ProviderContext, Target } from '@postmcp/core'
import { z } from 'zod'
import { graphId } from '../meta/graph.js'

const picture = z.object({ data: z.object({ url: z.string().nullish() }) })

/** A Page as the Graph API describes it. */
export const pageFields = 'id,name,username,picture.type(large)'

/** What the Graph API says of a Page; what cannot be read is left out. */
export const pageAnswer = z.object({
  id: graphId,
  name: z.string().nullish(),
  username: z.string().nullish(),
  picture: picture.nullish().catch(null),
})

/** How a Page is shown. Addresses of pictures are signed and stop working after a while. */
export const toShown = (
  ctx: ProviderContext,
  { id, name, username, picture }: z.infer<typeof pageAnswer>,
): Omit<Target, 'targetId'> => ({
  handle: username || id,
  displayName: name || null,
  avatarUrl: picture?.data.url || null,
  profileUrl: `${ctx.endpoints.www}/${id}`,
})
