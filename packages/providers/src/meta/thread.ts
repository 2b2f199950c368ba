import type { SentPost } from '@postmcp/core'
import { z } from 'zod'

/** A post that is public and what follows it; ids are kept, so that what is public already can be told. */
export const threadForm = z.object({
  id: z.string(),
  permalink: z.string().nullable(),
  parts: z.array(z.string()),
})
export type Thread = z.infer<typeof threadForm>

/** What came of a post so far. */
export const sentOf = ({ id, permalink, parts }: Thread): SentPost => ({
  kind: 'post',
  visibility: 'public',
  platformPostId: id,
  permalink,
  ...(parts.length > 0 && { parts }),
})

/** Clocks differ, and times are told in whole seconds. */
export const clockSkewMs = 2 * 60 * 1000
