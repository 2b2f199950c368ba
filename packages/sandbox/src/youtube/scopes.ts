const PREFIX = 'https://www.googleapis.com/auth/'

/** What the scopes of YouTube let a client do, in words for the consent page. */
export const SCOPES: Readonly<Record<string, string>> = {
  openid: 'Associate you with your personal info on Google',
  [`${PREFIX}youtube`]: 'Manage your YouTube account',
  [`${PREFIX}youtube.force-ssl`]: 'See, edit and delete your YouTube videos, ratings, comments and captions',
  [`${PREFIX}youtube.readonly`]: 'View your YouTube account',
  [`${PREFIX}youtube.upload`]: 'Manage your YouTube videos',
  [`${PREFIX}youtubepartner`]: 'View and manage your assets and associated content on YouTube',
}

const any = (names: string) => names.split(' ').map((name) => PREFIX + name)

/** Scopes of which one will do, by what is asked. `youtube.upload` reads nothing. */
export const ACCEPTED = {
  read: any('youtube youtube.force-ssl youtube.readonly youtubepartner'),
  upload: any('youtube.upload youtube youtube.force-ssl youtubepartner'),
  manage: any('youtube youtube.force-ssl youtubepartner'),
  comment: any('youtube.force-ssl'),
}
