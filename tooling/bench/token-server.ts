/**
 * A token server in a process of its own, told what to do by its parent: an authorization code flow that consents by itself,
 * and refresh tokens that work once. A token that is used again ends its session, or brings the same answer within a grace.
 * It can break the connection instead of answering, after it has acted.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FromTokenServer, ServerFigures, TokenServerConfig, ToTokenServer } from './messages.js'

interface Session {
  subject: string
  ended: boolean
}
interface RefreshToken {
  session: Session
  usedAt: number | null
  answer: object
}

const { replay, accessTokenSeconds } = JSON.parse(process.argv[2] ?? '') as TokenServerConfig
const graceMs = replay === 'single_use' ? 0 : replay.graceSeconds * 1000

const codes = new Map<string, Session>()
const tokens = new Map<string, RefreshToken>()
const brokenOff = new Set<string>()
const figures = { requests: 0, rotations: 0, repeated: 0, reuses: 0, revocations: 0 }
let lostPercent = 0
let people = 0

/** An answer, and whether the server has done something that only this answer tells. */
interface Answer {
  status: number
  body: object
  session?: Session
}

const refused: Answer = { status: 400, body: { error: 'invalid_grant' } }

function issue(session: Session): object {
  const refreshToken = `refresh-${randomUUID()}`
  tokens.set(refreshToken, { session, usedAt: null, answer: {} })
  return {
    access_token: `access-${randomUUID()}`,
    refresh_token: refreshToken,
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    scope: 'write',
    user_id: session.subject,
  }
}

function exchange(code: string): Answer {
  const session = codes.get(code)
  if (!session || !codes.delete(code)) return refused
  return { status: 200, body: issue(session) }
}

function refresh(token: string): Answer {
  figures.requests++
  const found = tokens.get(token)
  if (!found || found.session.ended) return refused
  const { session } = found
  if (found.usedAt === null) {
    figures.rotations++
    found.usedAt = Date.now()
    found.answer = issue(session)
    return { status: 200, body: found.answer, session }
  }
  if (Date.now() - found.usedAt < graceMs) {
    figures.repeated++
    return { status: 200, body: found.answer, session }
  }
  figures.reuses++
  session.ended = true
  return refused
}

function revoke(token: string): Answer {
  figures.revocations++
  const found = tokens.get(token)
  if (found) found.session.ended = true
  return { status: 200, body: {} }
}

function authorize(url: URL, response: ServerResponse): void {
  const code = `code-${randomUUID()}`
  codes.set(code, { subject: `person-${++people}`, ended: false })
  const back = new URL(url.searchParams.get('redirect_uri') ?? '')
  back.searchParams.set('code', code)
  back.searchParams.set('state', url.searchParams.get('state') ?? '')
  response.writeHead(302, { location: back.href }).end()
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return new URLSearchParams(text)
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://127.0.0.1')
  if (url.pathname === '/authorize') return authorize(url, response)
  const form = await readForm(request)
  const { status, body, session } =
    url.pathname === '/revoke'
      ? revoke(form.get('token') ?? '')
      : form.get('grant_type') === 'refresh_token'
        ? refresh(form.get('refresh_token') ?? '')
        : exchange(form.get('code') ?? '')
  if (session && Math.random() * 100 < lostPercent) {
    brokenOff.add(session.subject)
    request.socket.destroy()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const tell = (message: FromTokenServer) => process.send?.(message)

const server = createServer((request, response) => {
  // A client that was killed while it sent has nobody left to answer.
  handle(request, response).catch(() => request.socket.destroy())
})
server.listen(0, '127.0.0.1', () => {
  tell({ type: 'ready', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToTokenServer) => {
  if (message.type === 'lose') lostPercent = message.percent
  else {
    const all: ServerFigures = { ...figures, brokenOff: [...brokenOff] }
    tell({ type: 'figures', figures: all })
  }
})
