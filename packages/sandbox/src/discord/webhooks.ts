import { Hono } from 'hono'
import { describeMessage } from './describe-message.js'
import { DiscordRefusal } from './errors.js'
import type { Messages } from './messages.js'
import { APPLICATION, type DiscordState, type Webhook } from './state.js'
import { channelOf, channelsOf } from './world.js'

/** Webhooks by their token: no other proof is asked. @see https://docs.discord.com/developers/resources/webhook */
export function createWebhookRoutes(state: DiscordState, messages: Messages): Hono {
  const { webhooks, kit } = state
  const app = new Hono()

  const find = (id: string, token: string): Webhook => {
    const webhook = webhooks.get(id)
    if (!webhook) throw new DiscordRefusal(404, 10015, 'Unknown Webhook')
    if (webhook.token !== token) throw new DiscordRefusal(401, 50027, 'Invalid Webhook Token')
    return webhook
  }

  app.get('/webhooks/:id/:token', (c) => {
    const webhook = find(c.req.param('id'), c.req.param('token'))
    return c.json({ ...describeWebhook(webhook), token: webhook.token })
  })

  app.delete('/webhooks/:id/:token', (c) => {
    webhooks.delete(find(c.req.param('id'), c.req.param('token')).id)
    return c.body(null, 204)
  })

  app.post('/webhooks/:id/:token', async (c) => {
    const post = await messages.addOfWebhook(c, find(c.req.param('id'), c.req.param('token')))
    // Who does not wait is told nothing.
    return c.req.query('wait') === 'true' ? c.json(describeMessage(state, post)) : c.body(null, 204)
  })

  app.delete('/webhooks/:id/:token/messages/:message', (c) => {
    const webhook = find(c.req.param('id'), c.req.param('token'))
    const post = messages.find(webhook.channelId, c.req.param('message'))
    if (post.facts.webhookId !== webhook.id) throw new DiscordRefusal(404, 10008, 'Unknown Message')
    kit.world.deletePost(post.id)
    return c.body(null, 204)
  })
  return app
}

/** A new webhook, in the first text channel of a server; undefined where there is none. */
export function addWebhook({ kit, webhooks }: DiscordState, guildId: string): Webhook | undefined {
  const channel = channelsOf(kit.world, guildId).find((one) => channelOf(one).type === 0)
  if (!channel) return undefined
  const webhook = {
    id: kit.world.snowflake(),
    token: kit.random.text(68),
    name: APPLICATION.name,
    guildId,
    channelId: channel.id,
  }
  webhooks.set(webhook.id, webhook)
  return webhook
}

/** A webhook without what opens it. */
export const describeWebhook = ({ id, name, channelId, guildId }: Webhook) => ({
  id,
  type: 1,
  name,
  avatar: null,
  channel_id: channelId,
  guild_id: guildId,
  application_id: APPLICATION.id,
})
