/** Scopes of YouTube by what they let us do. */
export const scope = {
  identity: 'openid',
  upload: 'https://www.googleapis.com/auth/youtube.upload',
  readonly: 'https://www.googleapis.com/auth/youtube.readonly',
  forceSsl: 'https://www.googleapis.com/auth/youtube.force-ssl',
  full: 'https://www.googleapis.com/auth/youtube',
  partner: 'https://www.googleapis.com/auth/youtubepartner',
} as const
