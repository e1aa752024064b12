import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { App } from './api.ts'
import { TooManyRequests } from './problem.ts'

export interface Limits { keyPerMinute: number, tenantPerMinute: number }

const windowSeconds = 60

/** A counter of requests: shared in Redis when there is one, and in memory for as long as Redis is away. */
export const limiter = (name: string, points: number, redis: Redis | null): RateLimiterAbstract => {
  const memory = new RateLimiterMemory({ keyPrefix: name, points, duration: windowSeconds })
  return redis === null ? memory : new RateLimiterRedis({ storeClient: redis, keyPrefix: `recoup:${name}`, points, duration: windowSeconds, insuranceLimiter: memory })
}

/**
 * Limits each key and each agency to so many requests a minute, and says how many are left. What one agency does counts for no other.
 * Must come after authentication: strangers are refused before they are counted.
 */
export function addRateLimits (app: App, limits: Limits, redis: Redis | null): void {
  const perKey = limiter('key', limits.keyPerMinute, redis)
  const perTenant = limiter('tenant', limits.tenantPerMinute, redis)

  app.addHook('onRequest', async (req, reply) => {
    const caller = req.caller as typeof req.caller | null
    if (caller === null || caller.keyId === null || caller.tenantId === null) return
    try {
      const [key] = await Promise.all([perKey.consume(caller.keyId), perTenant.consume(caller.tenantId)])
      reply.header('ratelimit-limit', limits.keyPerMinute)
      reply.header('ratelimit-remaining', key.remainingPoints)
      reply.header('ratelimit-reset', Math.ceil(key.msBeforeNext / 1000))
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused
      const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
      reply.header('ratelimit-limit', limits.keyPerMinute)
      reply.header('ratelimit-remaining', 0)
      reply.header('ratelimit-reset', seconds)
      throw TooManyRequests({}, { retryAfterSeconds: seconds })
    }
  })
}
