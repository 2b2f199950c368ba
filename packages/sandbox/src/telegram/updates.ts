import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { describeChat, findChat } from './chats.js'
import { BotApiError } from './errors.js'
import { describeMember, describeOwner } from './members.js'

/** What waits for a bot, and where it wants it sent. */
export interface UpdateQueue {
  /** Empty: it asks by itself. */
  webhookUrl: string
  updates: { update_id: number; [kind: string]: unknown }[]
}

/** The queues of all bots. */
export interface UpdateQueues {
  /** That of a person's bot; every chat it was added to since the last look stands in there. */
  of(owner: Person): UpdateQueue
}

/** Queues with nothing in them. */
export function createUpdateQueues(kit: PlatformKit): UpdateQueues {
  const queues = new Map<string, UpdateQueue & { announced: Set<string>; last: number }>()
  return {
    of(owner) {
      const queue = queues.get(owner.id) ?? { webhookUrl: '', updates: [], announced: new Set(), last: 1000 }
      queues.set(owner.id, queue)
      for (const { id } of kit.world.resourcesOf(owner.id)) {
        if (queue.announced.has(id)) continue
        queue.announced.add(id)
        queue.last += 1
        const joined = describeJoining(kit, { ...owner, condition: 'active' }, id)
        queue.updates.push({ update_id: queue.last, my_chat_member: joined })
      }
      return queue
    },
  }
}

/** @see https://core.telegram.org/bots/api#chatmemberupdated */
function describeJoining(kit: PlatformKit, owner: Person, chatId: string) {
  const chat = findChat(kit, owner, chatId)
  return {
    chat: describeChat(chat),
    from: describeOwner(owner),
    date: Math.floor(kit.now().getTime() / 1000),
    old_chat_member: describeMember(owner, { ...chat, isOwn: false }),
    new_chat_member: describeMember(owner, chat),
  }
}

/**
 * The oldest updates that nobody confirmed; those below `offset` are confirmed and forgotten.
 * @throws BotApiError 409 while there is a webhook
 * @see https://core.telegram.org/bots/api#getupdates
 */
export function takeUpdates(queue: UpdateQueue, parameters: { offset: number; limit: number }) {
  if (queue.webhookUrl !== '') {
    throw new BotApiError(409, "Conflict: can't use getUpdates method while webhook is active")
  }
  const { offset, limit } = parameters
  const from = offset < 0 ? (queue.updates.at(offset)?.update_id ?? 0) : offset
  queue.updates = queue.updates.filter(({ update_id }) => update_id >= from)
  return queue.updates.slice(0, limit)
}
