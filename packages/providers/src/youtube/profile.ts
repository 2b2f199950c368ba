import {
  type GrantAccess,
  missingScopes,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type Target,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, endpoint } from './api.js'
import { noChannelCodes } from './errors.js'
import { createChannelUrl, manifest } from './manifest.js'
import { scope } from './scopes.js'

const picture = z.object({ url: z.string() }).optional()

const channel = z.object({
  id: z.string().min(1),
  snippet: z.object({
    title: z.string().default(''),
    customUrl: z.string().optional(),
    thumbnails: z.object({ default: picture, medium: picture, high: picture }).default({}),
  }),
  contentDetails: z
    .object({ relatedPlaylists: z.object({ uploads: z.string().optional() }).optional() })
    .optional(),
  status: z.object({ longUploadsStatus: z.string().optional() }).optional(),
})

type Channel = z.infer<typeof channel>

/** The channels of a token: the one that was chosen with it, or none. Costs 1 unit. */
async function ownChannels(ctx: ProviderContext, { tokens }: GrantAccess): Promise<Channel[]> {
  const { items } = await callApi(ctx, {
    path: '/youtube/v3/channels',
    query: { part: 'id,snippet,contentDetails,status', mine: 'true', maxResults: '50' },
    token: tokens.accessToken,
    // A Google account without a channel is answered without `items`.
    answer: z.object({ kind: z.literal('youtube#channelListResponse'), items: z.array(channel).default([]) }),
  })
  return items
}

/** The channel as people see it. */
function toTarget(ctx: ProviderContext, { id, snippet, contentDetails, status }: Channel): Target {
  const { title, customUrl, thumbnails } = snippet
  const avatarUrl = (thumbnails.medium ?? thumbnails.default ?? thumbnails.high)?.url
  const uploads = contentDetails?.relatedPlaylists?.uploads
  const longUploads = status?.longUploadsStatus
  return {
    targetId: id,
    handle: customUrl?.replace(/^@/, '') || id,
    displayName: title.trim() || null,
    avatarUrl: avatarUrl && /^https?:/.test(avatarUrl) ? avatarUrl : null,
    profileUrl: `${endpoint(ctx, 'web')}/channel/${encodeURIComponent(id)}`,
    kind: 'channel',
    settings: {
      // Where an upload is looked for, and whether videos over 15 minutes are taken.
      ...(uploads !== undefined && { uploadsPlaylistId: uploads }),
      ...(longUploads !== undefined && { longUploads }),
    },
  }
}

const noChannel = () =>
  new PostMcpError('identity_not_found', 'The chosen Google account has no YouTube channel.', {
    platform: manifest.id,
    nextAction:
      'Create a channel for it, or connect again and choose the account or brand account that has one.',
    helpUrl: createChannelUrl,
  })

/**
 * The channels of a grant; none where the scope to read them was not granted, which is refused as a missing permission.
 * @throws PostMcpError `identity_not_found` for a Google account that has none
 */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  if (missingScopes(manifest, access.grantedScopes, 'oauth2').includes(scope.readonly)) return []
  const channels = await ownChannels(ctx, access).catch((error: unknown) => {
    // Some accounts without a channel are answered with an empty list, others with a refusal.
    throw error instanceof PlatformError && noChannelCodes.includes(error.platformCode ?? '')
      ? noChannel()
      : error
  })
  if (channels.length === 0) throw noChannel()
  return channels.map((one) => toTarget(ctx, one))
}

/** How the channel is and looks now. People may untick single scopes, so what was granted is held against what is needed. */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Verification> {
  const channels = await ownChannels(ctx, access)
  const own = channels.find(({ id }) => id === targetId)
  if (!own) {
    return channels.length === 0
      ? { status: 'verification_failed', reason: 'account_not_found', platformCode: null }
      : { status: 'missing_permission', reason: 'target_not_granted', platformCode: null }
  }
  const { targetId: _, ...target } = toTarget(ctx, own)
  const missing = missingScopes(manifest, access.grantedScopes, 'oauth2')
  if (missing.length > 0)
    return {
      target,
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode: null,
      missingScopes: missing,
    }
  return { target, status: 'active', reason: null, platformCode: null }
}
