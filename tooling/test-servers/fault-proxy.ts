import { once, setMaxListeners } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One request as the proxy saw it. Bodies and headers are not kept: they hold passwords and tokens. */
export type RecordedRequest = {
  readonly method: string
  /** Path with query, as sent. */
  readonly path: string
  /** The method name of an XRPC call, else null. */
  readonly nsid: string | null
  readonly at: Date
  /** The whole request was handed to the target. */
  forwarded: boolean
  /** What the target answered, even if that answer was then thrown away. */
  targetStatus: number | null
  /** What the client was given; null while pending and for ever when it got no (complete) answer. */
  status: number | null
}

/** An XRPC method name, a method name with an HTTP method, or a predicate. */
export type RequestMatcher =
  | string
  | { method?: string; nsid?: string; path?: string | RegExp }
  | ((request: Readonly<RecordedRequest>) => boolean)

export type RuleOptions = {
  /** How many matching requests are hit; `Infinity` for ever. Default 1. */
  times?: number
  /** How many matching requests pass untouched first. Default 0. */
  after?: number
}

export type WhereOption = {
  /** `before`: the target has not seen the request; `answer`: it has acted, its answer is kept back. Default `before`. */
  at?: 'before' | 'answer'
}

export type HoldOptions = RuleOptions &
  WhereOption & {
    /**
     * With `at: 'before'`: once released, hand the request to the target even if the client has hung up meanwhile,
     * like a packet that was stuck on its way. Default false.
     */
    deliverLate?: boolean
  }

export type DelayOptions = RuleOptions & WhereOption & { deliverLate?: boolean }

export type CannedAnswer = {
  status: number
  headers?: Record<string, string>
  /** Text or bytes as they are, a plain object as JSON, an async iterable chunk by chunk (see {@link endlessBody}). */
  body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | Record<string, unknown>
}

export type FaultRule = {
  /** How many requests this rule has hit so far. */
  readonly hits: number
  /** Resolves when the rule has hit `n` requests (default 1); for a hold: when that many are being held. */
  hit(n?: number): Promise<void>
  /** Lets everything held by this rule go on; requests that come later are still held. */
  release(): void
  /** Ends the rule, releasing what it holds. */
  remove(): void
}

export type FaultProxy = {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string
  readonly port: number
  /** Every request since the start or the last {@link FaultProxy.forget}, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** How many requests of that kind arrived here, were handed on completely, and were answered by the target. */
  count(matcher: RequestMatcher): { received: number; forwarded: number; answered: number }
  /** Empties the record; rules stay. */
  forget(): void
  /** Ends all rules, releasing what they hold. */
  clearRules(): void

  /** Resets the connection; the target never sees the request. */
  dropBefore(matcher: RequestMatcher, options?: RuleOptions): FaultRule
  /** Lets the target act and answer in full, then resets the connection: the lost answer. */
  dropAfter(matcher: RequestMatcher, options?: RuleOptions): FaultRule
  /** Passes on the status, the headers and the first half of the body, then resets the connection. */
  dropMidAnswer(matcher: RequestMatcher, options?: RuleOptions): FaultRule
  delay(matcher: RequestMatcher, ms: number, options?: DelayOptions): FaultRule
  hold(matcher: RequestMatcher, options?: HoldOptions): FaultRule
  /** Answers by itself; the target never sees the request. A function gets the request and answers each hit anew. */
  respond(
    matcher: RequestMatcher,
    answer: CannedAnswer | ((request: Readonly<RecordedRequest>) => CannedAnswer),
    options?: RuleOptions,
  ): FaultRule
  /** Answers 429 as a PDS does, with `RateLimit-Reset` (epoch seconds) and `Retry-After` (seconds). */
  respondRateLimited(matcher: RequestMatcher, resetInSeconds: number, options?: RuleOptions): FaultRule

  /** Stops listening and cuts all connections: clients get ECONNREFUSED until {@link FaultProxy.accept}. */
  refuse(): Promise<void>
  accept(): Promise<void>
  /** Ends everything, including held and delayed requests. May be repeated. */
  close(): Promise<void>
}

