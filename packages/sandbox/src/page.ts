import { html } from 'hono/html'

/** Text that is HTML already; made by `html` of Hono, which escapes everything put into it. */
export type Html = ReturnType<typeof html>

/** What every page of the sandbox is sent with: nothing from elsewhere, no script, in no frame. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** A whole page that says it is a simulation. */
export function renderPage(title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} (PostMCP sandbox)</title>
<style>${STYLE}</style>
</head>
<body>
<p class="notice" role="note"><strong>Simulation.</strong> This is the PostMCP sandbox, not the real platform. Nothing here reaches anyone.</p>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>`
}

/** A page with one thing to say. */
export const renderMessage = (title: string, message: string): Html =>
  renderPage(title, html`<p>${message}</p>`)

const STYLE = `
:root { color-scheme: light dark; --line: #8886; --accent: #2b5fd9; }
* { box-sizing: border-box }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 1rem }
.notice { margin: 0; padding: .5rem 1rem; background: #ffe9a8; color: #3d2f00; text-align: center }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2rem } h3 { font-size: 1rem }
fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .5rem 1rem }
legend { font-weight: 600; padding: 0 .25rem }
label { display: block; padding: .25rem 0 }
.why, .quiet { opacity: .75; font-size: .9rem }
button { font: inherit; padding: .4rem 1rem; border-radius: .5rem; border: 1px solid var(--line); cursor: pointer }
button.primary { background: var(--accent); border-color: var(--accent); color: #fff }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0 }
.inline { display: inline-flex; gap: .5rem; align-items: center; margin: .15rem 0 }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; margin: 1rem 0 }
article img { max-width: 12rem; max-height: 12rem }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: .25rem 0 .75rem }
dd { margin: 0; overflow-wrap: anywhere }
.type p { margin: .5rem 0 0 }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
.error { color: #b00020; font-weight: 600 }
@media (prefers-color-scheme: dark) { .error { color: #ff8a80 } }
`
