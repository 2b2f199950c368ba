import { z } from '@hono/zod-openapi'
import { errorKinds, type IdKind, idPrefixes, isId } from '@postmcp/core'

/** An id of one kind; anything else is refused before the database is asked. */
export const idOf = <K extends IdKind>(kind: K) =>
  z
    .custom<`${(typeof idPrefixes)[K]}_${string}`>((text) => typeof text === 'string' && isId(kind, text), {
      message: `is not an id of the form ${idPrefixes[kind]}_…`,
    })
    .openapi({ type: 'string', example: `${idPrefixes[kind]}_01k8w3v5c9x2m4n6p8q0r2t4y6` })

/** Words of a user that are stored: no NUL and no half of a pair, which a database refuses. */
export const words = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'holds something that is no character')

export const instant = z.iso.datetime().openapi({ example: '2026-11-22T12:00:00.000Z' })
export const optionalInstant = instant.nullable()

/** An instant as it is sent. */
export const toInstant = (date: Date): string => date.toISOString()
export const toOptionalInstant = (date: Date | null): string | null => date?.toISOString() ?? null

export const issueSchema = z
  .object({
    code: z.string(),
    severity: z.enum(['error', 'warning']),
    message: z.string(),
    field: z.string().optional(),
    accountId: z.string().optional(),
    allowed: z.union([z.number(), z.string()]).optional(),
    found: z.union([z.number(), z.string()]).optional(),
  })
  .openapi('Issue', { description: 'One thing that is wrong with a request or a draft.' })

const codes = Object.keys(errorKinds) as [string, ...string[]]

export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:postmcp:error:not_found' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: 'What happened.' }),
    code: z.enum(codes).openapi({ description: 'One of the closed list of codes.' }),
    nextAction: z.string().openapi({ description: 'What to do next.' }),
    requestId: z.string(),
    platform: z.string().optional(),
    accountId: z.string().optional(),
    platformCode: z.string().optional().openapi({ description: "The platform's own error code, verbatim." }),
    platformRequestId: z.string().optional(),
    retryAfter: instant.optional(),
    issues: z.array(issueSchema).optional(),
    helpUrl: z.string().optional(),
  })
  .openapi('Problem', { description: 'An error, as RFC 9457 describes it.' })

export const failureSchema = z
  .object({
    code: z.enum(codes),
    message: z.string(),
    nextAction: z.string(),
    platformCode: z.string().optional(),
    at: instant,
  })
  .openapi('Failure', { description: 'Why a post is not published.' })

/** Headers of verbs that are safe to repeat. */
export const idempotencyHeaders = z.object({
  'idempotency-key': z.string().min(1).max(255).optional().openapi({
    description:
      'A repetition of the request with the same key, within 24 hours, gives the result of the first.',
  }),
})

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  after: z.string().max(64).optional().openapi({ description: '`nextCursor` of the page before.' }),
})

/** A parameter of a query that may be there several times: any of the values will do. */
export const anyOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (given) => (given === undefined ? undefined : [given].flat()),
    z.array(item).min(1).max(100).optional(),
  )

/** A list's page. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), nextCursor: z.string().nullable() })

/** One page of what was asked for with one more than its limit. */
export function toPage<T, R>(
  found: readonly T[],
  limit: number,
  idOfItem: (item: T) => string,
  shape: (item: T) => R,
): { data: R[]; nextCursor: string | null } {
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return { data: shown.map(shape), nextCursor: found.length > limit && last ? idOfItem(last) : null }
}
