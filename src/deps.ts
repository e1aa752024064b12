import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import type { Logger } from 'pino'
import { publicUrlOf } from './config.ts'
import type { Config } from './config.ts'
import type { Id } from './kernel/index.ts'
import { findKeyByHash, setKeysUsed } from './modules/tenants/index.ts'
import { drainWebhooks } from './modules/webhooks/index.ts'
import type { Keyring } from './platform/api/auth.ts'
import { jobFailures } from './platform/api/metrics.ts'
import type { ServerOptions } from './platform/api/server.ts'
import { openDatabase } from './platform/db/database.ts'
import type { Database } from './platform/db/database.ts'
import { startEmbedded } from './platform/db/embedded.ts'
import { guardedAgent } from './platform/http/guard.ts'
import { openQueues } from './platform/jobs/backend.ts'
import type { QueueStore, Queues } from './platform/jobs/backend.ts'
import { findTenant } from './platform/jobs/run.ts'
import type { Machine } from './platform/jobs/run.ts'
import type { Outside } from './platform/outside.ts'
import { mailboxSender } from './platform/outside/mailbox.ts'
import { smsSender } from './platform/outside/sms.ts'
import { smtpSender } from './platform/outside/smtp.ts'
import { reasonOf } from './platform/reason.ts'
import { openVault } from './platform/secrets/vault.ts'
import type { Vault } from './platform/secrets/vault.ts'
import { openTracing } from './platform/tracing.ts'
import type { Tracing } from './platform/tracing.ts'
import { jobs } from './worker.ts'

/** Where the process's data is: the configured services, or the embedded ones. */
export interface Places { databaseUrl: string, directUrl: string, store: QueueStore, operatorKey: string, masterKey: string, stop (): Promise<void> }

/** Everything a process works with, opened. */
export interface Deps { log: Logger, db: Database, vault: Vault, queues: Queues, redis: Redis | null, machine: Machine, server: ServerOptions, close (): Promise<void> }

/** Finds the database, the queue and the keys; starts and makes what is not configured. `readConfig` has refused that in production. */
export async function openPlaces (config: Config, options: { fresh?: boolean } = {}): Promise<Places> {
  const dataDir = resolve(config.RECOUP_DATA_DIR)
  const embedded = config.DATABASE_URL === '' ? await startEmbedded({ dataDir: join(dataDir, 'postgres'), fresh: options.fresh === true }) : null
  const databaseUrl = embedded?.url ?? config.DATABASE_URL
  const directUrl = config.DATABASE_DIRECT_URL === '' ? databaseUrl : config.DATABASE_DIRECT_URL
  return {
    databaseUrl, directUrl,
    store: config.REDIS_URL === '' ? { postgresUrl: directUrl } : { redisUrl: config.REDIS_URL },
    operatorKey: config.RECOUP_OPERATOR_KEY === '' ? keptSecret(dataDir, 'operator-key', () => `rk_operator_${randomBytes(32).toString('base64url')}`) : config.RECOUP_OPERATOR_KEY,
    masterKey: config.RECOUP_MASTER_KEY === '' ? keptSecret(dataDir, 'master-key', () => `embedded:${randomBytes(32).toString('base64')}`) : config.RECOUP_MASTER_KEY,
    async stop () { await embedded?.stop() },
  }
}

/** A secret made once and kept in the data folder, readable by its owner only. */
function keptSecret (dataDir: string, name: string, make: () => string): string {
  const path = join(dataDir, name)
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true })
    try {
      writeFileSync(path, `${make()}\n`, { mode: 0o600, flag: 'wx' })
    } catch (error) {
      // Another process that started at the same moment was first: its secret is ours too.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  return readFileSync(path, 'utf8').trim()
}

/** Lines are written in batches: one write a line costs a good part of a small request. */
export const openLog = (config: Config): Logger => pino({ level: config.LOG_LEVEL, base: null }, pino.destination({ fd: 1, sync: false, minLength: 16_000, periodicFlush: 250 }))

/** Opens everything. Nothing else in the program opens a connection. */
export async function openDeps (config: Config, places: Places, log: Logger): Promise<Deps> {
  const tracing = config.OTEL_EXPORTER_OTLP_ENDPOINT === '' ? null : await openTracing(config.OTEL_EXPORTER_OTLP_ENDPOINT, 'recoup')
  const db = traced(openDatabase({
    url: places.databaseUrl, directUrl: places.directUrl, poolMax: config.DATABASE_POOL_MAX, prepare: config.DATABASE_PREPARE,
  }), tracing)
  const vault = openVault(places.masterKey)
  const queues = await openQueues(places.store)
  const redis = config.REDIS_URL === '' ? null : new Redis(config.REDIS_URL, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 500 })
  redis?.on('error', () => undefined)
  const outside = openOutside(config, db, vault)
  const machine: Machine = {
    db, vault, jobs, tracing, outside,
    onFailure (job, tenantId, error) {
      jobFailures.inc({ job })
      log.error({ job, tenantId, reason: reasonOf(error) }, 'work failed and will be tried again')
    },
  }
  const keyring: Keyring = {
    findByHash: async hash => await findKeyByHash(db, hash),
    async markUsed (keys) {
      const byTenant = new Map<string, string[]>()
      for (const [key, tenant] of keys) byTenant.set(tenant, [...byTenant.get(tenant) ?? [], key])
      for (const [tenant, ids] of byTenant) {
        const principal = await findTenant(db, tenant as Parameters<typeof findTenant>[1])
        if (principal !== null) await db.withTenant(principal, async tx => await setKeysUsed(tx, ids as Parameters<typeof setKeysUsed>[1]))
      }
    },
  }
  return {
    log, db, vault, queues, redis, machine,
    server: {
      db, vault, keyring, operatorKey: places.operatorKey, redis, log, tracing, trustProxy: config.TRUST_PROXY,
      limits: { keyPerMinute: config.RATE_LIMIT_KEY_PER_MINUTE, tenantPerMinute: config.RATE_LIMIT_TENANT_PER_MINUTE, addressPerMinute: config.RATE_LIMIT_ADDRESS_PER_MINUTE },
    },
    async close () {
      await queues.close()
      await drainWebhooks(outside.http)
      await outside.close()
      await db.close()
      redis?.disconnect()
      await tracing?.close()
    },
  }
}

/** A database whose units of work leave spans. */
const traced = (db: Database, tracing: Tracing | null): Database => tracing === null
  ? db
  : { ...db, withTenant: async (principal, work, options) => await tracing.span('database', {}, async () => await db.withTenant(principal, work, options)) }

/** Mail, SMS, webhooks and the way in from outside as configured; what is not configured goes to the local mailbox. */
function openOutside (config: Config, db: Database, vault: Vault): Outside & { close (): Promise<void> } {
  const smtp = config.SMTP_URL === '' ? null : smtpSender({ url: config.SMTP_URL, from: config.MAIL_FROM })
  const gateway = config.SMS_GATEWAY_URL === '' ? null : smsSender({ url: config.SMS_GATEWAY_URL, token: config.SMS_GATEWAY_TOKEN })
  const kept = { db, vault, findPrincipal: async (tenantId: Id<'tenant'>) => await findTenant(db, tenantId) }
  const allowPrivate = config.WEBHOOK_ALLOW_PRIVATE || config.NODE_ENV !== 'production'
  const http = guardedAgent({ allowPrivate })
  return {
    email: smtp ?? mailboxSender('email', kept), sms: gateway ?? mailboxSender('sms', kept), http, allowPrivate, publicUrl: publicUrlOf(config),
    async close () {
      smtp?.close()
      await gateway?.close()
      await http.close()
    },
  }
}
