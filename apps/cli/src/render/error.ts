import type { PostMcpApiError } from '@postmcp/sdk'
import { paint, plain } from '../output.js'

/** An error in words: what happened, what is wrong in detail, what to do next. */
export function renderError(error: PostMcpApiError): string {
  const { stderr } = process
  const lines = [`${paint(['bold', 'red'], 'Error:', stderr)} ${plain(error.message)}`]
  for (const issue of error.issues) {
    if (!error.message.includes(issue.message)) lines.push(`  - ${plain(issue.message)}`)
  }
  lines.push(`${paint('bold', 'Next:', stderr)}  ${plain(error.nextAction)}`)
  if (error.retryAfter) lines.push(`Not before ${error.retryAfter.toISOString()}.`)
  if (error.helpUrl) lines.push(plain(error.helpUrl))
  const marks = [error.code, error.platformCode, error.requestId].filter((mark) => mark !== undefined)
  lines.push(paint('dim', `(${plain(marks.join(', '))})`, stderr))
  return `${lines.join('\n')}\n`
}
