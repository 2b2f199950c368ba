import { XrpcError } from './errors.js'

/** What may be done with a record. */
export type RepoAction = 'create' | 'update' | 'delete'

const REPO_ACTIONS: readonly RepoAction[] = ['create', 'update', 'delete']
const NSID = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+\.[a-zA-Z][a-zA-Z0-9]*$/
/** Whether a text has the form of the name of a method or a collection. */
export const isNsid = (text: string): boolean => NSID.test(text)
const MIME = /^[\w.+-]+\/[\w.+-]+$/
const STATIC = ['atproto', 'transition:generic', 'transition:email', 'transition:chat.bsky']

interface ScopeParts {
  resource: string
  /** What stands after the colon. */
  positional: string | null
  parameters: URLSearchParams
}

function splitScope(scope: string): ScopeParts {
  const [, resource = '', positional, query = ''] = /^([^:?]+)(?::([^?]*))?(?:\?(.*))?$/.exec(scope) ?? []
  return {
    resource,
    positional: positional === undefined ? null : decodeURIComponent(positional),
    parameters: new URLSearchParams(query),
  }
}

/** Values of a parameter that may also stand right after the colon. */
const valuesOf = ({ positional, parameters }: ScopeParts, name: string): string[] =>
  positional === null ? parameters.getAll(name) : [positional]

/** By resource, whether all that is said of it can be understood. */
const RESOURCES: Record<string, (parts: ScopeParts) => boolean> = {
  repo: (parts) =>
    isEach(valuesOf(parts, 'collection'), (one) => one === '*' || NSID.test(one)) &&
    parts.parameters.getAll('action').every((one) => (REPO_ACTIONS as readonly string[]).includes(one)),
  blob: (parts) =>
    isEach(valuesOf(parts, 'accept'), (one) => one === '*/*' || MIME.test(one.replace('/*', '/any'))),
  rpc(parts) {
    const methods = valuesOf(parts, 'lxm')
    const audience = parts.parameters.get('aud') ?? ''
    const isAny = methods.includes('*')
    return (
      isEach(methods, (one) => one === '*' || NSID.test(one)) &&
      (audience === '*' ? !isAny : /^did:\w+:[^#]+#.+$/.test(audience))
    )
  },
  account: (parts) => isEach(valuesOf(parts, 'attr'), (one) => ['email', 'repo', 'status'].includes(one)),
  identity: (parts) => isEach(valuesOf(parts, 'attr'), (one) => ['handle', '*'].includes(one)),
}

const isEach = (values: readonly string[], is: (value: string) => boolean) =>
  values.length > 0 && values.every(is)

/**
 * Whether this server understands a scope; others are left out of what is granted. Permission sets (`include:`) have to be looked
 * up on the Internet, so there are none here.
 * @see https://atproto.com/specs/permission
 */
export function isKnownScope(scope: string): boolean {
  if (STATIC.includes(scope)) return true
  const parts = splitScope(scope)
  return RESOURCES[parts.resource]?.(parts) ?? false
}

/** What the scopes of an OAuth token allow. */
export class Permissions {
  readonly #scopes: readonly string[]

  constructor(scopes: readonly string[]) {
    this.#scopes = scopes
  }

  /** @throws XrpcError 403 `ScopeMissingError` */
  assertRepo(collection: string, ...actions: RepoAction[]): void {
    for (const action of actions) {
      const isAllowed = this.#someOf('repo', (parts) => {
        const collections = valuesOf(parts, 'collection')
        const allowed = parts.parameters.getAll('action')
        return (
          (collections.includes('*') || collections.includes(collection)) &&
          (allowed.length === 0 || allowed.includes(action))
        )
      })
      if (!isAllowed) throw scopeMissing(`repo:${collection}?action=${action}`)
    }
  }

  /** @throws XrpcError 403 `ScopeMissingError` */
  assertBlob(mimeType: string): void {
    const isAllowed = this.#someOf('blob', (parts) =>
      valuesOf(parts, 'accept').some(
        (one) =>
          one === '*/*' || one === mimeType || (one.endsWith('/*') && mimeType.startsWith(one.slice(0, -1))),
      ),
    )
    if (!isAllowed) throw scopeMissing(`blob:${mimeType}`)
  }

  /** @throws XrpcError 403 `ScopeMissingError` */
  assertRpc(method: string, audience: string): void {
    const isChat = method.startsWith('chat.bsky.')
    if (this.#scopes.includes(isChat ? 'transition:chat.bsky' : 'transition:generic')) return
    const isAllowed = this.#matches('rpc', (parts) => {
      const methods = valuesOf(parts, 'lxm')
      const allowed = parts.parameters.get('aud')
      return (methods.includes('*') || methods.includes(method)) && (allowed === '*' || allowed === audience)
    })
    if (!isAllowed) throw scopeMissing(`rpc:${method}?aud=${audience.replace('#', '%23')}`)
  }

  allowsEmail(): boolean {
    if (this.#scopes.includes('transition:email')) return true
    return this.#matches('account', (parts) => valuesOf(parts, 'attr').includes('email'))
  }

  /** The transitional scope stands for all that an app password may do. */
  #someOf(resource: string, allows: (parts: ScopeParts) => boolean): boolean {
    return this.#scopes.includes('transition:generic') || this.#matches(resource, allows)
  }

  #matches(resource: string, allows: (parts: ScopeParts) => boolean): boolean {
    return this.#scopes.map(splitScope).some((parts) => parts.resource === resource && allows(parts))
  }
}

const scopeMissing = (scope: string) =>
  new XrpcError(403, 'ScopeMissingError', `Missing required scope "${scope}"`)
