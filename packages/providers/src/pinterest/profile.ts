import {
  type Authorization,
  type CodeExchange,
  type GrantAccess,
  MalformedResponseError,
  type ProviderContext,
  type Target,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, endpoint } from './api.js'
import { type Board, readBoard, readBoards } from './boards.js'

const userAccount = z.object({
  id: z.string().min(1),
  username: z.string().min(1),
  profile_image: z.string().nullish(),
})
type UserAccount = z.infer<typeof userAccount>

/** Who granted. Their boards are the accounts. */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { tokens, requestedScopes } = exchange
  const { id } = await readUserAccount(ctx, { tokens })
  return {
    subject: id,
    tokens,
    grantedScopes: tokens.grantedScopes ?? requestedScopes,
    settings: {},
    secrets: {},
  }
}

/** All boards of a grant. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const person = await readUserAccount(ctx, access)
  const boards = await readBoards(ctx, access)
  return boards.map((board) => toTarget(ctx, person, board))
}

/** Asks whether the token works, for whom, and whether the board is still theirs to pin to. */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  account: TargetAccess,
): Promise<Verification> {
  const person = await readUserAccount(ctx, access)
  if (person.id !== access.subject) {
    throw new MalformedResponseError('Pinterest answered with the account of another person.')
  }
  const { targetId: _, ...target } = toTarget(ctx, person, await readBoard(ctx, access, account.targetId))
  return { target, status: 'active', reason: null, platformCode: null }
}

const readUserAccount = (ctx: ProviderContext, access: Pick<GrantAccess, 'tokens'>): Promise<UserAccount> =>
  callApi(ctx, { path: '/user_account', access, answer: userAccount })

/** A board as people see it. The address of a board is not told; that of its owner is known. */
function toTarget(ctx: ProviderContext, person: UserAccount, { id, name, owner, privacy }: Board): Target {
  const username = owner?.username || person.username
  const avatar = person.profile_image
  return {
    targetId: id,
    handle: `${username}/${name}`,
    displayName: name,
    avatarUrl: avatar && /^https?:\/\//.test(avatar) ? avatar : null,
    profileUrl: `${endpoint(ctx, 'www')}/${encodeURIComponent(username)}/`,
    kind: 'board',
    settings: { privacy: privacy ?? null },
  }
}
