import type { Context } from 'hono'
import { GraphApiError } from '../meta/errors.js'

/** The account that acts. */
export interface ActingAccount {
  id: string
  handle: string
  /** Where its posts stand in the world. */
  place: { personId: string; resourceId: string | null }
  isRestricted: boolean
}

/**
 * Who acts, by the token of a request.
 * @param id the account in the path; null: any that the token is for
 * @throws GraphApiError where the token or its scopes do not do
 */
export type RequireAccount = (
  c: Context,
  id: string | null,
  may: 'read' | 'publish' | 'comment',
) => ActingAccount

export const restricted = () =>
  new GraphApiError(25, 'The Instagram account is restricted.', { subcode: 2_207_050 })
