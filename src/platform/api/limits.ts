import type { FastifyReply } from 'fastify'
import ipaddr from 'ipaddr.js'
import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { App } from './api.ts'
import { TooManyRequests } from './problem.ts'

export interface Limits { keyPerMinute: number, tenantPerMinute: number, addressPerMinute: number }

const windowSeconds = 60

/** A counter of requests: shared in Redis when there is one, and in memory for as long as Redis is away. */
export const limiter = (name: string, points: number, redis: Redis | null): RateLimiterAbstract => {
  const memory = new RateLimiterMemory({ keyPrefix: name, points, duration: windowSeconds })
  return redis === null ? memory : new RateLimiterRedis({ storeClient: redis, keyPrefix: `recoup:${name}`, points, duration: windowSeconds, insuranceLimiter: memory })
}

/** How many bytes of an IPv6 address are one subscriber's: the rest he chooses himself. */
const subscriberBytes = 8

/** Who is behind an address: itself, or the network of a subscriber where that has more addresses than anybody could count. */
export function callerAt (address: string): string {
  if (!ipaddr.isValid(address)) return address
  const ip = ipaddr.process(address)
  const bytes = ip.toByteArray()
  return Buffer.from(ip.kind() === 'ipv6' ? bytes.slice(0, subscriberBytes) : bytes).toString('hex')
}

/**
 * Limits each key and each agency to so many requests a minute, and says how many are left. What one agency does counts for no other.
 * Must come after authentication: strangers are refused before they are counted. Where they are not refused, a route can have them counted by their address.
 */
export function addRateLimits (app: App, limits: Limits, redis: Redis | null): void {
  const perKey = limiter('key', limits.keyPerMinute, redis)
  const perTenant = limiter('tenant', limits.tenantPerMinute, redis)
  const perAddress = limiter('address', limits.addressPerMinute, redis)

  app.addHook('onRequest', async (req, reply) => {
    const caller = req.caller as typeof req.caller | null
    if (caller?.keyId != null && caller.tenantId !== null) return await tell(reply, limits.keyPerMinute, [perKey.consume(caller.keyId), perTenant.consume(caller.tenantId)])
    if (req.routeOptions.config.isLimitedByAddress === true) await tell(reply, limits.addressPerMinute, [perAddress.consume(callerAt(req.ip))])
  })
}

/** Says how many requests are left of the first of what was counted. Throws `TooManyRequests` when none are left of any. */
async function tell (reply: FastifyReply, limit: number, counted: Promise<RateLimiterRes>[]): Promise<void> {
  reply.header('ratelimit-limit', limit)
  try {
    const [first] = await Promise.all(counted)
    reply.header('ratelimit-remaining', first!.remainingPoints)
    reply.header('ratelimit-reset', Math.ceil(first!.msBeforeNext / 1000))
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused
    const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
    reply.header('ratelimit-remaining', 0)
    reply.header('ratelimit-reset', seconds)
    throw TooManyRequests({}, { retryAfterSeconds: seconds })
  }
}
