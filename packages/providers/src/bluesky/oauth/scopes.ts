/** What older servers grant in place of single rights: all that an app password may do. */
export const fallbackScope = 'transition:generic'

/** Everything that may be asked for with the given scopes, for the description of our client, which has to name all of it. */
export const scopesToDeclare = (scopes: readonly string[]): string => [...scopes, fallbackScope].join(' ')
