import { lookup as resolveName } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector } from 'undici'
import { problem } from '#kernel'
import type { Problem } from '#kernel'

/** An address that a caller gave us and that we refuse to call; `reason` says which rule refuses. */
export const AddressForbidden = problem('address-forbidden', 422, 'We do not call this address.',
  'Give an https URL, without user name and fragment, of a host that is reachable on the public internet.')

/** Resolves a name to all its addresses; `dns.lookup` unless a test brings its own. */
export type Resolve = (hostname: string, done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void) => void

/** The limits of outbound calls. Only `allowPrivate` has no default; a total deadline is the caller's `AbortSignal`. */
export interface GuardOptions {
  /** Allows private and loopback addresses: for sandboxes and demonstrations on one machine, never in production. */
  readonly allowPrivate: boolean
  readonly connectTimeoutMs?: number
  /** The longest silence while waiting for the answer's head or between pieces of its body. */
  readonly silenceTimeoutMs?: number
  readonly connectionsPerOriginMax?: number
  readonly originsMax?: number
  readonly responseBytesMax?: number
  readonly resolve?: Resolve
}

/** An idle connection is closed after this: a receiver that moves is not called at its old address for long. */
const keepAliveTimeoutMs = 10_000
const responseHeaderBytesMax = 16 * 1024

/** Azure's host agent: public by number, yet it answers every virtual machine there with its secrets. */
const azureHostAgent = '168.63.129.16'
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** Names that mean a machine of one's own network (RFC 6761, RFC 6762 with its appendix G, RFC 8375). */
const privateSuffixes = ['localhost', 'local', 'internal', 'intranet', 'private', 'corp', 'home', 'lan', 'home.arpa']

const resolveAll: Resolve = (hostname, done) => resolveName(hostname, { all: true }, done)

/**
 * Why an IP address is not a public unicast one, or null if it is. Addresses that carry another inside them are refused,
 * but for NAT64's well-known prefix (RFC 6052), by which machines without IPv4 reach public IPv4 hosts: there the inner one is judged.
 */
export function whyNotPublic (address: string): string | null {
  if (isIP(address) === 0) return 'not an IP address'
  const ip = ipaddr.parse(address)
  if (ip instanceof ipaddr.IPv4) {
    if (ip.toString() === azureHostAgent) return 'cloud metadata'
    return ip.range() === 'unicast' ? null : ip.range()
  }
  if (ip.zoneId !== undefined) return 'linkLocal'
  if (ip.match(nat64)) return whyNotPublic(ipaddr.fromByteArray(ip.toByteArray().slice(12)).toString())
  if (ip.range() !== 'unicast') return ip.range()
  return ip.match(globalUnicast) ? null : 'reserved'
}

/**
 * Judges a URL when it is registered and returns it normalized; names are judged again, by address, at each connection.
 * Throws `AddressForbidden` for anything but http(s) (only https with `httpsOnly`), for user names, passwords and fragments,
 * and, unless `allowPrivate`, for hosts that are not public. Reads no DNS.
 */
export function checkUrl (url: string, { allowPrivate, httpsOnly }: { allowPrivate: boolean, httpsOnly: boolean }): string {
  if (!URL.canParse(url)) throw forbidden('not a URL')
  const { protocol, username, password, hostname, hash, href } = new URL(url)
  if (protocol !== 'https:' && (httpsOnly || protocol !== 'http:')) throw forbidden(httpsOnly ? 'not https' : 'not http or https')
  if (username !== '' || password !== '') throw forbidden('contains a user name or password')
  if (hash !== '') throw forbidden('contains a fragment')
  if (allowPrivate) return href
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  const why = isIP(host) === 0 ? whyNamePrivate(host) : whyNotPublic(host)
  if (why !== null) throw forbidden(why)
  return href
}

/**
 * An undici dispatcher for addresses that others chose. Unless `allowPrivate`, it refuses a name if any of its addresses is not public,
 * an IP literal before connecting, and a connection whose peer turns out not to be public: the request then fails with `AddressForbidden`.
 * It follows no redirects and heeds no proxy variables. Pass it to `request`; close it when done.
 */
export function guardedAgent (options: GuardOptions): Agent {
  const { allowPrivate, connectTimeoutMs = 5_000, silenceTimeoutMs = 15_000, responseBytesMax = 64 * 1024 } = options
  const { connectionsPerOriginMax = 64, originsMax = 10_000, resolve = resolveAll } = options
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup(resolve, allowPrivate) })
  return new Agent({
    connect: allowPrivate ? connect : guardedConnector(connect),
    connections: connectionsPerOriginMax,
    maxOrigins: originsMax,
    pipelining: 1,
    headersTimeout: silenceTimeoutMs,
    bodyTimeout: silenceTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    keepAliveMaxTimeout: keepAliveTimeoutMs,
    maxHeaderSize: responseHeaderBytesMax,
    maxResponseSize: responseBytesMax,
  })
}

/** A lookup for sockets that fails if any address of the name is not public: one bad address makes the name a trap. */
function guardedLookup (resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, { all, family }, done) => {
    resolve(hostname, (error, addresses) => {
      if (error) return done(error, [])
      const why = allowPrivate ? null : addresses.map(({ address }) => whyNotPublic(address)).find(why => why !== null)
      if (why) return done(forbidden(why), [])
      const usable = family === 4 || family === 6 ? addresses.filter(address => address.family === family) : addresses
      const [first] = usable
      if (!first) return done(Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' }), [])
      return all ? done(null, usable) : done(null, first.address, first.family)
    })
  }
}

/** A connector that refuses IP literals that are not public, since sockets look up only names, and closes connections to such peers. */
export function guardedConnector (connect: buildConnector.connector): buildConnector.connector {
  return (options, done) => {
    const why = isIP(options.hostname) === 0 ? null : whyNotPublic(options.hostname)
    if (why !== null) return queueMicrotask(() => done(forbidden(why), null))
    return connect(options, (...[error, socket]) => {
      if (error) return done(error, null)
      const refusal = refusalOfPeer(socket.remoteAddress)
      if (refusal === null) return done(null, socket)
      socket.destroy()
      return done(refusal, null)
    })
  }
}

function refusalOfPeer (address: string | undefined): Error | null {
  if (address === undefined) return new Error('the peer closed the connection at once')
  const why = whyNotPublic(address)
  return why === null ? null : forbidden(why)
}

function whyNamePrivate (host: string): string | null {
  if (!host.includes('.')) return 'not a public name'
  return privateSuffixes.some(suffix => host.endsWith(`.${suffix}`)) ? 'not a public name' : null
}

const forbidden = (reason: string): Problem => AddressForbidden({ reason })
