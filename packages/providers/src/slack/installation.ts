import { type GrantAccess, PostMcpError } from '@postmcp/core'
import { z } from 'zod'

/** An installation of the app in a workspace, as a grant remembers it. */
export type Installation = z.infer<typeof installationSchema>

const installationSchema = z.object({
  teamId: z.string(),
  teamName: z.string(),
  appId: z.string(),
  botUserId: z.string(),
})

/** What a grant remembers of its installation. */
export function installationOf({ settings }: Pick<GrantAccess, 'settings'>): Installation {
  const parsed = installationSchema.safeParse(settings)
  if (!parsed.success) throw new PostMcpError('internal_error', 'The grant does not name a Slack workspace.')
  return parsed.data
}

/**
 * Who granted: the workspace, to this app. Whoever installs the app there gets the same bot token; and one workspace may have
 * installed several apps that lead here.
 */
export const subjectOf = (teamId: string, appId: string): string => `${teamId}/${appId}`
