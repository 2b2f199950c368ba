import type { GrantAccess, ProviderContext, Target } from '@postmcp/core'
import { listOwnedPages } from '../meta/facebook-pages.js'
import { facebookApp } from './api.js'
import { pageAnswer, pageFields, toShown } from './profile.js'

/** The Pages that were chosen and that the person may publish on, each with its own token. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  // The refusal that follows a missing scope names it and why it is needed; the one of the platform does not.
  if (!access.grantedScopes.includes('pages_show_list')) return []
  const asked = { fields: pageFields, answer: pageAnswer }
  const pages = await listOwnedPages(facebookApp, ctx, access, asked)
  return pages.map(({ id, token, page }) => ({
    targetId: id,
    ...toShown(ctx, page),
    kind: 'page',
    secrets: { pageToken: token },
  }))
}
