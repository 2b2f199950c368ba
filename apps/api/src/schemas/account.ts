import { z } from '@hono/zod-openapi'
import {
  type AccountReport,
  type Connection,
  type ConnectStep,
  type Disconnected,
  type Health,
  healthStatuses,
  type VerifiedAccount,
} from '@postmcp/core'
import { idOf, instant, optionalInstant, toInstant, toOptionalInstant } from './common.js'

const healthShape = {
  status: z.enum(healthStatuses),
  reason: z.string().nullable().openapi({ description: 'Why it is not `active`.', example: 'token_revoked' }),
  since: instant,
  detectedBy: z.enum(['connect', 'verify', 'refresh', 'publish', 'callback', 'user']),
  platformCode: z.string().nullable().openapi({ description: "The platform's own code, verbatim." }),
  missingScopes: z.array(z.string()),
}

export const accountSchema = z
  .object({
    id: idOf('account'),
    platform: z.string().openapi({ example: 'bluesky' }),
    targetId: z
      .string()
      .openapi({ description: "The platform's stable id.", example: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz' }),
    handle: z.string().openapi({ example: 'anna.example.org' }),
    displayName: z.string().nullable(),
    avatarUrl: z.string().nullable(),
    profileUrl: z.string().nullable(),
    ...healthShape,
    canPublish: z.boolean(),
    checkedAt: optionalInstant.openapi({ description: 'When the platform was last asked.' }),
    lastUsedAt: optionalInstant,
    expiresAt: optionalInstant.openapi({ description: 'When access ends if it is not renewed.' }),
    reconsentBy: optionalInstant.openapi({ description: 'When the person must consent again.' }),
    way: z.string().nullable().openapi({
      description: 'By which way through the browser it was connected, where the platform has several.',
    }),
    nextAction: z.object({
      kind: z.enum(['none', 'reconnect', 'settle_with_platform', 'connect_again']),
      message: z.string(),
      command: z.string().nullable(),
      url: z.string().nullable(),
    }),
    createdAt: instant,
  })
  .openapi('Account')

const healthOf = ({ status, reason, since, detectedBy, platformCode, missingScopes }: Health) => ({
  status,
  reason,
  since: toInstant(since),
  detectedBy,
  platformCode,
  missingScopes,
})

export const shapeAccount = ({
  account,
  health,
  ...report
}: AccountReport): z.output<typeof accountSchema> => ({
  id: account.id,
  platform: account.platform,
  targetId: account.targetId,
  handle: account.handle,
  displayName: account.displayName,
  avatarUrl: account.avatarUrl,
  profileUrl: account.profileUrl,
  ...healthOf(health),
  canPublish: report.canPublish,
  checkedAt: toOptionalInstant(account.checkedAt),
  lastUsedAt: toOptionalInstant(account.lastUsedAt),
  expiresAt: toOptionalInstant(report.expiresAt),
  reconsentBy: toOptionalInstant(report.reconsentBy),
  way: report.way,
  nextAction: report.nextAction,
  createdAt: toInstant(account.createdAt),
})

export const accountStatusSchema = accountSchema
  .extend({
    check: z.object({
      source: z.enum(['live', 'recent', 'stored', 'failed']).openapi({
        description:
          '`live`: the platform was asked just now. `recent`: within the last minute. `stored`: it was not asked. `failed`: it was asked and did not answer; the status is the last one known.',
      }),
      error: z
        .object({
          code: z.string(),
          message: z.string(),
          nextAction: z.string(),
          retryAfter: instant.optional(),
        })
        .nullable(),
    }),
  })
  .openapi('AccountStatus')

export function shapeAccountStatus({
  check,
  ...report
}: VerifiedAccount): z.output<typeof accountStatusSchema> {
  const { error } = check
  return {
    ...shapeAccount(report),
    check: {
      source: check.source,
      error: error && {
        code: error.code,
        message: error.message,
        nextAction: error.nextAction,
        ...(error.retryAfter && { retryAfter: toInstant(error.retryAfter) }),
      },
    },
  }
}

export const healthSchema = z.object(healthShape).openapi('Health')
export const shapeHealth = (health: Health): z.output<typeof healthSchema> => healthOf(health)

const fieldSchema = z
  .object({
    name: z.string(),
    label: z.string(),
    description: z.string(),
    secret: z.boolean(),
    required: z.boolean(),
    example: z.string().optional(),
  })
  .openapi('CredentialField')

const targetSchema = z
  .object({
    targetId: z.string(),
    handle: z.string(),
    displayName: z.string().nullable(),
    kind: z.string().openapi({ description: "What it is, in the platform's word: page, channel, board." }),
  })
  .openapi('Target')

export const connectStepSchema = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('input_required'),
      connectionId: idOf('connection'),
      fields: z.array(fieldSchema),
      instructions: z.string(),
      helpUrl: z.string(),
      expiresAt: instant,
    }),
    z.object({
      type: z.literal('select_targets'),
      connectionId: idOf('connection'),
      targets: z.array(targetSchema),
      alreadyConnected: z.array(targetSchema.extend({ accountId: idOf('account') })).openapi({
        description:
          'What is an account already and cannot be chosen again; empty unless targets are added to an authorization.',
      }),
      accountsLeft: z.int().nullable().openapi({
        description: 'How many more accounts the plan has room for; null: any number.',
      }),
      instructions: z.string().nullable().openapi({
        description: 'What to do at the platform for more targets to appear; then ask with `refreshTargets`.',
      }),
      expiresAt: instant,
    }),
    z.object({
      type: z.literal('authorize'),
      connectionId: idOf('connection'),
      authorizationUrl: z.string().openapi({ description: "The platform's own consent page." }),
      startUrl: z.string().openapi({
        description: 'Our page before it, which ties the connection to the browser. Open this one.',
      }),
      userCode: z.string().openapi({ description: 'To be compared with the one on the start page.' }),
      expiresAt: instant,
    }),
    z.object({
      type: z.literal('awaiting_confirmation'),
      connectionId: idOf('connection'),
      expiresAt: instant,
    }),
    z.object({
      type: z.literal('connected'),
      connectionId: idOf('connection'),
      accounts: z.array(accountSchema),
    }),
  ])
  .openapi('ConnectStep', { description: 'What has to happen next; repeat until `connected`.' })

