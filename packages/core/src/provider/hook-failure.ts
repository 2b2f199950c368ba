import { TransportError } from '../http/http-client.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import { MalformedResponseError, PlatformError } from './platform-error.js'
import type { Classification, Occasion, Provider } from './provider.js'

/** What core makes of anything a hook threw. */
export interface HookFailure {
  classification: Classification
  /** `maybe`: the platform may have done what it was asked although no good answer came. */
  effect: 'none' | 'maybe'
  /** The failure as a caller is told. */
  error: PostMcpError
}

const codeOf = {
  rate_limited: 'rate_limited',
  unavailable: 'platform_unavailable',
  access_token_expired: 'platform_response_invalid',
  credentials_rejected: 'credentials_rejected',
  grant_lost: 'account_not_publishable',
  account_unusable: 'account_not_publishable',
  refused: 'refused_by_platform',
  already_sent: 'conflict',
  client_invalid: 'config_invalid',
} as const

/** Reads an error of a hook: how it came about, what it means, what was perhaps done. Errors of our own making are rethrown. */
export function readHookFailure(provider: Provider, error: unknown, occasion: Occasion): HookFailure {
  const { id: platform, name } = provider.manifest
  // Ours too, and no word of the platform: what a hook was handed could not be read.
  if (isPostMcpError(error, 'database_unavailable', 'keyring_wrong', 'internal_error')) throw error
  // No environment to ask it in: nothing was asked.
  if (isPostMcpError(error, 'platform_unavailable')) {
    return { classification: { kind: 'unavailable' }, effect: 'none', error }
  }
  if (error instanceof PostMcpError) return { classification: { kind: 'refused' }, effect: 'none', error }
  if (error instanceof TransportError) {
    if (error.reason === 'address_not_allowed') {
      return {
        classification: { kind: 'refused' },
        effect: 'none',
        error: new PostMcpError('address_not_allowed', error.message, { platform }),
      }
    }
    return {
      classification: { kind: 'unavailable' },
      effect: error.arrived === 'no' ? 'none' : 'maybe',
      error: new PostMcpError('platform_unavailable', `${name} did not answer. ${error.message}`, {
        platform,
      }),
    }
  }
  if (error instanceof MalformedResponseError) {
    return {
      classification: { kind: 'unavailable' },
      effect: 'maybe',
      error: new PostMcpError(
        'platform_response_invalid',
        `${name} gave an answer that is none. ${error.message}`,
        {
          platform,
        },
      ),
    }
  }
  if (!(error instanceof PlatformError)) throw error
  const classification = provider.classifyError(error, occasion)
  const told = error.message === '' ? '' : ` ${error.message.replace(/[.\s]*$/, '.')}`
  const words =
    classification.kind === 'credentials_rejected'
      ? classification.message
      : `${name} answered ${error.platformCode ?? error.status}.${told}`
  return {
    classification,
    // Some platforms report their own breakdown with status 200; others answer 5xx after having acted.
    effect: error.status >= 500 || classification.kind === 'unavailable' ? 'maybe' : 'none',
    error: new PostMcpError(codeOf[classification.kind], words, {
      platform,
      platformCode: error.platformCode ?? String(error.status),
      requestId: error.requestId,
      retryAfter: error.retryAfter,
      ...(occasion === 'connect' && classification.kind === 'account_unusable'
        ? { nextAction: `Settle the matter with ${name} first, then connect again.` }
        : {}),
    }),
  }
}
