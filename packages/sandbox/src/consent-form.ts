/**
 * Reads the form of a consent page made by this package: where it goes, and what is in it when nothing is touched.
 * @throws Error when the page holds no such form
 */
export function readForm(
  page: string,
  { url, status }: Pick<Response, 'url' | 'status'>,
): { action: string; fields: URLSearchParams } {
  const action = /<form method="post" action="([^"]+)">/.exec(page)?.[1]
  if (action === undefined || !action.includes('_consent/'))
    throw new Error(`Status ${status} came without a consent page: ${page.slice(0, 500)}`)
  const fields = new URLSearchParams()
  for (const [tag] of page.matchAll(/<input [^>]+>/g)) {
    const [name, value] = [attributeOf(tag, 'name'), attributeOf(tag, 'value')]
    if (name !== undefined && value !== undefined && tag.includes(' checked')) fields.append(name, value)
  }
  return { action: new URL(unescapeHtml(action), url).href, fields }
}

function attributeOf(tag: string, name: string): string | undefined {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined ? undefined : unescapeHtml(value)
}

const unescapeHtml = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
