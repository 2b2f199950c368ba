import {
  type Classification,
  defineProvider,
  type Json,
  PlatformError,
  type Provider,
  type ProviderContext,
  type PublishStep,
  type SentPost,
} from '../core.js'

/** How a lost answer can be cleared up. */
export const kinds = ['key', 'read', 'never'] as const
export type Kind = (typeof kinds)[number]

interface Prepared {
  text: string
  key: string
}
const preparedOf = (checkpoint: Json) => checkpoint as unknown as Prepared

const sentAs = (id: string): SentPost => ({
  kind: 'post',
  visibility: 'public',
  platformPostId: id,
  permalink: null,
})

/** Asks the platform of the bench. */
async function ask(ctx: ProviderContext, path: string, json: object): Promise<{ id: string | null }> {
  const { status, json: answer } = await ctx.http.request({
    method: 'POST',
    url: `${ctx.endpoints.server}${path}`,
    json,
  })
  if (status === 200) return answer as { id: string | null }
  throw new PlatformError({ status, platformCode: String(status), message: 'refused' })
}

const meanings: Record<number, Classification> = { 429: { kind: 'rate_limited' }, 400: { kind: 'refused' } }

/** A platform whose posts are texts; one of three that differ in how a lost answer can be cleared up. */
export function postingProvider(kind: Kind): Provider {
  const target = (account: { targetId: string }, { text, key }: Prepared) => ({
    kind,
    account: account.targetId,
    text,
    key,
  })
  return defineProvider<Provider>({
    manifest: {
      id: `bench${kind}`,
      name: `Bench (${kind})`,
      checkedOn: '2026-11-22',
      sources: ['https://example.org/docs'],
      connect: {
        credentials: {
          instructions: 'Give a name.',
          helpUrl: 'https://example.org/help',
          fields: [{ name: 'name', label: 'Name', description: 'A name.', secret: false, required: true }],
        },
        listsAllTargets: true,
        targetKinds: ['profile'],
      },
      endpoints: { server: { url: 'https://bench.example.org', description: 'The platform.' } },
      scopes: [],
      tokens: {
        refresh: 'none',
        replay: 'single_use',
        refreshAheadSeconds: 0,
        verifyBy: 'call',
        revocationScope: 'token',
        neededToPublish: true,
      },
      publish: {
        dedupe: kind === 'key' ? { kind: 'idempotency_key', windowSeconds: null } : null,
        reconcile: kind === 'read' ? { read: ['posts'] } : kind,
        remainingRisk: '',
        canDelete: false,
        limits: { text: [{ unit: 'graphemes', max: 300 }], textOnly: true },
      },
      rateLimits: [],
      links: { revokeAccess: 'https://example.org/revoke', createCredential: 'https://example.org/apps' },
    },
    authenticate: async (_ctx, { name = '' }) => ({
      subject: name,
      tokens: { accessToken: name },
      grantedScopes: [],
      settings: {},
      secrets: {},
    }),
    listTargets: async (_ctx, { subject }) => [
      { targetId: subject, handle: subject, displayName: null, avatarUrl: null, profileUrl: null },
    ],
    verify: async () => ({ status: 'active', reason: null, platformCode: null }),
    createDedupeKey: () => crypto.randomUUID(),
    startPublish: async (_ctx, { content, dedupeKey }): Promise<PublishStep> => ({
      type: 'send',
      checkpoint: { text: content.text, key: dedupeKey },
    }),
    continuePublish: async (ctx, { account }, checkpoint): Promise<PublishStep> => {
      const { id } = await ask(ctx, '/post', target(account, preparedOf(checkpoint)))
      return { type: 'done', sent: sentAs(id ?? '') }
    },
    ...(kind === 'read' && {
      findPublished: async (
        ctx: ProviderContext,
        { account }: { account: { targetId: string } },
        checkpoint: Json,
      ) => {
        const { id } = await ask(ctx, '/find', target(account, preparedOf(checkpoint)))
        return id === null ? null : ({ type: 'done', sent: sentAs(id) } as const)
      },
    }),
    classifyError: ({ status }) => meanings[status] ?? { kind: 'unavailable' },
  })
}

export const postingProviders = kinds.map(postingProvider)
