import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type Account,
  type AccountStatus,
  type ConnectStep,
  type ErrorCode,
  type Page,
  type PostGroup,
  PostMcp,
  PostMcpApiError,
} from './index.js'
import { answer, problem, scriptedFetch } from './testing/scripted-fetch.js'

const apiKey = 'postmcp_canary'
const thrownBy = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('a client', () => {
  test.each(['', 'nowhere', 'ftp://127.0.0.1', 'http://user:word@127.0.0.1'])(
    'refuses the address "%s"',
    (baseUrl) => {
      expect(thrownBy(() => new PostMcp({ baseUrl, apiKey }))).toMatchObject({ code: 'config_invalid' })
    },
  )

  test.each(['', 'postmcp_canary\n', 'two words', 'postmcp_ß'])(
    'refuses the key %j without repeating it',
    (key) => {
      const error = thrownBy(() => new PostMcp({ apiKey: key }))
      expect(error).toMatchObject({ code: 'config_invalid' })
      if (key !== '') expect(inspect(error)).not.toContain(key.trim())
    },
  )

  test('sends key, query and body to the address, and follows nobody elsewhere', async () => {
    const { fetch, requests } = scriptedFetch(
      answer({ data: [], nextCursor: null }),
      answer({ id: 'media_1' }, 201),
    )
    const client = new PostMcp({ apiKey, baseUrl: 'https://host.test/api/', fetch })
    await client.accounts.list({ limit: 5, after: undefined })
    await client.media.upload(new Uint8Array([1, 2]), { fileName: 'ä b.png' })
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET https://host.test/api/accounts?limit=5',
      'POST https://host.test/api/media?fileName=%C3%A4+b.png',
    ])
    expect(requests[0]!.headers.get('authorization')).toBe(`Bearer ${apiKey}`)
    expect(requests[0]!.redirect).toBe('manual')
    expect(new Uint8Array(await requests[1]!.arrayBuffer())).toEqual(new Uint8Array([1, 2]))
  })

  test.each(['', '.', '..'])('sends nothing for the id "%s"', async (id) => {
    const { fetch, requests } = scriptedFetch()
    expect(thrownBy(() => new PostMcp({ fetch }).accounts.get(id))).toMatchObject({ code: 'invalid_request' })
    expect(requests).toHaveLength(0)
  })

  test('an id cannot lead to another path', async () => {
    const { fetch, requests } = scriptedFetch(answer({}))
    await new PostMcp({ fetch }).accounts.get('../api-keys?x#y')
    expect(requests[0]!.url).toBe('http://127.0.0.1:4477/accounts/..%2Fapi-keys%3Fx%23y')
  })

  test('shows its key to nobody', async () => {
    const { fetch } = scriptedFetch(
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
    )
    const client = new PostMcp({ apiKey, fetch, maxRetries: 0 })
    const error = await client.workspace.get().catch((each: unknown) => each)
    const shown = [client, error].map(
      (each) => inspect(each, { depth: 12, showHidden: true }) + JSON.stringify(each),
    )
    expect(shown.join()).not.toContain('canary')
  })

  test('has types made from the API description', () => {
    const client = new PostMcp()
    expectTypeOf(client.accounts.list).returns.resolves.toEqualTypeOf<Page<Account>>()
    expectTypeOf(client.accounts.status).returns.resolves.toEqualTypeOf<AccountStatus>()
    expectTypeOf(client.accounts.connect).returns.resolves.toEqualTypeOf<ConnectStep>()
    expectTypeOf<Extract<ConnectStep, { type: 'connected' }>['accounts']>().toEqualTypeOf<Account[]>()
    expectTypeOf<'outcome_unknown'>().toExtend<ErrorCode>()
    expectTypeOf<'nonsense'>().not.toExtend<ErrorCode>()
    expectTypeOf<PostGroup['posts'][number]['state']>().toExtend<string>()
    expectTypeOf<{ content: { text: string }; targets: { accountId: string }[] }>().toExtend<
      Parameters<typeof client.postGroups.create>[0]
    >()
  })
})

describe('an error', () => {
  test('carries what the problem document says, and is one again as JSON', async () => {
    const document = {
      platform: 'bluesky',
      accountId: 'acct_1',
      platformCode: 'RateLimitExceeded',
      retryAfter: '2026-11-22T12:00:00.000Z',
      issues: [{ code: 'text_too_long', severity: 'error', message: 'Too long.' }],
    }
    const { fetch } = scriptedFetch(problem('rate_limited', 429, document))
    const error = await new PostMcp({ fetch }).workspace.get().catch((each: unknown) => each)
    expect(error).toBeInstanceOf(PostMcpApiError)
    expect(error).toMatchObject({
      ...document,
      retryAfter: new Date(document.retryAfter),
      code: 'rate_limited',
      status: 429,
      message: 'It is rate_limited.',
      nextAction: 'Do this.',
      requestId: 'req-1',
    })
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ ...document, detail: 'It is rate_limited.' })
  })

  test.each([
    ['a page of something before the server', new Response('<html>Not Found</html>', { status: 404 })],
    ['a redirect', new Response(null, { status: 302, headers: { location: 'https://evil.test' } })],
    ['a good answer that is no JSON', new Response('<html>Welcome</html>')],
  ])('says that %s is not PostMCP', async (_, response) => {
    const { fetch } = scriptedFetch(response)
    const error = await new PostMcp({ fetch }).workspace.get().catch((each: unknown) => each)
    expect(error).toMatchObject({ code: 'server_unreachable', status: response.status })
  })
})
