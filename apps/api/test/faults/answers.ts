import type { BadDay } from '@postmcp/sandbox'
import { type ContentKind, freshen, type Lane } from './lane.js'
import { type Cell, judge } from './verdict.js'

/** Faults of single answers, by the names of the tables. */
export const answerFaults = {
  'answer lost': { fault: 'lost_answer' },
  'connection reset': { fault: 'lost_request' },
  '429 with Retry-After': { fault: 'rate_limited', seconds: 30 },
  'status 500': { fault: 'server_error' },
} as const satisfies Record<string, BadDay>
export type AnswerFault = keyof typeof answerFaults

/** More requests than any post takes. */
const most = 60

/** Lets each request of a post meet the fault, one post after another, each published in this process. */
export async function meetAnswerFault(lane: Lane, kind: ContentKind, fault: AnswerFault): Promise<Cell[]> {
  const { badDays } = lane.handle
  const cells: Cell[] = []
  for (let at = 0; at < most; at++) {
    await freshen([lane])
    const post = await lane.createPost(kind)
    const watched = lane.watch(post)
    badDays.set({ ...answerFaults[fault], after: at, times: 1 })
    try {
      const state = await lane.publishHere(post)
      const isMet = badDays.current().length === 0
      const step = watched.steps[at]
      if (isMet && step) {
        cells.push({ platform: lane.id, fault, kind, at, step, ...judge(lane, post, state, step) })
        continue
      }
      const { result, words } = judge(lane, post, state)
      if (result !== 'published') throw new Error(`${lane.id}, ${kind}, in fair weather: ${words}`)
      return cells
    } finally {
      badDays.heal()
      watched.stop()
    }
  }
  throw new Error(`${lane.id}, ${kind}: a post took more than ${most} requests.`)
}
