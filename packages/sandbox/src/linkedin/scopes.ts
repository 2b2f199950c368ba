/** What an application gets without anyone looking at it. */
export const SELF_SERVE_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'w_member_social']

/** What each scope lets an application do, for the consent page. */
export const WHY: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  profile: 'Use your name and photo',
  email: 'Use the primary email address of your account',
  w_member_social: 'Create, modify and delete posts, comments and reactions on your behalf',
  w_organization_social: 'Create, modify and delete posts of your organizations',
  w_member_social_feed: 'Create, modify and delete comments and reactions on posts on your behalf',
  w_organization_social_feed: 'Create, modify and delete comments and reactions of your organizations',
  r_organization_social_feed: 'Read comments and reactions on posts of your organizations',
  r_organization_social: 'Read posts of your organizations',
  rw_organization_admin: 'Manage the pages of your organizations',
}

/** Scopes as they are written in parameters. */
export const readScopes = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))]