export type FaultProxyOptions = {
  /** Origin to forward to. */
  target: string
  /** Default: any free port. */
  port?: number
}

/** A body that never ends: `chunk` every `everyMs`, until the client hangs up. */
export async function* endlessBody(everyMs: number, chunk = ' '): AsyncGenerator<string> {
  for (;;) {
    yield chunk
    await sleep(everyMs)
  }
}

type Fault =
  | { kind: 'dropBefore' | 'dropAfter' | 'dropMidAnswer' }
  | { kind: 'delay'; ms: number; at: 'before' | 'answer'; deliverLate: boolean }
  | { kind: 'hold'; at: 'before' | 'answer'; deliverLate: boolean }
  | { kind: 'respond'; answer: CannedAnswer | ((request: Readonly<RecordedRequest>) => CannedAnswer) }

type Rule = {
  fault: Fault
  matches: (request: RecordedRequest) => boolean
  toSkip: number
  left: number
  hits: number
  held: Set<() => void>
  watchers: Set<() => void>
}

/** Named hop by hop by RFC 9110 section 7.6.1; Node writes its own on each side. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
])

/**
 * Starts an HTTP proxy on loopback that passes everything through unless a rule says otherwise. The first live rule
 * that matches, in the order they were added, takes the request. A target that cannot be reached shows as a reset
 * connection.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const target = new URL(options.target)
  const agent = new http.Agent({ keepAlive: true })
  const requests: RecordedRequest[] = []
  const rules: Rule[] = []
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  let server = createServer()
  await listen(options.port ?? 0)
  const { port } = server.address() as AddressInfo

  function createServer() {
    const created = http.createServer((req, res) => {
      void handle(req, res).catch(() => reset(req))
    })
    // Slow and endless bodies are the point here: Node's own time limits must not end them.
    created.requestTimeout = 0
    created.headersTimeout = 0
    created.keepAliveTimeout = 60_000
    return created
  }

  async function listen(onPort: number) {
    server.listen(onPort, '127.0.0.1')
    await once(server, 'listening')
  }

  async function handle(req: IncomingMessage, res: ServerResponse) {
    res.on('error', () => {})
    req.on('error', () => {})
    const entry: RecordedRequest = {
      method: req.method ?? 'GET',
      path: req.url ?? '/',
      nsid: nsidOf(req.url ?? '/'),
      at: new Date(),
      forwarded: false,
      targetStatus: null,
      status: null,
    }
    requests.push(entry)
    const rule = takeRule(entry)
    const fault = rule?.fault
    if (!rule || !fault) return forward(req, res, entry)

    switch (fault.kind) {
      case 'dropBefore':
        reset(req)
        return noteHit(rule)
      case 'respond': {
        const answer = typeof fault.answer === 'function' ? fault.answer(entry) : fault.answer
        await readAll(req)
        noteHit(rule)
        return sendAnswer(res, entry, answer)
      }
      case 'dropAfter':
      case 'dropMidAnswer':
        return forward(req, res, entry, {
          onAnswer: async (answer, body) => {
            if (fault.kind === 'dropMidAnswer') {
              res.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders))
              await new Promise<void>((done) => {
                res.write(body.subarray(0, Math.floor(body.length / 2)), () => done())
              })
              // Let the half body leave before the reset overtakes it.
              await sleep(20)
            }
            reset(req)
            noteHit(rule)
          },
        })
      case 'delay':
      case 'hold': {
        const wait = () => waitFor(rule, fault)
        if (fault.at === 'answer') {
          return forward(req, res, entry, {
            onAnswer: async (answer, body) => {
              await wait()
              if (res.destroyed) return
              res.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders))
              res.end(body)
              entry.status = answer.statusCode ?? null
            },
          })
        }
        const body = await readAll(req)
        await wait()
        if (res.destroyed && !fault.deliverLate) return
        return forward(req, res, entry, { body, evenIfClientLeft: fault.deliverLate })
      }
    }
  }

  function takeRule(entry: RecordedRequest) {
    for (const rule of rules) {
      if (rule.left <= 0 || !rule.matches(entry)) continue
      if (rule.toSkip > 0) {
        rule.toSkip -= 1
        continue
      }
      rule.left -= 1
      return rule
    }
    return undefined
  }

  function noteHit(rule: Rule) {
    rule.hits += 1
    for (const watcher of [...rule.watchers]) watcher()
  }

  async function waitFor(rule: Rule, fault: Extract<Fault, { kind: 'delay' | 'hold' }>) {
    if (fault.kind === 'delay') {
      noteHit(rule)
      return sleep(fault.ms, undefined, { signal: closing.signal })
    }
    return new Promise<void>((go) => {
      rule.held.add(go)
      noteHit(rule)
    })
  }

  function forward(
    req: IncomingMessage,
    res: ServerResponse,
    entry: RecordedRequest,
    how: {
      body?: Buffer
      evenIfClientLeft?: boolean
      /** Gets the whole answer instead of the client. */
      onAnswer?: (answer: IncomingMessage, body: Buffer) => Promise<void>
    } = {},
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const upstream = http.request({
      agent,
      host: target.hostname,
      port: target.port,
      method: entry.method,
      path: entry.path,
      headers: requestHeaders(req),
    })
    upstream.on('error', () => {
      reset(req)
      resolve()
    })
    upstream.on('finish', () => {
      entry.forwarded = true
    })
    upstream.on('response', (answer) => {
      entry.forwarded = true
      entry.targetStatus = answer.statusCode ?? null
      if (how.onAnswer) {
        const { onAnswer } = how
        readAll(answer)
          .then((body) => onAnswer(answer, body))
          .then(resolve, reject)
        return
      }
      if (res.destroyed) {
        answer.resume()
        return resolve()
      }
      res.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
      answer.on('error', () => reset(req))
      answer.pipe(res)
      res.on('finish', () => {
        entry.status = answer.statusCode ?? null
      })
      res.on('close', () => {
        answer.destroy()
        resolve()
      })
    })
    // A client that hangs up half-way through its body takes the request with it; once the body is with the target
    // the target goes on, as behind any proxy.
    res.on('close', () => {
      if (!entry.forwarded && !how.evenIfClientLeft) upstream.destroy()
    })
    if (how.body) upstream.end(how.body)
    else req.pipe(upstream)
    return promise
  }

  async function sendAnswer(res: ServerResponse, entry: RecordedRequest, answer: CannedAnswer) {
    const { body = '' } = answer
    const gone = new Promise<void>((resolve) => res.once('close', () => resolve()))
    const done = () => {
      entry.status = answer.status
    }
    if (typeof body === 'string' || body instanceof Uint8Array) {
      res.writeHead(answer.status, answer.headers)
      res.end(body, done)
    } else if (Symbol.asyncIterator in body) {
      res.writeHead(answer.status, answer.headers)
      const chunks = (body as AsyncIterable<string | Uint8Array>)[Symbol.asyncIterator]()
      for (;;) {
        const next = await Promise.race([chunks.next(), gone])
        if (!next || next.done || res.destroyed) break
        res.write(next.value)
      }
      void chunks.return?.()
      res.end(done)
    } else {
      res.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8', ...answer.headers })
      res.end(JSON.stringify(body), done)
    }
  }

  function addRule(matcher: RequestMatcher, fault: Fault, ruleOptions: RuleOptions = {}): FaultRule {
    const rule: Rule = {
      fault,
      matches: toPredicate(matcher),
      toSkip: ruleOptions.after ?? 0,
      left: ruleOptions.times ?? 1,
      hits: 0,
      held: new Set(),
      watchers: new Set(),
    }
    rules.push(rule)
    return {
      get hits() {
        return rule.hits
      },
      hit(n = 1) {
        if (rule.hits >= n) return Promise.resolve()
        return new Promise((resolve) => {
          const watcher = () => {
            if (rule.hits < n) return
            rule.watchers.delete(watcher)
            resolve()
          }
          rule.watchers.add(watcher)
        })
      },
      release: () => release(rule),
      remove: () => {
        rule.left = 0
        release(rule)
      },
    }
  }

  function clearRules() {
    for (const rule of rules.splice(0)) {
      rule.left = 0
      release(rule)
    }
  }

  async function refuse() {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    count(matcher) {
      const matching = requests.filter(toPredicate(matcher))
      return {
        received: matching.length,
        forwarded: matching.filter((entry) => entry.forwarded).length,
        answered: matching.filter((entry) => entry.targetStatus !== null).length,
      }
    },
    forget() {
      requests.length = 0
    },
    clearRules,
    dropBefore: (matcher, ruleOptions) => addRule(matcher, { kind: 'dropBefore' }, ruleOptions),
    dropAfter: (matcher, ruleOptions) => addRule(matcher, { kind: 'dropAfter' }, ruleOptions),
    dropMidAnswer: (matcher, ruleOptions) => addRule(matcher, { kind: 'dropMidAnswer' }, ruleOptions),
    delay: (matcher, ms, { at = 'before', deliverLate = false, ...ruleOptions } = {}) =>
      addRule(matcher, { kind: 'delay', ms, at, deliverLate }, ruleOptions),
    hold: (matcher, { at = 'before', deliverLate = false, ...ruleOptions } = {}) =>
      addRule(matcher, { kind: 'hold', at, deliverLate }, ruleOptions),
    respond: (matcher, answer, ruleOptions) => addRule(matcher, { kind: 'respond', answer }, ruleOptions),
    respondRateLimited: (matcher, resetInSeconds, ruleOptions) =>
      addRule(matcher, { kind: 'respond', answer: () => rateLimitedAnswer(resetInSeconds) }, ruleOptions),
    refuse,
    async accept() {
      if (server.listening) return
      server = createServer()
      await listen(port)
    },
    async close() {
      closing.abort()
      for (const rule of rules.splice(0)) rule.left = 0
      await refuse()
      agent.destroy()
    },
  }
}

