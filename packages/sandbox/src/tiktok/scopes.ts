/** The scopes of posting and of the profile, in words for the consent page. */
export const SCOPES: Readonly<Record<string, string>> = {
  'user.info.basic': 'Read your profile info (avatar, display name)',
  'user.info.profile': 'Read access to additional profile information',
  'video.list': 'Read your public videos',
  'video.publish': 'Post content to TikTok',
  'video.upload': 'Upload draft content to TikTok',
}

/** As they are written in parameters and answers: with commas between. */
export const readScopes = (text: string): string[] => text.split(',').filter(Boolean)
