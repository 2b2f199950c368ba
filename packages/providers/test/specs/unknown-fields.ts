import { followReference } from './description.js'
import { isObject, type JsonObject, listOf, objectOf } from './json.js'

/**
 * Fields that no schema names: descriptions hardly ever forbid others, but what they do not name should be neither sent nor
 * invented. Objects of which nothing is said may hold anything.
 */
export function unknownFields(document: JsonObject, schema: unknown, value: unknown): string[] {
  return walk(document, [schema], value, '')
}

function walk(document: JsonObject, schemas: unknown[], value: unknown, path: string): string[] {
  const all = schemas.flatMap((one) => partsOf(document, one))
  if (Array.isArray(value)) {
    const items = all.flatMap((one) => (one.items === undefined ? [] : [one.items]))
    return [...new Set(value.flatMap((one) => walk(document, items, one, `${path}/*`)))]
  }
  if (!isObject(value)) return []
  const isOpen = all.some(
    ({ additionalProperties: more }) => more === true || (isObject(more) && Object.keys(more).length === 0),
  )
  const others = all.flatMap(({ additionalProperties: more }) => (isObject(more) ? [more] : []))
  const known = all.map(({ properties }) => objectOf(properties))
  if (known.every((properties) => Object.keys(properties).length === 0) && others.length === 0) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const found = [
      ...known.flatMap((properties) => (name in properties ? [properties[name]] : [])),
      ...others,
    ]
    if (found.length === 0) return isOpen ? [] : [`${path}/${name}`]
    return walk(document, found, inner, `${path}/${name}`)
  })
}

/** A schema with all it is made of. */
function partsOf(document: JsonObject, schema: unknown): JsonObject[] {
  const said = followReference(document, schema)
  const parts = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => listOf(said[keyword]))
  return [said, ...[...parts, said.then, said.else].flatMap((one) => (one ? partsOf(document, one) : []))]
}
