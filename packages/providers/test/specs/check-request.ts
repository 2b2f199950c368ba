import type { Description, Operation, Parameter } from './description.js'
import type { Found } from './find-operation.js'
import type { JsonObject } from './json.js'
import { mediaTypeOf, type Recorded } from './recorded.js'
import type { Schemas } from './schemas.js'
import { unknownFields } from './unknown-fields.js'

/** What is wrong with a request, as the description sees it. */
export async function checkRequest(
  description: Description,
  schemas: Schemas,
  { operation, places }: Found,
  request: Recorded['request'],
): Promise<string[]> {
  const { searchParams } = new URL(request.url)
  const headers = new Map(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const values: Record<Parameter['in'], (name: string) => string[]> = {
    path: (name) => [places.get(name)].filter((value) => value !== undefined),
    query: (name) => searchParams.getAll(name),
    header: (name) => [headers.get(name.toLowerCase())].filter((value) => value !== undefined),
  }
  const known = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name)
  return [
    ...operation.parameters.flatMap((one) => checkParameter(schemas, one, values[one.in](one.name))),
    ...[...new Set(searchParams.keys())]
      .filter((name) => !known.includes(name))
      .map((name) => `the query parameter ${name} is not described`),
    ...checkProof(operation, headers),
    ...(await checkBody(description, schemas, operation, request, headers.get('content-type'))),
  ]
}

function checkParameter(schemas: Schemas, parameter: Parameter, found: string[]): string[] {
  const { name, required, explode, schema } = parameter
  const where = `the ${parameter.in} parameter ${name}`
  const [first] = found
  if (first === undefined) return required ? [`${where} is missing`] : []
  const parts = explode ? found : first.split(',')
  // Alone, a text may be a list of one: only the schema knows.
  const whole = schemas.text({ type: 'object', properties: { value: schema } }, { value: first })
  if (whole.length === 0) return []
  const asList = schemas.text({ type: 'object', properties: { value: schema } }, { value: parts })
  return asList.length === 0 ? [] : whole.map((problem) => `${where}: ${problem}`)
}

/** Whether one of the described ways to say who asks was gone. */
function checkProof({ security }: Operation, headers: ReadonlyMap<string, string>): string[] {
  if (!security) return []
  const begins = { bearer: /^Bearer \S/, basic: /^Basic \S/, header: /\S/ }
  const isGone = security.some((way) =>
    way.every(({ kind, header }) => begins[kind].test(headers.get(header.toLowerCase()) ?? '')),
  )
  return isGone ? [] : ['nothing shows who asks']
}

async function checkBody(
  description: Description,
  schemas: Schemas,
  { body }: Operation,
  request: Recorded['request'],
  contentType: string | undefined,
): Promise<string[]> {
  if (request.json === undefined && request.body === undefined) {
    return body?.required ? ['the body is missing'] : []
  }
  if (!body) return ['a body is not described']
  const type = request.json === undefined ? mediaTypeOf(contentType ?? '') : 'application/json'
  const schema = body.schemas.get(type)
  if (!schema) return [`a body of type ${type} is not described`]
  const isForm = type !== 'application/json'
  const value = isForm
    ? await readForm(request.body, contentType ?? '')
    : (request.json ?? JSON.parse(await new Response(request.body ?? '').text()))
  const check = isForm ? schemas.text : schemas.json
  return [
    ...check(schema, value).map((problem) => `the body: ${problem}`),
    ...unknownFields(description.document, schema, value).map((one) => `the body: ${one} is not described`),
  ]
}

/** The fields of a form; those that come several times as a list, files as the text they are described as, and JSON as what it says. */
async function readForm(body: Recorded['request']['body'], contentType: string): Promise<JsonObject> {
  const fields = await new Response(body ?? '', { headers: { 'content-type': contentType } }).formData()
  return Object.fromEntries(
    [...new Set(fields.keys())].map((name) => {
      const values = fields
        .getAll(name)
        .map((value) => (typeof value === 'string' ? (readStructure(value) ?? value) : 'the file'))
      const [first] = values
      if (name.endsWith('[]')) return [name.slice(0, -2), values]
      return [name, values.length === 1 ? first : values]
    }),
  )
}

/** A field that holds an object or a list holds it as JSON. */
function readStructure(text: string): unknown {
  if (!/^[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
