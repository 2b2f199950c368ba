/** What a description is made of. */
export type JsonObject = { [name: string]: unknown }

/** Whether this is an object with names, and no list. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object, or an empty one where there is something else or nothing. */
export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** The list, or an empty one. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** The texts of a list. */
export const textsOf = (value: unknown): string[] =>
  listOf(value).filter((one): one is string => typeof one === 'string')

/** A copy in which every object was changed, the inner ones first. */
export function mapObjects(value: unknown, change: (found: JsonObject) => JsonObject): unknown {
  if (Array.isArray(value)) return value.map((one) => mapObjects(one, change))
  if (!isObject(value)) return value
  return change(
    Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapObjects(one, change)])),
  )
}
