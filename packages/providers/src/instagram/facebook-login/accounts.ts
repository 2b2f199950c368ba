import {
  type GrantAccess,
  missingScopes,
  PostMcpError,
  type ProviderContext,
  type Target,
} from '@postmcp/core'
import { z } from 'zod'
import { listOwnedPages } from '../../meta/facebook-pages.js'
import { graphId } from '../../meta/graph.js'
import { app } from './app.js'

/** What of an account is shown. */
export const accountFields = 'username,name,profile_picture_url'

/** An account as the Graph API of facebook.com describes it. */
export const accountAnswer = z.object({
  id: graphId,
  username: z.string().min(1),
  name: z.string().nullish(),
  profile_picture_url: z.string().nullish(),
})

const page = z.object({
  /** Absent where no professional account is linked to the Page. */
  instagram_business_account: accountAnswer.nullish(),
})

/** How an account is shown. Addresses of pictures are signed and stop working after a while. */
export const toShown = (
  ctx: ProviderContext,
  { username, name, profile_picture_url }: z.infer<typeof accountAnswer>,
): Omit<Target, 'targetId'> => ({
  handle: username,
  displayName: name || null,
  avatarUrl: profile_picture_url || null,
  profileUrl: `${ctx.endpoints.www}/${username}/`,
})

/**
 * The accounts that are linked to the Pages that were chosen and that the person may publish on, each with the token of its Page.
 * @throws PostMcpError `identity_not_found` that says what is missing where there is none
 */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  // The refusal that follows a missing scope names it and why it is needed; the one of the platform does not.
  if (missingScopes(app.manifest, access.grantedScopes, 'oauth2').length > 0) return []
  const fields = `id,instagram_business_account{id,${accountFields}}`
  const pages = await listOwnedPages(app, ctx, access, { fields, answer: page })
  const targets = pages.flatMap(({ id: pageId, token, page: { instagram_business_account: account } }) =>
    account
      ? [
          {
            targetId: account.id,
            ...toShown(ctx, account),
            kind: 'account',
            settings: { pageId },
            secrets: { pageToken: token },
          },
        ]
      : [],
  )
  if (targets.length === 0) throw nothingLinked(pages.length)
  return targets
}

/** @see https://github.com/brightbeanxyz/brightbean-studio/issues/183 (2026-11-22), for what people make of "no account found" */
const nothingLinked = (pages: number): PostMcpError =>
  pages === 0
    ? new PostMcpError('identity_not_found', 'No Page was chosen on which you may publish.', {
        nextAction:
          'Connect again and choose the Pages whose Instagram accounts you want to publish to. Those of a business portfolio take the optional permission business_management.',
      })
    : new PostMcpError(
        'identity_not_found',
        'None of the Pages that were chosen has a professional Instagram account linked to it.',
        { nextAction: 'Link the account to a Page in its settings at Facebook, then connect again.' },
      )
