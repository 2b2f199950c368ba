import { conditional, type Description, readOpenApi } from './description.js'
import { type JsonObject, listOf, mapObjects, objectOf } from './json.js'

/**
 * Slack's description (Swagger 2, 2021) as OpenAPI 3.1. It names one HTTP method and one place for arguments with each call;
 * Slack takes both methods, arguments in the query or in a form, and the token in a header.
 * @see https://docs.slack.dev/apis/web-api/ (2026-11-22)
 */
export function readSlack(source: unknown): Description {
  const { host, basePath, paths, definitions, securityDefinitions } = objectOf(
    mapObjects(source, listsToAlternatives),
  )
  return readOpenApi({
    openapi: '3.1.0',
    servers: [{ url: `https://${String(host)}${String(basePath)}` }],
    paths: Object.fromEntries(
      Object.entries(objectOf(paths)).map(([path, item]) => {
        const [operation] = Object.values(objectOf(item)).map(objectOf)
        return [path, { get: toGet(operation), post: toPost(operation) }]
      }),
    ),
    definitions,
    components: {
      securitySchemes: {
        token: { type: 'oauth2', flows: { authorizationCode: objectOf(securityDefinitions).slackAuth } },
        client: { type: 'http', scheme: 'basic' },
      },
    },
  })
}

/** The only call that is not made with a token: the client asks, by name and secret. */
const exchange = 'oauth_v2_access'

/**
 * Token rotation is younger than the description.
 * @see https://docs.slack.dev/reference/methods/oauth.v2.access (2026-11-22)
 */
const newer: JsonObject[] = [
  { name: 'grant_type', type: 'string', enum: ['authorization_code', 'refresh_token'] },
  { name: 'refresh_token', type: 'string' },
]
const isRefresh = { properties: { grant_type: { const: 'refresh_token' } }, required: ['grant_type'] }

/** Where there is a list of schemas, one of them has to fit: that is what Slack means by it. */
function listsToAlternatives({ items, ...rest }: JsonObject): JsonObject {
  if (!Array.isArray(items)) return items === undefined ? rest : { ...rest, items }
  return rest.type === 'array' ? { ...rest, items: { anyOf: items } } : { ...rest, anyOf: items }
}

const toGet = (operation: JsonObject = {}): JsonObject => ({
  ...commonOf(operation),
  parameters: argumentsOf(operation).map(({ name, required, ...schema }) => ({
    name,
    in: 'query',
    required,
    schema,
  })),
})

function toPost(operation: JsonObject = {}): JsonObject {
  const found = argumentsOf(operation)
  const required = found.filter((one) => one.required === true).map(({ name }) => name)
  const schema = {
    type: 'object',
    properties: Object.fromEntries(found.map(({ name, required: _, ...one }) => [String(name), one])),
    ...conditional(isRefresh, { required: ['refresh_token'] }, { required }),
  }
  return {
    ...commonOf(operation),
    requestBody: { content: { 'application/x-www-form-urlencoded': { schema } } },
  }
}

/** What is handed over, but for the token. */
const argumentsOf = ({ operationId, parameters }: JsonObject): JsonObject[] =>
  [...listOf(parameters), ...(operationId === exchange ? newer : [])]
    .map(objectOf)
    .filter(({ name }) => name !== 'token')
    .map(({ in: _, description: __, ...said }) => said)

function commonOf({ operationId, responses }: JsonObject): JsonObject {
  const { 200: success, default: failure } = objectOf(responses)
  const [good, bad] = [objectOf(success).schema, objectOf(failure).schema]
  // Both come with status 200; `ok` tells them apart.
  const isBad = { properties: { ok: { const: false } }, required: ['ok'] }
  const both = conditional(isBad, objectOf(bad), objectOf(good))
  return {
    responses: {
      200: { content: { 'application/json': { schema: both } } },
      default: { content: { 'application/json': { schema: bad } } },
    },
    security: [operationId === exchange ? { client: [] } : { token: [] }],
  }
}
