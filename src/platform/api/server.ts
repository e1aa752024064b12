import { randomUUID } from 'node:crypto'
import underPressure from '@fastify/under-pressure'
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/tx.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Tracing } from '../tracing.ts'
import type { App } from './api.ts'
import { addAuth } from './auth.ts'
import type { Keyring } from './auth.ts'
import { Replay, once, rehearse, sendReplay } from './idempotency.ts'
import { parseJson } from './json.ts'
import { addRateLimits } from './limits.ts'
import type { Limits } from './limits.ts'
import { addMetrics } from './metrics.ts'
import { docsPrefix } from './openapi.ts'
import { addOpenLimits } from './openLimits.ts'
import { MethodNotAllowed, NotFound, onError, sendProblem, toProblem } from './problem.ts'
import { serializerCompiler, validatorCompiler } from './validation.ts'

/** The largest body of an ordinary request; bulk ones have their own. */
export const bodyBytesMax = 1024 * 1024
/** How long a client may take to send its headers, and a whole request. */
const headersTimeoutMs = 10_000
const requestTimeoutMs = 120_000
/** Above this delay of the event loop requests are shed rather than queued, unless told otherwise. */
const eventLoopDelayMaxMsDefault = 1_000

export interface ServerOptions {
  db: Database
  vault: Vault
  keyring: Keyring
  operatorKey: string
  limits: Limits
  redis: Redis | null
  log: Logger | false
  trustProxy: string[]
  /** Where requests leave their spans, if anywhere. */
  tracing?: Tracing | null
  /** How far the event loop may lag before requests are refused; 0: however far. */
  eventLoopDelayMaxMs?: number
}

/** A request id of the caller's is kept when it is harmless in logs and headers. */
const requestId = /^[A-Za-z0-9_.:-]{1,64}$/

/**
 * The HTTP server with everything a request meets before a module's route: id, headers, load shedding, who, how often, shape.
 * Every route must name its scope and its operation; the server does not start otherwise.
 */
export async function buildServer (options: ServerOptions): Promise<App> {
  const { db, vault } = options
  const app: App = Fastify({
    ...options.log === false ? { logger: false } : { loggerInstance: options.log as FastifyBaseLogger },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax, requestTimeout: requestTimeoutMs, keepAliveTimeout: 72_000,
    trustProxy: options.trustProxy.length > 0 ? options.trustProxy : false,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    http: { connectionsCheckingInterval: 1_000, headersTimeout: headersTimeoutMs },
    // Refused before there is a route: a path that is no URL, or that names something longer than any id.
    frameworkErrors: (error, req, reply) => { onError(error.code === 'FST_ERR_MAX_PARAM_LENGTH' ? NotFound() : error, req, reply) },
    genReqId: req => {
      const given = req.headers['x-request-id']
      return typeof given === 'string' && requestId.test(given) ? given : randomUUID()
    },
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, req, reply) => error instanceof Replay ? sendReplay(reply, error) : onError(error, req, reply))
  addStrictJson(app)
  addRouteRules(app)
  app.addHook('onRequest', (req, reply, next) => {
    reply.raw.setHeader('x-request-id', req.id)
    reply.raw.setHeader('cache-control', 'no-store')
    reply.raw.setHeader('x-content-type-options', 'nosniff')
    next()
  })
  options.tracing?.addTo(app)
  await app.register(underPressure, { maxEventLoopDelay: options.eventLoopDelayMaxMs ?? eventLoopDelayMaxMsDefault, retryAfter: 5, exposeStatusRoute: false })
  addMetrics(app)
  await addAuth(app, db, options.keyring, options.operatorKey)
  addRateLimits(app, options.limits, options.redis)
  addOpenLimits(app, options.limits, options.redis)
  addTransactions(app, db, vault)
  addRequestLog(app)
  return app
}

/** JSON bodies are read strictly; everything else but a route's own parser is refused. */
function addStrictJson (app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_req, body: Buffer, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseJson(body))
    } catch (error) {
      done(toProblem(error))
    }
  })
}

/** Adds `req.tx`: one transaction for the caller's agency; and `req.rehearse`: one that is taken back. */
function addTransactions (app: App, db: Database, vault: Vault): void {
  app.decorateRequest('tx', null as never)
  app.decorateRequest('rehearse', null as never)
  app.decorateRequest('bodyHash', null)
  app.addHook('preHandler', async (req, reply) => {
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    req.tx = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => await db.withTenant(req.principal(),
      async tx => isRead ? await work(tx) : await once(tx, vault, req, reply, work), { readOnly: isRead })
    req.rehearse = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => await rehearse(async undone => await db.withTenant(req.principal(), undone), work)
  })
}

/** Refuses to start with a route that forgot its scope or its operation, and answers 405 where a path exists for other methods. */
function addRouteRules (app: App): void {
  const routes: { pattern: RegExp, methods: Set<string> }[] = []
  app.addHook('onRoute', route => {
    if (route.url.startsWith(docsPrefix)) route.config = { ...route.config, scope: null }
    const { scope } = route.config ?? {}
    if (scope === undefined) throw new Error(`${String(route.method)} ${route.url} names no scope`)
    if (route.url.startsWith('/v1/') && typeof (route.schema as { operationId?: string } | undefined)?.operationId !== 'string') throw new Error(`${String(route.method)} ${route.url} names no operation`)
    const pattern = new RegExp(`^${route.url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z]+/g, '[^/]+').replace(/\\\*/g, '.*')}$`)
    const methods = [route.method].flat()
    const known = routes.find(other => other.pattern.source === pattern.source)
    if (known === undefined) routes.push({ pattern, methods: new Set(methods) })
    else for (const method of methods) known.methods.add(method)
  })
  app.setNotFoundHandler((req, reply) => {
    const path = req.url.split('?')[0]!
    const others = routes.filter(route => route.pattern.test(path)).flatMap(route => [...route.methods])
    if (others.length > 0) reply.header('allow', [...new Set(others)].join(', '))
    sendProblem(req, reply, others.length > 0 ? MethodNotAllowed() : NotFound())
  })
}

/** One line a request: who, what, how it ended, how long it took. No path parameters beyond ids, no query, no body. */
function addRequestLog (app: App): void {
  app.addHook('onResponse', async (req: FastifyRequest, reply) => {
    const caller = req.caller as typeof req.caller | null
    req.log.info({
      method: req.method, route: req.routeOptions.url ?? 'none', status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10,
      tenantId: caller?.tenantId ?? undefined, keyId: caller?.keyId ?? undefined,
    }, 'request')
  })
}
