/** A browser without a window: keeps cookies, follows redirects within one server, presses the buttons it is told to. */
export class ConsentBrowser {
  readonly #cookies = new Map<string, string>()

  /**
   * Opens an authorization URL, logs in and consents, on pages that consist of one form each.
   * @param decision what is done on the page that asks for consent
   * @returns the address at which the browser leaves the server, with code or error
   */
  async authorize(
    authorizationUrl: string,
    person: string,
    decision: 'consent' | 'deny' = 'consent',
  ): Promise<URL> {
    const { origin } = new URL(authorizationUrl)
    let address = new URL(authorizationUrl)
    let form: URLSearchParams | null = null
    for (let steps = 0; steps < 20; steps++) {
      const response = await this.#visit(address, form)
      const location = response.headers.get('location')
      form = null
      if (location !== null) {
        address = new URL(location, address)
        if (address.origin !== origin) return address
        continue
      }
      const page = await response.text()
      const button = readPage(page)
      if (!button) throw new Error(`No way on from ${address.pathname}: ${response.status} ${page}`)
      const isDenied = decision === 'deny' && button.prompt === 'consent'
      address = new URL(isDenied ? button.abort : button.submit, address)
      if (!isDenied) form = new URLSearchParams({ prompt: button.prompt, login: person, password: 'any' })
    }
    throw new Error('The server sends the browser round in circles.')
  }

  async #visit(address: URL, form: URLSearchParams | null): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(address, {
      redirect: 'manual',
      headers: { cookie },
      ...(form && { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const end = pair.indexOf('=')
      const [name, value] = [pair.slice(0, end), pair.slice(end + 1)]
      // A cookie is taken away by giving it no value.
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return response
  }
}

/** The form of a page and the link that gives up; null for a page that has neither. */
function readPage(html: string): { submit: string; prompt: string; abort: string } | null {
  const submit = /<form[^>]* action="([^"]+)"/.exec(html)?.[1]
  const prompt = /name="prompt" value="([^"]+)"/.exec(html)?.[1]
  const abort = /href="([^"]+\/abort)"/.exec(html)?.[1]
  return submit && prompt && abort ? { submit, prompt, abort } : null
}
