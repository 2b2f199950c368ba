import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Description, documentName } from './description.js'
import type { JsonObject } from './json.js'

/** Says what is wrong with a value; nothing where it fits. */
export type Check = (schema: JsonObject, value: unknown) => string[]

/** What holds values against the schemas of a description. */
export interface Schemas {
  /** Values of JSON. */
  json: Check
  /** Texts of queries and forms, which stand for numbers and truth as well; lists and objects of them too. */
  text: Check
}

export function createSchemas({ document }: Description): Schemas {
  return { json: createCheck(document, false), text: createCheck(document, true) }
}

function createCheck(document: JsonObject, coerceTypes: boolean): Check {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    validateSchema: false,
    logger: false,
    coerceTypes,
  })
  addFormats.default(ajv)
  ajv.addSchema(document, documentName)
  return (schema, value) => {
    const validate = ajv.compile(schema)
    // A copy: texts are turned into what they stand for.
    if (validate(structuredClone(value))) return []
    // That one of two schemas had to fit says nothing; what did not fit in it is said as well.
    const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if')
    return [...new Set(errors.map(sayError))]
  }
}

function sayError({ instancePath, keyword, message = 'is wrong', params, data }: ErrorObject): string {
  const where = `${instancePath || '/'} ${message}`
  if (keyword === 'additionalProperties') return `${where} (${String(params.additionalProperty)})`
  return keyword === 'enum' || keyword === 'const' ? `${where} (is ${String(data)})` : where
}
