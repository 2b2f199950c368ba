import { z } from '@hono/zod-openapi'
import {
  type Attempt,
  type NotRetried,
  type Post,
  type PostFailure,
  type PostGroupView,
  postStates,
  type RetryResult,
  visibilities,
} from '@postmcp/core'
import {
  anyOf,
  failureSchema,
  idOf,
  instant,
  issueSchema,
  optionalInstant,
  pageQuery,
  toInstant,
  toOptionalInstant,
} from './common.js'

const contentFields = {
  text: z.string().max(100_000),
  title: z
    .string()
    .max(1000)
    .optional()
    .openapi({ description: 'Where the platform has titles: YouTube, Pinterest, photos on TikTok.' }),
  description: z.string().max(100_000).optional().openapi({
    description: 'Takes the place of the text where the platform has descriptions: YouTube, Pinterest.',
  }),
  tags: z.array(z.string().max(500)).max(100).optional().openapi({
    description: 'Without number sign, where the platform has tags apart from the text.',
  }),
  link: z
    .object({
      url: z.url({ protocol: /^https?$/ }),
      title: z.string().max(1000).optional(),
      description: z.string().max(5000).optional(),
    })
    .optional()
    .openapi({
      description: 'A page shown as a card where the platform has them; elsewhere its address ends the text.',
    }),
  media: z
    .array(
      z.object({
        mediaId: idOf('media'),
        altText: z.string().max(10_000).optional(),
        thumbnailId: idOf('media')
          .optional()
          .openapi({ description: 'A picture shown before a video plays.' }),
      }),
    )
    .max(50),
  languages: z
    .array(
      z.string().regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$/, 'is not a language tag such as en or pt-BR'),
    )
    .max(10)
    .optional(),
  visibility: z.enum(visibilities).optional().openapi({
    description: 'Default: as is usual at the platform. One that a platform does not have is refused.',
  }),
  replies: z.array(z.string().max(100_000)).max(100).optional().openapi({
    description:
      'What the account publishes below its own post, in this order: further posts of a thread, or comments.',
  }),
}

const contentSchema = z
  .object({
    ...contentFields,
    text: contentFields.text.default(''),
    media: contentFields.media.default([]),
  })
  .openapi('Content')

const overridesSchema = z
  .object({
    ...contentFields,
    text: contentFields.text.optional(),
    media: contentFields.media.optional(),
  })
  .openapi('ContentOverrides', { description: 'What takes the place of fields of the group for one target.' })

const optionsSchema = z
  .record(z.string().max(50), z.union([z.string().max(5000), z.int(), z.boolean()]))
  .openapi('PostOptions', { description: 'Choices that only its platform has; see the platform.' })

const targetFields = { overrides: overridesSchema.optional(), options: optionsSchema.optional() }
const targetsSchema = z
  .array(z.object({ accountId: idOf('account'), ...targetFields }))
  .min(1)
  .max(100)

const publishAtSchema = z.string().max(60).openapi({
  description:
    'An instant, such as 2026-12-01T09:00:00Z, or a local time, such as 2026-12-01T09:00, with `timeZone`.',
  example: '2026-12-01T09:00',
})
const timeZoneSchema = z.string().max(60).openapi({ description: 'IANA name.', example: 'Europe/Berlin' })
const graceSchema = z
  .int()
  .min(60)
  .max(30 * 24 * 60 * 60)
  .openapi({
    description:
      'How late a post may still go out when nothing could be published at its time; later it fails. Default 3600.',
  })

export const draftSchema = z
  .object({
    content: contentSchema,
    targets: targetsSchema,
    publishAt: publishAtSchema.optional(),
    timeZone: timeZoneSchema.optional(),
    graceSeconds: graceSchema.optional(),
    draft: z.boolean().optional().openapi({ description: 'Kept without being published. Default false.' }),
  })
  .openapi('PostGroupDraft', {
    description: 'One piece of content, the accounts it goes to, and when: without a time, at once.',
  })

export const changeSchema = z
  .object({
    version: z.int().openapi({ description: 'Of the group as you saw it; a later one is not overwritten.' }),
    content: contentSchema.optional(),
    targets: targetsSchema.optional().openapi({ description: 'All of them, in place of those there are.' }),
    publishAt: z
      .union([z.literal('now'), publishAtSchema])
      .nullable()
      .optional()
      .openapi({ description: 'A time, `now`, or null: a draft again.' }),
    timeZone: timeZoneSchema.optional(),
    graceSeconds: graceSchema.optional(),
  })
  .openapi('PostGroupChange', { description: 'What is to be different; everything absent stays as it is.' })

/** Which groups are listed. */
export const groupsQuery = pageQuery.extend({
  state: anyOf(z.enum(postStates)).openapi({
    description:
      'Groups with a post in this state. Several may be given, here and below: any of them will do.',
  }),
  accountId: anyOf(idOf('account')).openapi({
    description: 'Groups with a post of this account; with `state`, one that is in it.',
  }),
  platform: anyOf(z.string().max(100)).openapi({ description: 'The same for a platform.' }),
  from: z.string().max(60).optional().openapi({
    description:
      'Groups that are to be published, or without a time were made, from this instant on; with `timeZone` it may be a local time or a day. The latest come first then.',
    example: '2026-12-01',
  }),
  to: z.string().max(60).optional().openapi({
    description: 'The same before this instant, or to the end of this day.',
    example: '2026-12-07',
  }),
  timeZone: timeZoneSchema.optional(),
})

