/** What a page says: where its address is, its status and its text. */
export interface Visit {
  url: string
  status: number
  text: string
  /** Where the page sends the browser, not followed. */
  location: string | null
}

/** A browser as far as a connect needs one: it keeps cookies by origin, and follows redirects only when it is told to. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()

  open(url: string): Promise<Visit> {
    return this.#visit(url, { method: 'GET' })
  }

  /** Presses a button of the form on a page. */
  submit({ url, text }: Visit, button: Record<string, string> = {}): Promise<Visit> {
    const action = /<form method="post" action="([^"]+)"/.exec(text)?.[1]
    if (action === undefined) throw new Error(`There is no form on ${url}: ${text}`)
    const fields = new URLSearchParams(button)
    for (const [, name = '', value = ''] of text.matchAll(
      /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
    )) {
      fields.set(name, value)
    }
    return this.#visit(new URL(action, url).href, { method: 'POST', body: fields })
  }

  async #visit(url: string, init: RequestInit): Promise<Visit> {
    const { origin } = new URL(url)
    const jar = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const header of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? []
      jar.set(name, value)
    }
    const { status, headers } = answer
    return { url, status, text: await answer.text(), location: headers.get('location') }
  }
}
