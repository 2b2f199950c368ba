import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

/** Escaped HTML, or a promise of it. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/** What every page of ours is sent with: not to be kept, framed, or told about to the next address; nothing on it runs. */
export const pageHeaders = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
}

/** A page on its own, readable without anything from elsewhere. */
export const page = (title: string, content: Html): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} - PostMCP</title>
<style>
:root { color-scheme: light dark; --ink: #1d2129; --paper: #fff; --ground: #f3f4f7; --line: #d5d9e0; --strong: #2346c9; --on-strong: #fff; --quiet: #5a6270 }
@media (prefers-color-scheme: dark) { :root { --ink: #eceef2; --paper: #1d2129; --ground: #13161b; --line: #3a414d; --strong: #8fa8ff; --on-strong: #10131a; --quiet: #a5adba } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { width: min(30rem, 100%); padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3; overflow-wrap: anywhere }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
.code { display: inline-block; padding: .35rem .75rem; border: 1px solid var(--line); border-radius: .5rem; font: 600 1.25rem/1.4 ui-monospace, monospace; letter-spacing: .08em }
.quiet { color: var(--quiet); font-size: .9rem }
form { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 0 }
button { font: inherit; padding: .6rem 1.2rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; cursor: pointer }
button.strong { background: var(--strong); border-color: var(--strong); color: var(--on-strong); font-weight: 600 }
button:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px }
</style>
</head>
<body><main>${content}</main></body>
</html>`
