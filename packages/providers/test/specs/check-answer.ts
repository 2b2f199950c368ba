import type { Description, Operation } from './description.js'
import type { Answer } from './recorded.js'
import type { Schemas } from './schemas.js'
import { unknownFields } from './unknown-fields.js'

/** What is wrong with an answer, as the description sees it. */
export function checkAnswer(
  description: Description,
  schemas: Schemas,
  operation: Operation,
  answer: Answer,
): string[] {
  const { status, mediaType, json, text } = answer
  const described =
    operation.answers.get(String(status)) ??
    operation.answers.get(`${Math.floor(status / 100)}XX`) ??
    operation.answers.get('DEFAULT')
  if (!described) return [`status ${status} is not described`]
  // Described as empty, or not at all.
  if (described.size === 0) return []
  const schema = described.get(mediaType)
  if (!schema) return [`an answer of type "${mediaType}" is not described for status ${status}`]
  if (json === undefined) return [`the answer is no JSON: ${text.slice(0, 40)}`]
  const problems = [
    ...schemas.json(schema, json),
    ...unknownFields(description.document, schema, json).map((one) => `${one} is not described`),
  ]
  return problems.map((problem) => `the answer with status ${status}: ${problem}`)
}
