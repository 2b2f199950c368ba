import type { JsonObject, ProviderContext, Target, TargetAccess } from '@postmcp/core'
import { z } from 'zod'
import { ChatMigratedError, callBot, endpoint, idForm } from './api.js'

/** A chat as the Bot API shows it. Its id is all that lasts: title and name change, and a name may go to somebody else. */
export const chatForm = z.object({
  id: idForm,
  type: z.enum(['private', 'group', 'supergroup', 'channel']),
  title: z.string().optional(),
  username: z.string().optional(),
})
/** A chat. */
export type Chat = z.infer<typeof chatForm>

// What plain members may do, in groups.
const fullChatForm = chatForm.extend({ permissions: z.record(z.string(), z.boolean()).optional() })
/** A chat with what its plain members may do. */
export type FullChat = z.infer<typeof fullChatForm>

/** @param chat `@name` or the id */
export const getChat = (ctx: ProviderContext, token: string, chat: string): Promise<FullChat> =>
  callBot(ctx, { token, method: 'getChat', parameters: { chat_id: chat }, result: fullChatForm })

/**
 * Looks at a chat under the id it has now.
 * @returns with `movedTo` where the group was upgraded to a supergroup and its old id was asked for
 */
export async function followMigration<T>(
  chat: string,
  look: (chat: string) => Promise<T>,
): Promise<{ found: T; movedTo: string | null }> {
  try {
    return { found: await look(chat), movedTo: null }
  } catch (error) {
    if (!(error instanceof ChatMigratedError)) throw error
    return { found: await look(error.newChatId), movedTo: error.newChatId }
  }
}

/** The id under which a chat is reached now, as far as we know. */
export const chatIdOf = ({ settings, targetId }: Pick<TargetAccess, 'settings' | 'targetId'>): string =>
  typeof settings.movedTo === 'string' ? settings.movedTo : targetId

/** The name people see: without a public one there is only the id. */
export function toTarget(ctx: ProviderContext, chat: Chat, targetId = chat.id): Target {
  const { id, type, title, username } = chat
  return {
    targetId,
    handle: username ?? targetId,
    displayName: title ?? null,
    // Pictures are downloaded with the bot token in the address, so there is no address to hand out.
    avatarUrl: null,
    profileUrl: username === undefined ? null : `${endpoint(ctx, 'web')}/${username}`,
    kind: type === 'channel' ? 'channel' : 'group',
    // Under the name of the field, so that a reconnect of this account need not ask for it.
    settings: { chat: targetId, ...(id !== targetId && { movedTo: id }) } satisfies JsonObject,
  }
}
