/** As much of an OpenAPI document as the tests read. */
export interface OpenApiDocument {
  paths: Record<string, Record<string, OperationObject>>
  components: { schemas: Record<string, Schema> }
}

interface OperationObject {
  operationId: string
  security?: unknown[]
  parameters?: { name: string; in: string }[]
  requestBody?: { content: Record<string, { schema: Schema }>; required?: boolean }
}

interface Schema {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  example?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

export interface Operation {
  id: string
  method: string
  /** With its parameters in braces. */
  path: string
  needsKey: boolean
  pathParameters: string[]
  queryParameters: string[]
  /** Fields of its JSON body that hold an id, such as `targets[].accountId`. */
  bodyIds: string[]
  needsBody: boolean
}

/** An id of ours, as examples in the document show them. */
const idForm = /^[a-z]+_[0-9a-z]{26}$/

export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const body = operation.requestBody?.content['application/json']
      const named = (place: string) =>
        (operation.parameters ?? []).filter((parameter) => parameter.in === place).map(({ name }) => name)
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        needsKey: (operation.security ?? []).length > 0,
        pathParameters: named('path'),
        queryParameters: named('query'),
        bodyIds: body ? idsIn(document, body.schema, '') : [],
        needsBody: body !== undefined && operation.requestBody?.required === true,
      }
    }),
  )
}

function idsIn(document: OpenApiDocument, schema: Schema, at: string): string[] {
  const target = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema
  if (!target) throw new Error(`${schema.$ref} leads nowhere.`)
  if (typeof target.example === 'string' && idForm.test(target.example)) return [at]
  return [
    ...Object.entries(target.properties ?? {}).flatMap(([name, each]) =>
      idsIn(document, each, at ? `${at}.${name}` : name),
    ),
    ...(target.items ? idsIn(document, target.items, `${at}[]`) : []),
    ...[...(target.anyOf ?? []), ...(target.oneOf ?? []), ...(target.allOf ?? [])].flatMap((each) =>
      idsIn(document, each, at),
    ),
  ]
}
