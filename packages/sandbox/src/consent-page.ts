import { html } from 'hono/html'
import type { ConsentRequest, ConsentScope } from './consent.js'
import { type Html, renderPage } from './page.js'
import type { Person } from './world.js'

/** What was ticked. */
export interface ConsentAnswer {
  personId: string
  scopes: string[]
  resourceIds: string[]
}

/** What the consent page is made from. */
export interface ConsentForm {
  /** Where the form is sent. */
  action: string
  platformName: string
  people: readonly Person[]
  request: ConsentRequest
  /** What was wrong with the answer before this one. */
  problem?: string
  answer?: ConsentAnswer
}

/** The page on which a person allows or denies. Works without script; what others own is hidden by style alone. */
export function renderConsentPage(form: ConsentForm): Html {
  const { request, people, problem, action, platformName } = form
  const chosen = form.answer?.personId ?? people[0]?.id
  return renderPage(
    `${platformName}: allow ${request.clientName}?`,
    html`${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<form method="post" action="${action}">
<fieldset><legend>Who are you?</legend>
${people.map(
  (person, at) => html`<label><input type="radio" name="person" id="person-${at}" value="${person.id}"${
    person.id === chosen ? ' checked' : ''
  }> ${person.name} <span class="quiet">@${person.handle}</span></label>
`,
)}</fieldset>
${renderScopes(form)}
${renderChoices(form)}
<div class="actions">
<button class="primary" type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</div>
</form>`,
  )
}

function renderScopes({ request, answer }: ConsentForm): Html {
  const isTicked = ({ name, required }: ConsentScope) => required || (answer?.scopes.includes(name) ?? true)
  if (request.scopes.length === 0) return html``
  return html`<fieldset><legend>${request.clientName} asks for</legend>
${request.scopes.map(
  (
    scope,
  ) => html`<label><input type="checkbox" name="scope" value="${scope.name}"${isTicked(scope) ? ' checked' : ''}${
    scope.required ? ' disabled' : ''
  }> ${scope.name}${scope.required ? ' (required)' : ''}${
    scope.why ? html` <span class="why">${scope.why}</span>` : ''
  }</label>
`,
)}</fieldset>`
}

function renderChoices({ request, people, answer }: ConsentForm): Html {
  const { choose } = request
  if (!choose) return html``
  const type = choose.isSingle ? 'radio' : 'checkbox'
  const rules = people.map((_, at) => `form:has(#person-${at}:checked) #choices-${at}`).join(', ')
  return html`<style>@supports selector(:has(*)) { .choices { display: none } ${rules} { display: block } }</style>
${people.map((person, at) => {
  const items = choose.itemsOf(person.id)
  return html`<fieldset class="choices" id="choices-${at}"><legend>${choose.kind} of ${person.name}</legend>
${items.map(
  ({ id, label }, place) =>
    html`<label><input type="${type}" name="resource" value="${id}"${
      (answer ? answer.resourceIds.includes(id) : !choose.isSingle || (at === 0 && place === 0))
        ? ' checked'
        : ''
    }> ${label}</label>
`,
)}${items.length === 0 ? html`<p class="quiet">None.</p>` : ''}</fieldset>
`
})}`
}
