import { Hono } from 'hono'
import { html } from 'hono/html'
import { sameOriginOnly } from './admin.js'
import { AdminError, adminActions } from './admin-actions.js'
import { viewPlatform } from './admin-view.js'
import { FAULTS } from './bad-days.js'
import type { Delivery } from './callbacks.js'
import { type Html, PAGE_HEADERS, renderMessage, renderPage } from './page.js'
import type { PlatformHandle } from './platform-handle.js'
import type { Sandbox } from './sandbox.js'
import type { Person, Post } from './world.js'

/** Pages to look at the sandbox: `/` for all of it, `/<id>/_sandbox` for one platform. */
export function createAdminPages(sandbox: Pick<Sandbox, 'platforms'>): Hono {
  const app = new Hono()
  app.use('/:platform/_sandbox/*', sameOriginOnly)
  app.get('/', (c) => c.html(renderOverview(sandbox.platforms), 200, PAGE_HEADERS))
  for (const handle of sandbox.platforms) {
    const page = `/${handle.id}/_sandbox`
    app.get(page, (c) => {
      // Pictures may come from a port of the platform's own.
      const policy =
        PAGE_HEADERS['content-security-policy']?.replace("'self'", new URL(handle.base).origin) ?? ''
      return c.html(renderPlatform(handle), 200, { ...PAGE_HEADERS, 'content-security-policy': policy })
    })
    for (const [name, act] of Object.entries(adminActions))
      app.post(`${page}/${name}`, async (c) => {
        try {
          act(handle, Object.fromEntries(await c.req.formData()))
        } catch (error) {
          if (!(error instanceof AdminError)) throw error
          return c.html(renderMessage('That did not work', error.message), 422, PAGE_HEADERS)
        }
        // Relative, so that it also holds where the sandbox is mounted below some path.
        return c.redirect('../_sandbox', 303)
      })
  }
  return app
}

function renderOverview(platforms: readonly PlatformHandle[]): Html {
  return renderPage(
    'Simulated platforms',
    html`${platforms.map((handle) => {
      const { base, people, grants, posts } = viewPlatform(handle)
      const living = grants.filter(({ revokedAt }) => revokedAt === null)
      return html`<article><h2><a href="${handle.id}/_sandbox">${handle.name}</a></h2>
<p class="quiet">${base}</p>
<p>People: ${people.map(({ name }) => name).join(', ') || 'none'}. Connections granted: ${living.length}. Posts: ${posts}.</p>
</article>
`
    })}`,
  )
}

function renderPlatform(handle: PlatformHandle): Html {
  const { badDays } = viewPlatform(handle)
  const posts = handle.world.postsWithDeleted().reverse()
  return renderPage(
    handle.name,
    html`<p><a href="../">All platforms</a> <span class="quiet">${handle.base}</span></p>
<h2>Days</h2>
<p>${badDays.length === 0 ? 'A good day.' : `Bad: ${badDays.map((day) => JSON.stringify(day)).join(', ')}`}</p>
<form method="post" action="_sandbox/bad-day" class="inline">
<label>What goes wrong <select name="fault">${FAULTS.map((fault) => html`<option>${fault}</option>`)}</select></label>
<label>Times <input name="times" inputmode="numeric" size="4" placeholder="all"></label>
<button>Make it so</button>
</form>
<form method="post" action="_sandbox/heal"><button>Heal</button></form>
<form method="post" action="_sandbox/expire-tokens"><button>Expire all access tokens</button></form>
<h2>People</h2>
${handle.world.people().map((person) => renderPerson(handle, person))}
${renderDeliveries(handle)}
<h2>Posts</h2>
${posts.length === 0 ? html`<p class="quiet">None yet.</p>` : posts.map((post) => renderPost(handle, post))}`,
  )
}

