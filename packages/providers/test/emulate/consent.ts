/** What a person does on a consent page of emulate: picks the first account shown. @returns where the browser is sent back to */
export async function pickFirst(authorizationUrl: string): Promise<string> {
  const page = await (await fetch(authorizationUrl)).text()
  const form = /<form[^>]*action="([^"]+)"[^>]*>(.*?)<\/form>/s.exec(page)
  if (!form) throw new Error(`There is no account to pick: ${page.replaceAll(/<[^>]+>/g, ' ').slice(-200)}`)
  const [, action = '', content = ''] = form
  const fields = [...content.matchAll(/<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)]
  const answer = await fetch(new URL(action, authorizationUrl), {
    method: 'POST',
    body: new URLSearchParams(
      fields.map(([, name = '', value = '']): [string, string] => [name, plain(value)]),
    ),
    redirect: 'manual',
  })
  const location = answer.headers.get('location')
  if (location === null) throw new Error(`After the choice came status ${answer.status} and no redirect.`)
  return location
}

/** Without the escapes of HTML. */
const plain = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#039;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
