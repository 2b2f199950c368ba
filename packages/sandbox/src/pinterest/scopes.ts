/** The scopes of the API and what they let an application do. @see the API description, securitySchemes (5.23.0) */
export const SCOPES: Readonly<Record<string, string>> = {
  'ads:read': 'See all of your advertising data',
  'ads:write': 'Create, update or delete ads and campaigns',
  'billing:read': 'See your billing data',
  'billing:write': 'Change your billing data',
  'biz_access:read': 'See business access data',
  'biz_access:write': 'Change business access data',
  'boards:read': 'See your public boards, and group boards you join',
  'boards:read_secret': 'See your secret boards',
  'boards:write': 'Create, update or delete your public boards',
  'boards:write_secret': 'Create, update or delete your secret boards',
  'catalogs:read': 'See your catalogs data',
  'catalogs:write': 'Change your catalogs data',
  'pins:read': 'See your public Pins',
  'pins:read_secret': 'See your secret Pins',
  'pins:write': 'Create, update or delete your public Pins',
  'pins:write_secret': 'Create, update or delete your secret Pins',
  'user_accounts:read': 'See your user account and followers',
  'user_accounts:write': 'Update your user account and followers',
}

/** Scopes as they are written in parameters: with commas, or spaces, between. */
export const readScopes = (text: string): string[] => [...new Set(text.split(/[\s,+]+/).filter(Boolean))]
