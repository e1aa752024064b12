import type { FastifyRequest } from 'fastify'
import type { Redis } from 'ioredis'
import { RateLimiterRes } from 'rate-limiter-flexible'
import type { Problem } from '#kernel'
import type { App } from './api.ts'
import { callerAt, limiter } from './limits.ts'
import type { Limits } from './limits.ts'
import { TooManyRequests } from './problem.ts'

/** How often in a minute a caller without a key may be refused by one thing, and by all of them together, before it is not heard. */
const refusedPerThing = 60
const refusedPerCaller = 600

/**
 * Limits routes that take no key and name a thing (`limitedBy`), before anything is read or looked up: each thing to as many requests a minute as a key has, and each caller in
 * how often it is refused. Callers are told apart by address, an IPv6 one by its network. One thing's callers that are wrong again and again stop being heard by that
 * thing long before they stop being heard at all: behind one provider's address are many agencies.
 */
export function addOpenLimits (app: App, limits: Limits, redis: Redis | null): void {
  const perThing = limiter('open', limits.keyPerMinute, redis)
  const refusedByThing = limiter('refusedByThing', refusedPerThing, redis)
  const refused = limiter('refused', refusedPerCaller, redis)

  app.addHook('onRequest', async req => {
    const thing = thingOf(req)
    if (thing === null) return
    const caller = callerAt(req.ip)
    const [here, anywhere] = await Promise.all([refusedByThing.get(`${caller} ${thing}`), refused.get(caller)])
    if (here !== null && here.consumedPoints >= refusedPerThing) throw tooMany(here)
    if (anywhere !== null && anywhere.consumedPoints >= refusedPerCaller) throw tooMany(anywhere)
    await perThing.consume(thing).catch(full => { throw full instanceof RateLimiterRes ? tooMany(full) : full })
  })
  app.addHook('onSend', async (req, reply) => {
    const thing = thingOf(req)
    if (thing === null || reply.statusCode < 400 || reply.statusCode >= 500 || reply.statusCode === 429) return
    const caller = callerAt(req.ip)
    // Full is full: the next request finds it so.
    await Promise.all([refusedByThing.consume(`${caller} ${thing}`), refused.consume(caller)]).catch(full => { if (!(full instanceof RateLimiterRes)) throw full })
  })
}

const tooMany = ({ msBeforeNext }: RateLimiterRes): Problem => TooManyRequests({}, { retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) })

/** What a request on a route without a key is limited by: its route with the thing it names; null on every other. */
function thingOf (req: FastifyRequest): string | null {
  const { limitedBy } = req.routeOptions.config
  return limitedBy === undefined || req.is404 ? null : `${req.routeOptions.url} ${String((req.params as Record<string, unknown>)[limitedBy])}`
}
