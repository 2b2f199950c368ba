import type { CallbackResult, PostMcpError, StartPage } from '@postmcp/core'
import { html } from 'hono/html'
import { type Html, page } from './page.js'

const named = (handles: readonly string[]) => handles.map((handle) => `@${handle}`).join(', ')
/** What a workspace of the sandbox is told on every page. */
const sandboxNote = (mode: 'live' | 'sandbox') =>
  mode === 'sandbox' ? html`<p class="quiet">This is a sandbox workspace: nothing real is connected.</p>` : ''

/** Who asks, for which workspace; the way on is a button, so that no preview of a link binds a browser. */
export const startPage = (
  { platformName, workspace, userCode, connection, authorizationUrl, otherWays }: StartPage,
  action: string,
  token: string,
): Html =>
  page(
    `Connect ${platformName}`,
    html`<h1>Connect ${platformName} to ${workspace.name}</h1>
<p>The workspace <strong>${workspace.name}</strong> asks to ${
      connection.reconnectAccountId ? 'renew its access to an account of yours' : 'publish for you'
    }. Go on only if you, or somebody you trust, started this just now and was shown this code:</p>
<p><span class="code">${userCode}</span></p>
<p class="quiet">Next you decide at ${new URL(authorizationUrl).host} what is allowed. You can take it back there at any time.</p>
${sandboxNote(workspace.mode)}
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<button class="strong">Continue to ${platformName}</button>
${otherWays.map(
  ({
    id,
    name,
    summary,
  }) => html`<p><button name="way" value="${id}">Go by ${name}</button> <span class="quiet">${summary}</span></p>
`,
)}</form>`,
  )

/** What became of the callback. */
export function resultPage(result: CallbackResult, confirmAction: string): Html {
  const { platformName } = result
  switch (result.outcome) {
    case 'connected':
      return page(
        'Connected',
        html`<h1>${named(result.handles)} is connected</h1>
<p>You can close this window and go back to where you started.</p>`,
      )
    case 'select_targets':
      return page(
        'Almost done',
        html`<h1>${platformName} is authorized</h1>
<p>Go back to where you started and choose what should be connected.</p>`,
      )
    case 'confirm':
      return page(
        'Confirm',
        html`<h1>Connect ${named(result.handles) || platformName} to ${result.workspace.name}?</h1>
<p>This connection was not started in this browser. Confirm only if the workspace <strong>${
          result.workspace.name
        }</strong> is yours, or you want it to publish for you.</p>
${sandboxNote(result.workspace.mode)}
<form method="post" action="${confirmAction}">
<input type="hidden" name="token" value="${result.csrf}">
<button class="strong" name="answer" value="confirm">Connect</button>
<button name="answer" value="decline">Decline</button>
</form>`,
      )
  }
}

/** An error in words for whoever sits at the browser. */
export const errorPage = (error: PostMcpError, requestId: string): Html =>
  page(
    'Not connected',
    html`<h1>${error.code === 'authorization_denied' ? 'Nothing was connected' : 'This did not work'}</h1>
<p>${error.message}</p>
<p>${error.nextAction}</p>
<p class="quiet">${error.code}, request ${requestId}</p>`,
  )