/** @param report of each account of a `connected` step */
export async function shapeConnectStep(
  step: ConnectStep,
  report: (id: `acct_${string}`) => Promise<AccountReport>,
): Promise<z.output<typeof connectStepSchema>> {
  if (step.type === 'connected') {
    const reports = await Promise.all(step.accounts.map((account) => report(account.id)))
    return { ...step, accounts: reports.map(shapeAccount) }
  }
  return { ...step, expiresAt: toInstant(step.expiresAt) }
}

export const connectionSchema = z
  .object({
    id: idOf('connection'),
    platform: z.string(),
    state: z.enum([
      'pending',
      'awaiting_confirmation',
      'selecting_targets',
      'connected',
      'failed',
      'expired',
    ]),
    reconnectAccountId: z.string().nullable(),
    failureReason: z.string().nullable(),
    expiresAt: instant,
    createdAt: instant,
    step: connectStepSchema.nullable().openapi({ description: 'Null when nothing more can happen with it.' }),
  })
  .openapi('Connection')

export const shapeConnection = (
  connection: Connection,
  step: z.output<typeof connectStepSchema> | null,
): z.output<typeof connectionSchema> => ({
  id: connection.id,
  platform: connection.platform,
  state: connection.state,
  reconnectAccountId: connection.reconnectAccountId,
  failureReason: connection.failureReason,
  expiresAt: toInstant(connection.expiresAt),
  createdAt: toInstant(connection.createdAt),
  step,
})

export const disconnectedSchema = z
  .object({
    accountId: idOf('account'),
    status: z.literal('disconnected'),
    revocation: z.object({
      outcome: z.enum(['revoked', 'kept_in_use', 'not_supported', 'failed', 'nothing_to_revoke']),
      message: z.string(),
    }),
    cancelledPosts: z.array(idOf('post')),
  })
  .openapi('Disconnected')

export const shapeDisconnected = ({
  account,
  revocation,
  cancelledPosts,
}: Disconnected): z.output<typeof disconnectedSchema> => ({
  accountId: account.id,
  status: 'disconnected',
  revocation,
  cancelledPosts,
})
