import { setTimeout as sleep } from 'node:timers/promises'
import { approve } from '../sandbox.js'

/** A post as the API shows it, as far as it is looked at here. */
export interface ShownPost {
  platform: string
  state: string
  failure: { code: string; message: string } | null
}

/** A user of an API who does what is needed to publish. */
export interface Client {
  /** Connects the first account there is at a platform, by a consent that somebody pastes. @returns its id */
  connect(platform: string): Promise<string>
  /** Publishes a video, and waits until that is over everywhere. */
  publish(draft: {
    text: string
    mediaId: string
    accounts: ReadonlyMap<string, string>
  }): Promise<ShownPost[]>
}

interface Step {
  type: string
  connectionId: string
  authorizationUrl: string
  targets: { targetId: string }[]
  accounts: { id: string }[]
}

export function openClient(url: string, key: string): Client {
  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  return {
    async connect(platform) {
      const asked = await call<Step>('POST', '/accounts/connect', { platform, method: 'oauth2' })
      const path = `/connections/${asked.connectionId}`
      const callbackUrl = await approve(asked.authorizationUrl)
      let step = await call<Step>('POST', path, { callbackUrl })
      if (step.type === 'select_targets') {
        const targetIds = step.targets.slice(0, 1).map(({ targetId }) => targetId)
        step = await call<Step>('POST', path, { targetIds })
      }
      const [account] = step.type === 'connected' ? step.accounts : []
      if (!account) throw new Error(`Connecting ${platform} led to ${step.type}.`)
      return account.id
    },
    async publish({ text, mediaId, accounts }) {
      const targets = [...accounts].map(([platform, accountId]) => ({
        accountId,
        // Shown as one text there.
        ...(platform === 'youtube' && { overrides: { title: text, text: '' } }),
      }))
      const content = { text, media: [{ mediaId }] }
      const { id } = await call<{ id: string }>('POST', '/post-groups', { content, targets })
      for (;;) {
        const { posts } = await call<{ posts: ShownPost[] }>('GET', `/post-groups/${id}`)
        if (posts.every(({ state }) => !['scheduled', 'queued', 'publishing'].includes(state))) return posts
        await sleep(200)
      }
    },
  }
}
