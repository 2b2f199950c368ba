import { asFakePlatform, createSlack, startSandbox } from '@postmcp/sandbox'
import { slack } from '../../src/slack/index.js'
import { listOf, objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inForm, inQuery, without } from './planted.js'
import { readSlack } from './slack-description.js'
import { testDescription } from './suite.js'

/** @param tokenRotation whether the app turned token rotation on; it then also asks for the picture of the workspace, and reads channels */
const start = (tokenRotation: boolean) => async () => {
  const sandbox = await startSandbox({ platforms: [createSlack({ tokenRotation })] })
  const fake = asFakePlatform(sandbox.platform('slack'), { close: sandbox.close })
  const optionalScopes = tokenRotation ? ['team:read', 'channels:history', 'groups:history'] : []
  return { ...fake, client: fake.client && { ...fake.client, optionalScopes } }
}

/** What the sandbox answers to arguments that no hook gives. */
const furtherCalls: FurtherCalls = async ({ ctx }, { access, target }) => {
  const headers = {
    authorization: `Bearer ${access.tokens.accessToken}`,
    'content-type': 'application/x-www-form-urlencoded',
  }
  const url = `${ctx.endpoints.web}/api/conversations.join`
  await ctx.http.request({ method: 'POST', url, headers, body: `channel=${target.targetId}` })
  await ctx.http.request({ method: 'POST', url, headers, body: 'channel=C0NOWHERE01' })
  const post = (method: string, body: string) =>
    ctx.http.request({ method: 'POST', url: `${ctx.endpoints.web}/api/${method}`, headers, body })
  await post('chat.postMessage', `channel=${target.targetId}&text=`)
  await post('chat.delete', `channel=${target.targetId}&ts=1700000000.000009`)
  await post('files.delete', 'file=F0NOTHING1')
  const get = (method: string, query: string) =>
    ctx.http.request({ method: 'GET', url: `${ctx.endpoints.web}/api/${method}?${query}`, headers })
  await get('conversations.history', 'channel=C0NOWHERE01')
  await get('conversations.replies', `channel=${target.targetId}&ts=1700000000.000009`)
  const { json } = await post('chat.postMessage', `channel=${target.targetId}&text=Hello`)
  const { ts } = objectOf(json)
  await post('chat.postMessage', `channel=${target.targetId}&text=Below&thread_ts=${ts}`)
  await get('conversations.replies', `channel=${target.targetId}&ts=${ts}&include_all_metadata=true`)
}

