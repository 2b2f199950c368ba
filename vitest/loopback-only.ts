import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

/*
 * Vitest set-up file: tests reach this machine and nothing else. Sockets and name look-ups that would leave it fail as
 * a network failure does, asynchronously and with a message that names the host. Unix sockets are not touched.
 */

type Lookup = (hostname: string, options: dns.LookupOptions, callback: LookupCallback) => void
type LookupCallback = (
  error: Error | null,
  address?: string | dns.LookupAddress[] | undefined,
  family?: number | undefined,
) => void

const loopback = new net.BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('0.0.0.0', 'ipv4') // connecting to "any" reaches this machine
loopback.addAddress('::1', 'ipv6')
loopback.addAddress('::', 'ipv6')

/** Whether this address is this machine. IPv4 addresses written as IPv6 count as what they are. */
const isLoopbackAddress = (address: string) =>
  loopback.check(address.replace(/%.*$/, ''), net.isIPv6(address) ? 'ipv6' : 'ipv4')

const isLoopbackName = (name: string) => /^(.+\.)?localhost\.?$/i.test(name)

const isAllowed = (host: string) => (net.isIP(host) ? isLoopbackAddress(host) : isLoopbackName(host))

const refusal = (host: string) =>
  Object.assign(new Error(`Tests may not leave this machine, and this one tried to reach "${host}".`), {
    code: 'ERR_NOT_LOOPBACK',
    host,
  })

// Once for a process, which may run many test files.
const guarded = Symbol.for('postmcp.loopback-only')
if (!(guarded in net.Socket.prototype)) {
  guardSockets()
  guardDatagrams()
  guardLookups()
  syncBuiltinESMExports() // so that `import { lookup } from 'node:dns'` sees it too
  Object.defineProperty(net.Socket.prototype, guarded, { value: true })
}

/** Everything on TCP and TLS, `fetch` included, comes through `Socket.prototype.connect`. */
function guardSockets() {
  const connect = net.Socket.prototype.connect as (this: net.Socket, ...args: unknown[]) => net.Socket
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    const { host, guarded } = guardArguments(args)
    if (host === undefined) return connect.apply(this, guarded)
    process.nextTick(() => this.destroy(refusal(host)))
    return this
  } as typeof net.Socket.prototype.connect
}

/**
 * Understands every form of `connect`: (path), (port, host?), (options), and Node's own ([options, callback]).
 * Returns the host if it must be refused, and else the arguments to go on with: a caller's own `lookup` may turn any name
 * into a loopback address, so what it finds is checked instead of the name.
 */
function guardArguments(args: unknown[]): { host?: string; guarded: unknown[] } {
  const [first, second] = args
  if (Array.isArray(first)) {
    const { host, guarded } = guardArguments(first)
    if (host !== undefined) return { host, guarded: args }
    first[0] = guarded[0] // in place: Node marks this array as its own
    return { guarded: args }
  }
  if (typeof first !== 'object' || first === null) {
    const isPath = typeof first === 'string' && Number.isNaN(Number(first))
    const host = !isPath && typeof second === 'string' ? second : 'localhost'
    return isAllowed(host) ? { guarded: args } : { host, guarded: args }
  }
  const { path, host = 'localhost', lookup } = first as { path?: string; host?: string; lookup?: Lookup }
  if (path || !host || isAllowed(host)) return { guarded: args }
  if (net.isIP(host) || lookup === undefined) return { host, guarded: args }
  return { guarded: [{ ...first, lookup: guardResult(lookup) }, ...args.slice(1)] }
}

function guardResult(lookup: Lookup): Lookup {
  return (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found ?? '']
      const outside = error ? undefined : addresses.find((address) => !isAllowed(address))
      if (outside === undefined) callback(error, found, family)
      else callback(refusal(`${hostname} (${outside})`))
    })
}

function guardDatagrams() {
  const send = dgram.Socket.prototype.send as (this: dgram.Socket, ...args: unknown[]) => void
  dgram.Socket.prototype.send = function (this: dgram.Socket, ...args: unknown[]) {
    // (message, port, address?, callback?) or (message, offset, length, port, address?, callback?)
    const host = args.slice(1).find((arg) => typeof arg === 'string')
    if (host === undefined || isAllowed(host)) return send.apply(this, args)
    const callback = args.at(-1)
    process.nextTick(() => {
      if (typeof callback === 'function') callback(refusal(host))
      else this.emit('error', refusal(host))
    })
  }
  const connect = dgram.Socket.prototype.connect as (this: dgram.Socket, ...args: unknown[]) => void
  dgram.Socket.prototype.connect = function (this: dgram.Socket, ...args: unknown[]) {
    const host = args.find((arg) => typeof arg === 'string')
    if (host === undefined || isAllowed(host)) return connect.apply(this, args)
    process.nextTick(() => this.emit('error', refusal(host)))
  }
}

/** `lookup` asks the system, all the others ask a name server directly; their first argument is the name. */
function guardLookups() {
  const names = Object.keys(dns).filter((name) => /^(lookup|reverse|resolve)/.test(name))
  for (const name of names) {
    const local = name === 'lookup' || name === 'lookupService'
    guardCallback(dns, name, local)
    guardPromise(dns.promises, name, local)
    guardCallback(dns.Resolver.prototype, name, local)
    guardPromise(dns.promises.Resolver.prototype, name, local)
  }
}

type Functions = Record<string, ((...args: unknown[]) => unknown) | undefined>

function guardCallback(holder: object, name: string, localAllowed: boolean) {
  const functions = holder as Functions
  const original = functions[name]
  if (original === undefined) return
  functions[name] = function (this: unknown, ...args) {
    const host = String(args[0] ?? '')
    if (localAllowed && (!host || isAllowed(host))) return original.apply(this, args)
    const callback = args.at(-1)
    if (typeof callback !== 'function') return original.apply(this, args) // let it complain
    process.nextTick(() => callback(refusal(host)))
  }
}

function guardPromise(holder: object, name: string, localAllowed: boolean) {
  const functions = holder as Functions
  const original = functions[name]
  if (original === undefined) return
  functions[name] = function (this: unknown, ...args) {
    const host = String(args[0] ?? '')
    if (localAllowed && (!host || isAllowed(host))) return original.apply(this, args)
    return Promise.reject(refusal(host))
  }
}
