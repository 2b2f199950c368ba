/** What a developer would have registered for PostMCP on this machine, on whatever port it runs. */
export const LOOPBACK_CALLBACKS: readonly string[] = [
  'http://127.0.0.1:*/accounts/oauth/callback',
  'http://localhost:*/accounts/oauth/callback',
]

/** Whether a redirect address is among the registered ones: the same to the character, but for a port registered as `*`. */
export const isRedirectAllowed = (registered: readonly string[], redirectUri: string): boolean =>
  registered.some(
    (one) => one === redirectUri || (one.includes(':*/') && one === redirectUri.replace(/:\d+\//, ':*/')),
  )
