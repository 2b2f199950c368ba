import { errorKinds } from '@postmcp/core'
import { PostMcpApiError } from '@postmcp/sdk'
import { expect, test } from 'vitest'
import { exitCodeOf, exitCodes, toApiError } from './errors.js'

test("exit codes are those of core's table", () => {
  expect(exitCodes).toEqual(
    Object.fromEntries(Object.entries(errorKinds).map(([code, kind]) => [code, kind.exitCode])),
  )
})

test('a code that is newer than we are exits with 1', () => {
  expect(exitCodeOf('invented_later')).toBe(1)
})

test('what does not fit the flags is invalid_request, without a value that may be a password', () => {
  const thrown = Object.assign(
    new Error('Nonexistent flag: --app-passwrd=hunter2\nSee more help with --help'),
    { parse: {} },
  )
  const error = toApiError(thrown, 'accounts:connect')
  expect(error).toBeInstanceOf(PostMcpApiError)
  expect(error.toJSON()).toMatchObject({
    type: 'urn:postmcp:error:invalid_request',
    code: 'invalid_request',
    detail: 'Nonexistent flag: --app-passwrd=….',
    nextAction: 'Run `postmcp accounts connect --help`.',
  })
})

test('several complaints about flags become one sentence', () => {
  const thrown = Object.assign(
    new Error('The following errors occurred:\n  Missing A\n  Missing B\nSee more help with --help'),
    { oclif: {} },
  )
  expect(toApiError(thrown, 'post:create').message).toBe('Missing A Missing B.')
})

test('what nobody foresaw is internal_error', () => {
  expect(toApiError(new TypeError('x is undefined'), 'serve').code).toBe('internal_error')
  expect(toApiError('just words', 'serve').message).toContain('just words')
})
