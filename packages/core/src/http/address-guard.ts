import { lookup as dnsLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** All of IPv6 that is given out for the public Internet (RFC 4291 section 2.4, IANA); `::/8` holds forms of IPv4 addresses. */
const publicIpv6 = ipaddr.IPv6.parseCIDR('2000::/3')

/** Whether an address literal belongs to the public Internet; mapped forms are judged by what they carry, tunnels are not public. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv4 || parsed.match(publicIpv6)
}

/** Reported when a host is, or resolves to, an address that is not public. */
class AddressNotAllowedError extends Error {
  override readonly name = 'AddressNotAllowedError'
  readonly code = 'ADDRESS_NOT_ALLOWED'
}

/**
 * A DNS lookup for sockets that refuses names with any address that is not public. It stands in the connection itself, so a
 * name that changes its answer between a check and the connection gains nothing.
 */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 4)
    const list = Array.isArray(addresses) ? addresses : [addresses]
    if (list.length === 0 || list.some(({ address }) => !isPublicAddress(address))) {
      return callback(new AddressNotAllowedError(`${hostname} does not resolve to a public address`), '', 4)
    }
    if (options.all) return callback(null, list)
    const [first] = list
    return first ? callback(null, first.address, first.family) : undefined
  })
}

/** Why an address given by a user may not be called, or null when the name itself is fine (its addresses are checked on connecting). */
export function refuseUrl(url: URL, allowedOrigins: ReadonlySet<string>): string | null {
  if (url.username || url.password) return 'an address must not contain a user name or password'
  if (allowedOrigins.has(url.origin)) return null
  if (url.protocol !== 'https:') return `${url.origin} is not https`
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '')
  if (ipaddr.isValid(host) && !isPublicAddress(host)) return `${url.host} is not a public address`
  if (host === 'localhost' || host.endsWith('.localhost')) return `${url.host} is not a public address`
  return null
}
