import { type ConnectStep, PostMcp } from '@postmcp/sdk'
import type { ApiAccess } from '../open-api.js'

/** What the API answers: a body, or a problem by its code and status. */
export type Answer = object | { code: string; status: number }

/** What was asked of the API: `POST /connections/conn_1 {"targetIds":["1"]}`. */
export type Asked = string[]

/** An API that gives these answers, one after the other, and remembers what it was asked. */
export function fakeApi(...answers: Answer[]): { api: PostMcp; asked: Asked } {
  const asked: Asked = []
  const fetch = async (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`.trim())
    const answer = answers.shift()
    if (answer === undefined) throw new Error(`Nobody expected ${asked.at(-1)}.`)
    if (!('code' in answer)) return Response.json(answer)
    const { code, status } = answer
    const problem = { type: '', title: '', detail: `It is ${code}.`, nextAction: 'Do this.', code, status }
    return Response.json(problem, { status: Number(status) })
  }
  return { api: new PostMcp({ fetch, maxRetries: 0 }), asked }
}

/** A server's API; `listened` counts how often somebody made sure that a browser can come back. */
export function fakeAccess(...answers: Answer[]): {
  access: ApiAccess
  asked: Asked
  listened: () => number
} {
  const { api, asked } = fakeApi(...answers)
  let listened = 0
  const access: ApiAccess = {
    api,
    isLocal: false,
    async listening() {
      listened += 1
      return access
    },
    finish: () => Promise.reject(new Error('Nothing is published here.')),
    close: async () => {},
  }
  return { access, asked, listened: () => listened }
}

const expiresAt = '2026-11-22T12:00:00.000Z'
const connectionId = 'conn_1'

/** One step of each kind. */
export const steps = {
  authorize: {
    type: 'authorize',
    connectionId,
    authorizationUrl: 'https://platform.test/authorize?state=x',
    startUrl: 'http://127.0.0.1:4477/accounts/oauth/start/t',
    userCode: 'ABCD-EFGH',
    expiresAt,
  },
  confirm: { type: 'awaiting_confirmation', connectionId, expiresAt },
  choose: {
    type: 'select_targets',
    connectionId,
    targets: [
      { targetId: '1', handle: 'one', displayName: 'The one', kind: 'page' },
      { targetId: '2', handle: 'two', displayName: null, kind: 'group' },
    ],
    alreadyConnected: [],
    accountsLeft: null,
    instructions: null,
    expiresAt,
  },
  input: {
    type: 'input_required',
    connectionId,
    fields: [
      {
        name: 'appPassword',
        label: 'App password',
        description: 'An app password.',
        secret: true,
        required: true,
      },
    ],
    instructions: 'Make one.',
    helpUrl: 'https://platform.test/help',
    expiresAt,
  },
  connected: { type: 'connected', connectionId, accounts: [] },
} as const satisfies Record<string, ConnectStep>

/** A connection that stands at a step. */
export const at = (step: ConnectStep | null, more: object = {}): object => ({
  id: connectionId,
  platform: 'bluesky',
  state: 'pending',
  step,
  ...more,
})