export const validationSchema = z
  .object({ valid: z.boolean(), issues: z.array(issueSchema) })
  .openapi('Validation', { description: 'Valid when no issue is an error.' })

export const postSchema = z
  .object({
    id: idOf('post'),
    groupId: idOf('postGroup'),
    accountId: idOf('account'),
    platform: z.string(),
    state: z.enum(postStates),
    kind: z.enum(['post', 'inbox_draft']).nullable(),
    visibility: z.enum(['public', 'limited', 'private']).nullable(),
    platformPostId: z.string().nullable(),
    permalink: z.string().nullable(),
    parts: z.array(z.string()).openapi({
      description: 'Ids at the platform of what else belongs to the post: messages of an album, replies.',
    }),
    ...targetFields,
    progress: z.object({ uploadedBytes: z.int(), totalBytes: z.int() }).nullable().openapi({
      description: 'How much of its files has arrived at the platform; null when none are on the way.',
    }),
    publishedAt: optionalInstant,
    deletedAt: optionalInstant,
    failure: failureSchema.nullable().openapi({
      description: 'Why it is not published; of a published post, what of it is missing, such as a reply.',
    }),
    nextTryAt: optionalInstant.openapi({
      description: 'When it is looked at again; null when it is final or waits for a person.',
    }),
    createdAt: instant,
  })
  .openapi('Post')

const shapeFailure = (failure: PostFailure | null): z.output<typeof failureSchema> | null =>
  failure && {
    code: failure.code,
    message: failure.message,
    nextAction: failure.nextAction,
    ...(failure.platformCode !== undefined && { platformCode: failure.platformCode }),
    at: toInstant(failure.at),
  }

export const shapePost = (post: Post): z.output<typeof postSchema> => ({
  id: post.id,
  groupId: post.groupId,
  accountId: post.accountId,
  platform: post.platform,
  state: post.state,
  kind: post.sent?.kind ?? null,
  visibility: post.sent?.visibility ?? null,
  platformPostId: post.sent?.platformPostId ?? null,
  permalink: post.sent?.permalink ?? null,
  parts: post.sent?.parts ?? [],
  ...post.target,
  progress: post.progress,
  publishedAt: toOptionalInstant(post.publishedAt),
  deletedAt: toOptionalInstant(post.deletedAt),
  failure: shapeFailure(post.failure),
  nextTryAt: post.wakeAt && toInstant(post.dueAt),
  createdAt: toInstant(post.createdAt),
})

const attemptSchema = z
  .object({
    id: idOf('attempt'),
    number: z.int(),
    startedAt: instant,
    finishedAt: optionalInstant,
    outcome: z.enum(['sent', 'not_sent', 'unknown']).nullable(),
    failure: failureSchema.nullable(),
  })
  .openapi('Attempt', { description: 'One try to publish; without outcome while it runs.' })

export const postWithAttemptsSchema = postSchema
  .extend({ attempts: z.array(attemptSchema) })
  .openapi('PostWithAttempts')

export const shapePostWithAttempts = (
  post: Post,
  attempts: Attempt[],
): z.output<typeof postWithAttemptsSchema> => ({
  ...shapePost(post),
  attempts: attempts.map((attempt) => ({
    id: attempt.id,
    number: attempt.number,
    startedAt: toInstant(attempt.startedAt),
    finishedAt: toOptionalInstant(attempt.finishedAt),
    outcome: attempt.outcome,
    failure: shapeFailure(attempt.failure),
  })),
})

export const postGroupSchema = z
  .object({
    id: idOf('postGroup'),
    status: z.enum([
      'draft',
      'scheduled',
      'publishing',
      'published',
      'partial',
      'failed',
      'cancelled',
      'needs_your_action',
    ]),
    content: contentSchema,
    publishAt: optionalInstant,
    timeZone: z.string().nullable(),
    graceSeconds: z.int(),
    version: z.int().openapi({ description: 'Goes up with every change.' }),
    posts: z.array(postSchema),
    createdAt: instant,
  })
  .openapi('PostGroup')

export const shapePostGroup = ({
  group,
  status,
  posts,
}: PostGroupView): z.output<typeof postGroupSchema> => ({
  id: group.id,
  status,
  content: group.content,
  publishAt: toOptionalInstant(group.publishAt),
  timeZone: group.timeZone,
  graceSeconds: group.graceSeconds,
  version: group.version,
  posts: posts.map(shapePost),
  createdAt: toInstant(group.createdAt),
})

export const retryResultSchema = postGroupSchema
  .extend({
    retried: z.array(idOf('post')),
    reconciling: z
      .array(idOf('post'))
      .openapi({ description: 'Posts of unknown outcome that are looked up first.' }),
    notRetried: z.array(
      z.object({
        postId: idOf('post'),
        accountId: idOf('account'),
        code: z.string(),
        message: z.string(),
        nextAction: z.string(),
      }),
    ),
  })
  .openapi('RetryResult')

export const shapeRetryResult = ({
  retried,
  reconciling,
  notRetried,
  ...view
}: RetryResult): z.output<typeof retryResultSchema> => ({
  ...shapePostGroup(view),
  retried,
  reconciling,
  notRetried: notRetried satisfies NotRetried[],
})