function rateLimitedAnswer(resetInSeconds: number): CannedAnswer {
  return {
    status: 429,
    headers: {
      'ratelimit-limit': '3000',
      'ratelimit-remaining': '0',
      'ratelimit-reset': String(Math.floor(Date.now() / 1000) + resetInSeconds),
      'ratelimit-policy': '3000;w=300',
      'retry-after': String(resetInSeconds),
    },
    body: { error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' },
  }
}

function nsidOf(path: string) {
  return /^\/xrpc\/([A-Za-z0-9.-]+)(?:\?|$)/.exec(path)?.[1] ?? null
}

function toPredicate(matcher: RequestMatcher): (request: RecordedRequest) => boolean {
  if (typeof matcher === 'function') return matcher
  if (typeof matcher === 'string')
    return (request) => request.nsid === matcher && request.method !== 'OPTIONS'
  const { method, nsid, path } = matcher
  return (request) =>
    (method === undefined || request.method === method.toUpperCase()) &&
    (nsid === undefined || request.nsid === nsid) &&
    (path === undefined || (typeof path === 'string' ? request.path === path : path.test(request.path)))
}

/** Keeps order, case and repetition of the headers that are for the other end. */
function endToEnd(rawHeaders: readonly string[], alsoDrop: readonly string[] = []): string[] {
  const kept: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (hopByHop.has(name.toLowerCase()) || alsoDrop.includes(name.toLowerCase())) continue
    kept.push(name, rawHeaders[i + 1] ?? '')
  }
  return kept
}

function requestHeaders(req: IncomingMessage) {
  const headers = endToEnd(req.rawHeaders, ['expect'])
  const hasBody = 'content-length' in req.headers || 'transfer-encoding' in req.headers
  // Otherwise Node frames the missing body as a chunked one, and a PDS refuses a body where none is expected.
  if (!hasBody && req.method !== 'GET' && req.method !== 'HEAD') headers.push('content-length', '0')
  return headers
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function release(rule: Rule) {
  const held = [...rule.held]
  rule.held.clear()
  for (const go of held) go()
}

function reset(req: IncomingMessage) {
  if (!req.socket.destroyed) req.socket.resetAndDestroy()
}
