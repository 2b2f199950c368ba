import type { Description, Operation } from './description.js'

/** The call that a request is, with what stands in the places of its path. */
export interface Found {
  operation: Operation
  places: Map<string, string>
}

/** The operation with this address; where several fit, the one with the fewest open places. */
export function findOperation({ operations }: Description, method: string, url: URL): Found | null {
  const fitting = operations
    .filter((operation) => operation.method === method && operation.host === url.host)
    .flatMap((operation) => {
      const places = readPlaces(operation.path, url.pathname)
      return places ? [{ operation, places }] : []
    })
  return fitting.sort((one, other) => one.places.size - other.places.size)[0] ?? null
}

function readPlaces(template: string, path: string): Map<string, string> | null {
  const names = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => String(name))
  const pattern = template
    .split(/\{[^}]+\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('([^/]+)')
  const match = new RegExp(`^${pattern}$`).exec(path)
  if (!match) return null
  return new Map(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]))
}
