import { isObject, type JsonObject, listOf, mapObjects, objectOf } from './json.js'

/** A parameter outside of the body. */
export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  /** Whether a list is written as several parameters of one name; else its members stand between commas. */
  explode: boolean
  schema: JsonObject
}

/** What a description says of one call. */
export interface Operation {
  /** Such as `GET /2/users/me`. */
  name: string
  method: string
  /** The whole address without host, such as `/api/v10/users/{id}`. */
  path: string
  host: string
  parameters: Parameter[]
  body: { required: boolean; schemas: Map<string, JsonObject> } | null
  /** By status, `4XX` or `default`, then by media type. */
  answers: Map<string, Map<string, JsonObject>>
  /** Ways to show who asks; one of them is enough. Null where nothing is said. */
  security: Proof[][] | null
}

/** Something that shows who asks. */
export interface Proof {
  kind: 'bearer' | 'basic' | 'header'
  header: string
}

/** A machine-readable description of a platform. */
export interface Description {
  /** The document, with references that lead from anywhere; schemas of it are compiled one by one. */
  document: JsonObject
  operations: Operation[]
  /** Names of all scopes it knows. */
  scopes: Set<string>
}

/** The name under which the document is known to its own references. */
export const documentName = 'description'

const methods = ['get', 'post', 'put', 'patch', 'delete']

/** Reads an OpenAPI 3.0 or 3.1 document. */
export function readOpenApi(source: unknown): Description {
  const document = objectOf(mapObjects(source, toJsonSchema))
  const [server] = listOf(document.servers)
  const base = new URL(String(objectOf(server).url).replace('{hostname}', 'mastodon.example'))
  const follow = (value: unknown): JsonObject => followReference(document, value)
  const operations = Object.entries(objectOf(document.paths)).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const said = objectOf(item)[method]
      if (!isObject(said)) return []
      const parameters = [...listOf(objectOf(item).parameters), ...listOf(said.parameters)].map(follow)
      const operation: Operation = {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: base.pathname.replace(/\/$/, '') + path,
        host: base.host,
        parameters: parameters.flatMap(toParameter),
        body: toBody(follow(said.requestBody)),
        answers: new Map(
          Object.entries(objectOf(said.responses)).map(([status, answer]) => [
            status.toUpperCase(),
            schemasOf(follow(answer)),
          ]),
        ),
        security: toSecurity(document, said.security ?? document.security),
      }
      return [operation]
    }),
  )
  return { document, operations, scopes: readScopes(document) }
}

/** OpenAPI 3.0 has words of its own for what JSON Schema says with others; and references must lead from anywhere. */
function toJsonSchema(found: JsonObject): JsonObject {
  const { $ref, exclusiveMinimum, minimum, nullable, discriminator } = found
  if (typeof $ref === 'string' && $ref.startsWith('#/')) found.$ref = `${documentName}${$ref}`
  if (exclusiveMinimum === true) {
    found.exclusiveMinimum = minimum
    delete found.minimum
  }
  // Not a field of this name, among other fields.
  const kinds = found.oneOf || found.anyOf ? [] : kindsOf(objectOf(discriminator))
  if (kinds.length > 0) found.allOf = [...listOf(found.allOf), ...kinds]
  if (nullable !== true) return found
  delete found.nullable
  return { anyOf: [found, { type: 'null' }] }
}

/** A field that tells which of several schemas holds as well. */
function kindsOf({ propertyName, mapping }: JsonObject): JsonObject[] {
  if (typeof propertyName !== 'string') return []
  return Object.entries(objectOf(mapping)).map(([value, $ref]) =>
    conditional(
      { properties: { [propertyName]: { const: value } }, required: [propertyName] },
      { $ref: `${documentName}${String($ref)}` },
    ),
  )
}

/** If, then and else of a schema. */
export const conditional = (condition: JsonObject, ...[good, bad]: JsonObject[]): JsonObject =>
  Object.fromEntries([['if', condition], ...(good ? [['then', good]] : []), ...(bad ? [['else', bad]] : [])])

function readScopes({ components }: JsonObject): Set<string> {
  const flows = Object.values(objectOf(objectOf(components).securitySchemes))
    .flatMap((scheme) => Object.values(objectOf(objectOf(scheme).flows)))
    .map(objectOf)
  return new Set(flows.flatMap(({ scopes }) => Object.keys(objectOf(scopes))))
}

/** What a reference leads to. */
export function followReference(document: JsonObject, value: unknown): JsonObject {
  const { $ref } = objectOf(value)
  if (typeof $ref !== 'string') return objectOf(value)
  const parts = $ref.slice($ref.indexOf('#/') + 2).split('/')
  const found = parts
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => objectOf(at)[part], document)
  return followReference(document, found)
}

function toParameter(said: JsonObject): Parameter[] {
  const { name, in: place, required, explode, schema } = said
  if (typeof name !== 'string' || (place !== 'path' && place !== 'query' && place !== 'header')) return []
  return [
    {
      name,
      in: place,
      required: required === true,
      explode: explode !== false,
      schema: objectOf(schema),
    },
  ]
}

const schemasOf = ({ content }: JsonObject): Map<string, JsonObject> =>
  new Map(Object.entries(objectOf(content)).map(([type, said]) => [type, objectOf(objectOf(said).schema)]))

function toBody(said: JsonObject): Operation['body'] {
  const schemas = schemasOf(said)
  return schemas.size === 0 ? null : { required: said.required === true, schemas }
}

function toSecurity(document: JsonObject, said: unknown): Operation['security'] {
  if (!Array.isArray(said) || said.length === 0) return null
  const schemes = objectOf(objectOf(document.components).securitySchemes)
  return said.map((way) =>
    Object.keys(objectOf(way)).map((name): Proof => {
      const { type, scheme, name: header } = objectOf(schemes[name])
      if (type === 'apiKey') return { kind: 'header', header: String(header) }
      const kind = String(scheme).toLowerCase() === 'basic' ? 'basic' : 'bearer'
      return { kind, header: 'authorization' }
    }),
  )
}