testDescription({
  provider: slack,
  file: 'slack.swagger.json',
  read: readSlack,
  starts: [start(true), start(false)],
  furtherCalls,
  covers: [
    'GET /auth.revoke 200',
    'GET /auth.test 200',
    'GET /auth.test 429',
    'GET /auth.test 500',
    'GET /chat.getPermalink 200',
    'GET /conversations.history 200',
    'GET /conversations.info 200',
    'GET /conversations.list 200',
    'GET /conversations.replies 200',
    'GET /files.info 200',
    'GET /team.info 200',
    'POST /chat.delete 200',
    'POST /chat.postMessage 200',
    'POST /conversations.join 200',
    'POST /files.delete 200',
    'POST /oauth.v2.access 200',
  ],
  notDescribed: {
    'GET https://slack.com/oauth/v2/authorize': 'A page for browsers.',
    'POST https://slack.com/api/files.completeUploadExternal': 'Newer than the description (2021).',
    'POST https://slack.com/api/files.getUploadURLExternal': 'Newer than the description (2021).',
    'POST https://slack.com/upload/v1': 'An address that Slack hands out.',
  },
  scopesNotDescribed: {
    'channels:join': 'Newer than the description (2021).',
    'chat:write.public': 'Newer than the description.',
    'files:write': 'The description knows the older files:write:user.',
  },
  exceptions: [
    {
      call: /^(POST \/chat\.postMessage|GET \/conversations\.(history|replies))$/,
      problem: /metadata/,
      reason: 'Newer than the description (2021): docs.slack.dev/messaging/message-metadata.',
    },
    {
      call: 'GET /files.info',
      problem: /\/file\/shares\/public must NOT have additional properties \(C/,
      reason:
        'Described as empty, but that is where channels stand: github.com/slackapi/python-slack-sdk/issues/1363.',
    },
    {
      call: /./,
      problem: /\/error must be .*\(is token_expired\)$/,
      reason:
        'Came with token rotation, after the description: docs.slack.dev/authentication/using-token-rotation.',
    },
    {
      call: /./,
      problem: /status (429|500): \/error must be .*\(is (ratelimited|internal_error)\)$/,
      reason:
        'Codes that any method may answer; newer than the description: docs.slack.dev/reference/methods.',
    },
  ],
  planted: [
    {
      name: 'a message whose thread is named as in other places',
      call: 'POST /chat.postMessage',
      status: 200,
      change: inForm((fields) => fields.set('ts', '1700000000.000001')),
      problem: 'the body: /ts is not described',
    },
    {
      name: 'a message for no channel',
      call: 'POST /chat.postMessage',
      status: 200,
      change: inForm((fields) => fields.delete('channel')),
      problem: "the body: / must have required property 'channel'",
    },
    {
      name: 'a message without its time',
      call: 'POST /chat.postMessage',
      status: 200,
      change: inAnswer((body) => delete body.ts),
      problem: "must have required property 'ts'",
    },
    {
      name: 'a message whose time has another form',
      call: 'POST /chat.delete',
      status: 200,
      change: inAnswer((body) => Object.assign(body, { ts: '1700000000' })),
      problem: '/ts must match pattern',
    },
    {
      name: 'a link to a message under another name',
      call: 'GET /chat.getPermalink',
      status: 200,
      change: inQuery((query) => query.set('ts', '1700000000.000001')),
      problem: 'the query parameter ts is not described',
    },
    {
      name: 'a range of messages under another name',
      call: 'GET /conversations.history',
      status: 200,
      change: inQuery((query) => query.set('since', '1700000000.000001')),
      problem: 'the query parameter since is not described',
    },
    {
      name: 'a listed message without its time',
      call: 'GET /conversations.history',
      status: 200,
      change: inAnswer((body) => delete objectOf(listOf(body.messages)[0]).ts),
      problem: "/messages/0 must have required property 'ts'",
    },
    {
      name: 'a thread under another name',
      call: 'GET /conversations.replies',
      status: 200,
      change: inQuery((query) => query.set('thread_ts', '1700000000.000001')),
      problem: 'the query parameter thread_ts is not described',
    },
    {
      name: 'a file without an answer about it',
      call: 'GET /files.info',
      status: 200,
      change: inAnswer((body) => delete body.file),
      problem: "must have required property 'file'",
    },
    {
      name: 'a parameter of another name',
      call: 'GET /conversations.list',
      status: 200,
      change: inQuery((query) => query.set('page_size', '200')),
      problem: 'the query parameter page_size is not described',
    },
    {
      name: 'a page of no number',
      call: 'GET /conversations.list',
      status: 200,
      change: inQuery((query) => query.set('limit', 'all')),
      problem: 'the query parameter limit',
    },
    {
      name: 'a field of the form that there is not',
      call: 'POST /oauth.v2.access',
      status: 200,
      change: inForm((fields) => fields.set('redirect', 'https://example.com')),
      problem: 'the body: /redirect is not described',
    },
    {
      name: 'a code that is not handed over',
      call: 'POST /oauth.v2.access',
      status: 200,
      change: inForm((fields) => fields.delete('code')),
      problem: "the body: / must have required property 'code'",
    },
    {
      name: 'a request of nobody',
      call: 'GET /auth.test',
      status: 200,
      change: without('authorization'),
      problem: 'nothing shows who asks',
    },
    {
      name: 'a channel without an id',
      call: 'GET /conversations.list',
      status: 200,
      change: inAnswer((body) => delete objectOf(listOf(body.channels)[0]).id),
      problem: "/channels/0 must have required property 'id'",
    },
    {
      name: 'a workspace with an id of another form',
      call: 'GET /auth.test',
      status: 200,
      change: inAnswer((body) => Object.assign(body, { team_id: 'acme' })),
      problem: '/team_id must match pattern',
    },
    {
      name: 'a refusal without a code',
      call: 'GET /auth.test',
      status: 200,
      change: inAnswer((body) => {
        for (const name of Object.keys(body)) delete body[name]
        body.ok = false
      }),
      problem: "must have required property 'error'",
    },
  ],
})
