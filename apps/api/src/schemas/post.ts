import { z } from '@hono/zod-openapi'
import {
  type Attempt,
  type Media,
  type NotRetried,
  type Post,
  type PostFailure,
  type PostGroupView,
  postStates,
  type RetryResult,
} from '@postmcp/core'
import {
  failureSchema,
  idOf,
  instant,
  issueSchema,
  optionalInstant,
  toInstant,
  toOptionalInstant,
} from './common.js'

const contentSchema = z
  .object({
    text: z.string().max(100_000).default(''),
    link: z
      .object({
        url: z.url({ protocol: /^https?$/ }),
        title: z.string().max(1000).optional(),
        description: z.string().max(5000).optional(),
      })
      .optional()
      .openapi({ description: 'A page shown as a card where the platform has them.' }),
    media: z
      .array(z.object({ mediaId: idOf('media'), altText: z.string().max(10_000).optional() }))
      .max(50)
      .default([]),
    languages: z
      .array(
        z.string().regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$/, 'is not a language tag such as en or pt-BR'),
      )
      .max(10)
      .optional(),
  })
  .openapi('Content')

export const draftSchema = z
  .object({
    content: contentSchema,
    targets: z
      .array(z.object({ accountId: idOf('account') }))
      .min(1)
      .max(100),
  })
  .openapi('PostGroupDraft', { description: 'One piece of content and the accounts it goes to.' })

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
    publishedAt: optionalInstant,
    deletedAt: optionalInstant,
    failure: failureSchema.nullable(),
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

export const mediaSchema = z
  .object({
    id: idOf('media'),
    mimeType: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    fileName: z.string().nullable(),
    createdAt: instant,
  })
  .openapi('Media')

export const shapeMedia = (media: Media): z.output<typeof mediaSchema> => ({
  id: media.id,
  mimeType: media.mimeType,
  bytes: media.bytes,
  sha256: media.sha256,
  width: media.width,
  height: media.height,
  fileName: media.fileName,
  createdAt: toInstant(media.createdAt),
})
