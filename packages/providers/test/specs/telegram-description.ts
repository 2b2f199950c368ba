import { type Description, readOpenApi } from './description.js'
import { type JsonObject, listOf, objectOf, textsOf } from './json.js'

/** The description of the Bot API, which has a form of its own, as OpenAPI 3.1. */
export function readTelegram(source: unknown): Description {
  const { methods, types } = objectOf(source)
  return readOpenApi({
    openapi: '3.1.0',
    servers: [{ url: 'https://api.telegram.org' }],
    paths: Object.fromEntries(
      Object.entries(objectOf(methods)).map(([name, method]) => [
        `/bot{token}/${name}`,
        { post: toPost(objectOf(method)) },
      ]),
    ),
    components: {
      schemas: Object.fromEntries(
        Object.entries(objectOf(types)).map(([name, type]) => [name, typeSchema(objectOf(type))]),
      ),
    },
  })
}

const toPost = ({ fields, returns }: JsonObject): JsonObject => ({
  parameters: [
    {
      name: 'token',
      in: 'path',
      required: true,
      schema: { type: 'string', pattern: '^[0-9]+:[A-Za-z0-9_-]{35}$' },
    },
  ],
  requestBody: {
    content: {
      'application/json': { schema: fieldsSchema(fields) },
      // Files stand in parts of any name, to which a field says `attach://<name>`.
      'multipart/form-data': { schema: { ...fieldsSchema(fields), additionalProperties: fileInForm } },
    },
  },
  responses: {
    200: answerSchema({ ok: { const: true }, result: oneOf(returns) }, ['ok', 'result']),
    default: answerSchema(
      {
        ok: { const: false },
        error_code: { type: 'integer' },
        description: { type: 'string' },
        parameters: reference('ResponseParameters'),
      },
      ['ok', 'error_code', 'description'],
    ),
  },
})

const fileInForm: JsonObject = { const: 'the file' }

const answerSchema = (properties: JsonObject, required: string[]): JsonObject => ({
  content: {
    'application/json': { schema: { type: 'object', properties, required, additionalProperties: false } },
  },
})

/** A type is one of several others, or an object with fields. */
const typeSchema = ({ subtypes, fields }: JsonObject): JsonObject =>
  Array.isArray(subtypes) ? oneOf(subtypes) : fieldsSchema(fields)

const fieldsSchema = (fields: unknown): JsonObject => {
  const said = listOf(fields).map(objectOf)
  return {
    type: 'object',
    properties: Object.fromEntries(said.map((field) => [String(field.name), fieldSchema(field)])),
    required: said.filter(({ required }) => required === true).map(({ name }) => name),
    additionalProperties: false,
  }
}

/** Which of several types it is, a field tells in its description: always "creator". */
function fieldSchema({ types, description }: JsonObject): JsonObject {
  const always = /\balways ["“]([^"”]+)["”]/.exec(String(description))?.[1]
  return always === undefined ? oneOf(types) : { const: always }
}

function oneOf(types: unknown): JsonObject {
  const anyOf = textsOf(types).map(nameSchema)
  return anyOf.length === 1 ? objectOf(anyOf[0]) : { anyOf }
}

const simple: Record<string, JsonObject> = {
  Integer: { type: 'integer' },
  Float: { type: 'number' },
  String: { type: 'string' },
  Boolean: { type: 'boolean' },
}

function nameSchema(name: string): JsonObject {
  const member = /^Array of (.+)$/.exec(name)?.[1]
  if (member !== undefined) return { type: 'array', items: nameSchema(member) }
  return simple[name] ?? reference(name)
}

const reference = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` })
