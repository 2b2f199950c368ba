/** A page as it came: nothing of it was followed. */
export interface Page {
  url: string
  status: number
  headers: Headers
  html: string
  /** What a person reads in it, entities and all resolved. */
  words: string
  /** Where it sends the browser. */
  location: string | null
}

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
const readEntities = (text: string) =>
  text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => entities[name] ?? '')
const wordsOf = (html: string) =>
  readEntities((/<main>([\s\S]*)<\/main>/.exec(html)?.[1] ?? '').replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim()

/** The browser of a person: keeps cookies, fills in forms as they are, follows nothing by itself. */
export class Visitor {
  /** Cookies by name. Only pages of ours are visited. */
  readonly cookies = new Map<string, string>()
  readonly #send: (url: string, init: RequestInit) => Response | Promise<Response>

  constructor(send: (url: string, init: RequestInit) => Response | Promise<Response>) {
    this.#send = send
  }

  open = (url: string, init: RequestInit = {}): Promise<Page> => this.#visit(url, { method: 'GET', ...init })

  /** Sends the form of a page, with what is hidden in it. */
  submit(page: Page, pressed: Record<string, string> = {}, headers: Record<string, string> = {}) {
    const action = /<form method="post" action="([^"]+)"/.exec(page.html)?.[1]
    if (action === undefined) throw new Error(`There is no form on ${page.url}: ${page.words}`)
    const body = new URLSearchParams({ ...hiddenOf(page), ...pressed })
    return this.post(new URL(readEntities(action), page.url).href, body, headers)
  }

  post = (url: string, body: RequestInit['body'], headers: Record<string, string> = {}): Promise<Page> =>
    this.#visit(url, { method: 'POST', body: body ?? null, headers })

  async #visit(url: string, init: RequestInit): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await this.#send(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(cookie && { cookie }), ...(init.headers as Record<string, string> | undefined) },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      this.cookies.set(name, value)
    }
    const html = await answer.text()
    const { status, headers } = answer
    return { url, status, headers, html, words: wordsOf(html), location: headers.get('location') }
  }
}

/** What is hidden in the form of a page. */
export const hiddenOf = ({ html }: Page): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [readEntities(name), readEntities(value)],
    ),
  )
