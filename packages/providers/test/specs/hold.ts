import { checkAnswer } from './check-answer.js'
import { checkRequest } from './check-request.js'
import type { Description } from './description.js'
import { findOperation } from './find-operation.js'
import type { Recorded } from './recorded.js'
import { createSchemas } from './schemas.js'

/** An exchange as a description sees it. */
export interface Held {
  /** Method and address: as the description writes it, or as it was where there is no such call. */
  call: string
  status: number
  isDescribed: boolean
  problems: string[]
}

/** Holds exchanges against a description. */
export function holdAgainst(description: Description): (one: Recorded) => Promise<Held> {
  const schemas = createSchemas(description)
  return async ({ request, answer }) => {
    const { status } = answer
    const url = new URL(request.url)
    const found = findOperation(description, request.method, url)
    if (!found) {
      const call = `${request.method} ${url.origin}${url.pathname}`
      return { call, status, isDescribed: false, problems: ['is not described'] }
    }
    const problems = [
      ...(await checkRequest(description, schemas, found, request)),
      ...checkAnswer(description, schemas, found.operation, answer),
    ]
    return { call: found.operation.name, status, isDescribed: true, problems }
  }
}
