import { type Context, Hono } from 'hono'
import { type ConsentAnswer, type ConsentForm, renderConsentPage } from './consent-page.js'
import { PAGE_HEADERS, renderMessage } from './page.js'
import type { Random } from './random.js'
import type { SandboxClock } from './sandbox-clock.js'
import type { World } from './world.js'

/** A scope that the consent page shows. */
export interface ConsentScope {
  name: string
  /** What it lets the client do, in the platform's words. */
  why?: string
  /** One that is required cannot be unticked. */
  required: boolean
}

/** Pages, channels or boards to choose from. */
export interface ConsentChoice {
  /** What is chosen, as the page calls it, such as `pages`. */
  kind: string
  /** Those that this person may choose. */
  itemsOf(personId: string): readonly { id: string; label: string }[]
  /** The least that must be chosen. Default: 0. */
  min?: number
  /** Whether exactly one is chosen. Default: false. */
  isSingle?: boolean
}

/** What a person decided. */
export interface ConsentDecision {
  personId: string
  scopes: string[]
  resourceIds: string[]
}

/** What a platform asks a person, once it has found the authorization request to be good. */
export interface ConsentRequest {
  clientName: string
  scopes: readonly ConsentScope[]
  choose?: ConsentChoice
  /** Where to send the browser, or an answer of the platform's own. */
  onAllow(decision: ConsentDecision): string | Response
  onDeny(): string | Response
}

/** The consent pages of one platform. */
export interface Consent {
  /** Shows the consent page; the decision comes with a later request. */
  ask(c: Context, request: ConsentRequest): Response | Promise<Response>
  /** Where decisions arrive: `POST /_consent/<id>`. */
  routes: Hono
}

const LIFE_SECONDS = 600
/** Pages that wait for an answer; who asks for more makes the oldest go. */
const MAX_PENDING = 1000

/** Makes the consent pages of a platform, reached at `base`. */
export function createConsent(options: {
  platformName: string
  base(): string
  world: World
  random: Random
  clock: SandboxClock
}): Consent {
  const { platformName, base, world, random, clock } = options
  const pending = new Map<string, { request: ConsentRequest; expiresAt: number }>()
  const routes = new Hono()

  const render = (
    c: Context,
    id: string,
    request: ConsentRequest,
    problem?: string,
    answer?: ConsentAnswer,
  ) => {
    const form: ConsentForm = {
      action: pathFrom(c, `_consent/${id}`),
      platformName,
      people: world.people(),
      request,
      ...(problem !== undefined && { problem }),
      ...(answer && { answer }),
    }
    return renderConsentPage(form)
  }

  /** Relative to the page that is shown, so that it also holds where the platform is reached at another address than its own. */
  const pathFrom = (c: Context, path: string) => {
    const below = new URL(c.req.url).pathname.slice(new URL(base()).pathname.replace(/\/$/, '').length)
    return `${'../'.repeat(below.split('/').length - 2)}${path}`
  }
  const forgetOld = () => {
    for (const [id, { expiresAt }] of pending) {
      // They are in the order in which they were asked.
      if (expiresAt > clock.now().getTime() && pending.size < MAX_PENDING) return
      pending.delete(id)
    }
  }

  routes.post('/_consent/:id', async (c) => {
    const id = c.req.param('id')
    const asked = pending.get(id)
    if (!asked || asked.expiresAt <= clock.now().getTime()) {
      pending.delete(id)
      const text = 'This question was answered already, or it is too old. Start again.'
      return c.html(renderMessage('Nothing to decide', text), 410, PAGE_HEADERS)
    }
    const { request } = asked
    const form = await c.req.formData()
    if (form.get('decision') !== 'allow') {
      pending.delete(id)
      return redirected(request.onDeny())
    }
    const answer = readAnswer(form)
    const problem = problemOf(answer, request, world)
    if (problem !== null) return c.html(render(c, id, request, problem, answer), 422, PAGE_HEADERS)
    pending.delete(id)
    return redirected(request.onAllow(decide(answer, request)))
  })

  return {
    ask(c, request) {
      forgetOld()
      const id = random.text(32)
      pending.set(id, { request, expiresAt: clock.now().getTime() + LIFE_SECONDS * 1000 })
      return c.html(render(c, id, request), 200, PAGE_HEADERS)
    },
    routes,
  }
}

const redirected = (to: string | Response) =>
  typeof to === 'string' ? new Response(null, { status: 302, headers: { location: to } }) : to

const readAnswer = (form: FormData): ConsentAnswer => ({
  personId: String(form.get('person') ?? ''),
  scopes: form.getAll('scope').map(String),
  resourceIds: form.getAll('resource').map(String),
})

function problemOf(answer: ConsentAnswer, { choose }: ConsentRequest, world: World): string | null {
  if (!world.person(answer.personId)) return 'Choose who you are.'
  if (!choose) return null
  const chosen = chosenOf(answer, choose)
  const min = choose.isSingle ? 1 : (choose.min ?? 0)
  return chosen.length < min ? `Choose at least ${min} of your ${choose.kind}.` : null
}

/** What belongs to other people is not theirs to choose. */
function chosenOf({ personId, resourceIds }: ConsentAnswer, choose: ConsentChoice): string[] {
  const own = choose.itemsOf(personId).map(({ id }) => id)
  const chosen = own.filter((id) => resourceIds.includes(id))
  return choose.isSingle ? chosen.slice(0, 1) : chosen
}

const decide = (answer: ConsentAnswer, { scopes, choose }: ConsentRequest): ConsentDecision => ({
  personId: answer.personId,
  scopes: scopes
    .filter(({ name, required }) => required || answer.scopes.includes(name))
    .map(({ name }) => name),
  resourceIds: choose ? chosenOf(answer, choose) : [],
})
