import { type GrantAccess, MalformedResponseError, type ProviderContext, type Target } from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'
import { installationOf } from './installation.js'
import { type Channel, channelAnswer, readIcon, toTarget } from './profile.js'

/** Slack recommends 200; but 20 pages a minute are all there are, and there are workspaces with more than 4000 channels. */
const channelsPerPage = 999
/** More channels than any workspace has; a cursor that leads on for ever must not keep us. */
const maxPages = 100

const page = z.object({
  channels: z.array(channelAnswer),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
})

/** All channels the bot may write to: every public one, and the private ones it was invited to. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const installation = installationOf(access)
  const channels = await listChannels(ctx, access.tokens.accessToken)
  const icon = await readIcon(ctx, access)
  return channels
    .filter((channel) => !channel.is_private || channel.is_member)
    .map((channel) => toTarget(ctx, installation, channel, icon))
}

async function listChannels(ctx: ProviderContext, token: string): Promise<Channel[]> {
  const found: Channel[] = []
  let cursor = ''
  for (let pages = 0; pages < maxPages; pages++) {
    const { data } = await callSlack(ctx, {
      method: 'conversations.list',
      token,
      query: {
        types: 'public_channel,private_channel',
        exclude_archived: 'true',
        limit: String(channelsPerPage),
        ...(cursor !== '' && { cursor }),
      },
      answer: page,
    })
    found.push(...data.channels)
    // Pages may be shorter than the limit, even empty: only the cursor tells the end.
    cursor = data.response_metadata?.next_cursor ?? ''
    if (cursor === '') return found
  }
  throw new MalformedResponseError('The list of channels has no end.')
}
