/** Bot scopes and what they allow, in the words of the consent page. */
export const WHY: Readonly<Record<string, string>> = {
  'chat:write': 'Send messages as the app',
  'chat:write.public': 'Send messages to channels it is not a member of',
  'chat:write.customize': 'Send messages with another name and picture',
  'channels:read': 'See basic information about public channels',
  'channels:join': 'Join public channels',
  'channels:history': 'See messages in public channels it is in',
  'groups:read': 'See basic information about private channels it is in',
  'groups:history': 'See messages in private channels it is in',
  'files:read': 'See files shared in channels it is in',
  'files:write': 'Upload, change and delete files as the app',
  'team:read': 'See the name, address and picture of the workspace',
  'users:read': 'See people in the workspace',
  'im:write': 'Start direct messages with people',
}

/** Whether there is such a scope here. */
export const isKnownScope = (scope: string): boolean => Object.hasOwn(WHY, scope)
