import type { SandboxPlatform } from './platform.js'

/** Where decisions arrive: `POST /_consent/<id>`. */
const DECISION = /^\/_consent\/[\w-]+$/

/**
 * Whether a request is part of a consent: the page that asks, or the answer. Everything else of a platform is for programs and for
 * those who sit at this machine.
 *
 * @param path below the platform's base, as it was sent
 */
export function isConsentPath({ consentPaths }: SandboxPlatform, method: string, path: string): boolean {
  if (method === 'POST') return DECISION.test(path)
  if (method !== 'GET') return false
  return consentPaths.some((page) => (typeof page === 'string' ? page === path : page.test(path)))
}
