import type { GrantAccess, ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

/** What an account may post today. */
export interface Creator {
  /** The name by which people know the account; only this tells it without a further scope. */
  username: string
  /** Who may be shown a post, in TikTok's words. */
  privacyLevels: string[]
  maxVideoSeconds: number
  commentDisabled: boolean
  duetDisabled: boolean
  stitchDisabled: boolean
}

/** @see https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info (2026-11-22) */
const creatorForm = z.object({
  creator_username: z.string().min(1),
  privacy_level_options: z.array(z.string()).default([]),
  max_video_post_duration_sec: z.number().positive().default(600),
  comment_disabled: z.boolean().default(false),
  duet_disabled: z.boolean().default(false),
  stitch_disabled: z.boolean().default(false),
})

/** Asks what an account may post. @throws PlatformError, also for caps of the day */
export async function readCreator(ctx: ProviderContext, { tokens }: GrantAccess): Promise<Creator> {
  const data = await callApi(ctx, {
    method: 'POST',
    path: '/v2/post/publish/creator_info/query/',
    token: tokens.accessToken,
    data: creatorForm,
  })
  return {
    username: data.creator_username,
    privacyLevels: data.privacy_level_options,
    maxVideoSeconds: data.max_video_post_duration_sec,
    commentDisabled: data.comment_disabled,
    duetDisabled: data.duet_disabled,
    stitchDisabled: data.stitch_disabled,
  }
}
