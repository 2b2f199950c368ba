import { createHash, randomBytes } from 'node:crypto'
import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { type ApiKeyId, newId, type WorkspaceId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { ApiKey } from '../store/store.js'

/** So that a key is recognised as one, by people and by scanners for leaked secrets. */
const prefix = 'postmcp_'

const digest = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest()

/** Makes a key. The key itself is returned this once and not kept: 256 random bits need no slow hash. */
export async function createApiKey(
  core: Pick<CoreContext, 'store' | 'clock'>,
  scope: Scope,
  name: string,
): Promise<{ apiKey: ApiKey; secret: string }> {
  const secret = `${prefix}${randomBytes(32).toString('base64url')}`
  const now = core.clock.now()
  const apiKey: ApiKey = {
    id: newId('apiKey', now),
    workspaceId: scope.workspaceId,
    name,
    hint: secret.slice(0, prefix.length + 4),
    createdAt: now,
    revokedAt: null,
  }
  await core.store.transaction(async (tx) => {
    await tx.apiKeys.insert(apiKey, digest(secret))
    await tx.audit.add({ ...scope, action: 'api_key.created', subjectId: apiKey.id, details: { name } }, now)
  })
  return { apiKey, secret }
}

/** Who holds this key. @throws PostMcpError `unauthorized` */
export async function authenticateApiKey(core: CoreContext, secret: string): Promise<Scope> {
  const apiKey = secret.startsWith(prefix) ? await core.store.apiKeys.findByHash(digest(secret)) : undefined
  if (!apiKey) throw new PostMcpError('unauthorized', 'The API key is not valid.')
  return { workspaceId: apiKey.workspaceId, actor: apiKey.id }
}

export async function listApiKeys(core: CoreContext, scope: { workspaceId: WorkspaceId }): Promise<ApiKey[]> {
  return core.store.apiKeys.list(scope.workspaceId)
}

/** @throws PostMcpError `not_found` */
export async function revokeApiKey(core: CoreContext, scope: Scope, id: ApiKeyId): Promise<void> {
  const now = core.clock.now()
  await core.store.transaction(async (tx) => {
    if (!(await tx.apiKeys.revoke(scope.workspaceId, id, now))) {
      throw new PostMcpError('not_found', `There is no living API key ${id}.`)
    }
    await tx.audit.add({ ...scope, action: 'api_key.revoked', subjectId: id, details: {} }, now)
  })
}