function renderPerson(handle: PlatformHandle, person: Person): Html {
  const grants = handle.tokens.grants({ personId: person.id }).filter(({ revokedAt }) => revokedAt === null)
  const conditions = ['active', ...(handle.platform.conditions ?? [])]
  const hidden = html`<input type="hidden" name="personId" value="${person.id}">`
  return html`<article><h3>${person.name} <span class="quiet">@${person.handle}, ${person.id}, ${person.condition}</span></h3>
<ul>${grants.map(
    ({ clientId, scopes, resourceIds }) =>
      html`<li>${handle.tokens.client(clientId)?.name}${scopes.length === 0 ? '' : `: ${scopes.join(' ')}`}${
        resourceIds.length === 0
          ? ''
          : `; ${resourceIds.map((id) => handle.world.resource(id)?.name ?? id).join(', ')}`
      }</li>`,
  )}</ul>
${renderConnectFields(handle.connectFields(person.id))}
<form method="post" action="_sandbox/revoke" class="inline">${hidden}<button>Revoke access of ${person.name}</button></form>
${
  handle.platform.callbacks?.onDeletionWanted
    ? html`<form method="post" action="_sandbox/want-deletion" class="inline">${hidden}<button>Ask for deletion of everything</button></form>`
    : ''
}
<form method="post" action="_sandbox/drop-scopes" class="inline">${hidden}<label>Scopes <input name="scopes" required></label><button>Take back</button></form>
${
  conditions.length === 1
    ? ''
    : html`<form method="post" action="_sandbox/set-condition" class="inline">${hidden}<label>Condition <select name="condition">${conditions.map(
        (one) => html`<option${one === person.condition ? ' selected' : ''}>${one}</option>`,
      )}</select></label><button>Change</button></form>`
}
</article>
`
}

/** What is typed to connect, where something has to be typed. It opens nothing but this sandbox. */
function renderConnectFields(fields: Record<string, string>): Html {
  const entries = Object.entries(fields)
  if (entries.length === 0) return html``
  return html`<div class="type"><p>To connect, type</p>
<dl>${entries.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl></div>`
}

function renderDeliveries({ callbacks }: PlatformHandle): Html {
  if (!callbacks) return html``
  const deliveries = [...callbacks.deliveries()].reverse()
  return html`<h2>Calls to applications</h2>
${deliveries.length === 0 ? html`<p class="quiet">None yet. Revoking access makes one.</p>` : deliveries.map(renderDelivery)}`
}

function renderDelivery({ event, clientName, url, body, tries, nextTryAt }: Delivery): Html {
  const outcome =
    url === null
      ? 'No callback address is configured for this application, so nothing was sent.'
      : tries.length === 0
        ? 'On its way.'
        : ''
  return html`<article><h3>${event} <span class="quiet">to ${clientName}${url === null ? '' : `, ${url}`}</span></h3>
${outcome === '' ? '' : html`<p>${outcome}</p>`}
<ol>${tries.map(
    ({ at, status, answer }) =>
      html`<li>${at.toISOString()}: ${status === null ? answer : `status ${status}${answer === '' ? '' : `, ${answer}`}`}</li>`,
  )}</ol>
${nextTryAt === null ? '' : html`<p class="quiet">Next try at ${nextTryAt.toISOString()}.</p>`}
<details><summary>What was sent</summary><pre>${body}</pre></details>
</article>
`
}

function renderPost(handle: PlatformHandle, post: Post): Html {
  const author = post.personId === null ? null : handle.world.person(post.personId)
  const place = post.resourceId === null ? null : handle.world.resource(post.resourceId)
  return html`<article>
<p><strong>${author?.name ?? place?.name ?? 'Unknown'}</strong>${author && place ? ` in ${place.name}` : ''}
<span class="quiet">${post.id}, ${post.createdAt.toISOString()}${post.isPublic ? '' : ', not public'}${
    post.deletedAt ? ', deleted' : ''
  }</span></p>
<pre>${post.text}</pre>
${post.media.map(({ id, mimeType, altText, sha256 }) =>
  mimeType.startsWith('image/') && handle.world.mediaBytes(id)
    ? html`<img src="${handle.kit.mediaUrl(id)}" alt="${altText ?? ''}">`
    : html`<p class="quiet">${mimeType} ${sha256}</p>`,
)}
<details><summary>What was sent</summary><pre>${JSON.stringify(post.body, null, 2)}</pre></details>
</article>
`
}
