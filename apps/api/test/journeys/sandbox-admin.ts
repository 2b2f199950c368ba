/** Somebody at a simulated platform. */
export interface SandboxPerson {
  id: string
  handle: string
  /** What he types to connect, where something has to be typed. */
  connectFields: Record<string, string>
}

/** A post at a simulated platform, deleted ones too. */
export interface SandboxPost {
  id: string
  text: string
  inReplyTo: string | null
  deletedAt: string | null
  media: { mimeType: string; sourceSha256: string; altText: string | null }[]
  body: unknown
}

/** The sandbox as somebody sees it who sits at its admin page. */
export interface SandboxAdmin {
  people(platform: string): Promise<SandboxPerson[]>
  /** Oldest first. */
  posts(platform: string): Promise<SandboxPost[]>
  act(platform: string, action: string, input?: Record<string, unknown>): Promise<void>
}

/** @param origin where the sandbox listens */
export function sandboxAdmin(origin: string): SandboxAdmin {
  const call = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${origin}/_sandbox/api/platforms/${path}`, init)
    const body = (await answer.json()) as Record<string, unknown>
    if (!answer.ok) throw new Error(`The sandbox says to ${path}: ${JSON.stringify(body)}`)
    return body
  }
  return {
    people: async (platform) => (await call(platform)).people as SandboxPerson[],
    posts: async (platform) => (await call(`${platform}/posts`)).posts as SandboxPost[],
    async act(platform, action, input = {}) {
      await call(`${platform}/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(input),
      })
    },
  }
}
