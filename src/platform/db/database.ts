import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { idOf, uuidOf } from '#kernel'
import type { Actor, Ctx, Id } from '#kernel'
import { wireInstant } from './columns.ts'
import { databaseOn, poolsOn, runUnit, shape, textSettings } from './tx.ts'
import type { Pools, QueryPort, Tx, UnitOptions } from './tx.ts'
import { send } from './wire.ts'
import type { Statement } from './wire.ts'

/** What the machine itself may see across agencies: ids, deadlines, how far events have been read. Never a business row. */
export type InstallationTx = Omit<Tx, 'ctx' | 'outbox' | 'behind'>

/** For whom work is done, before the database has said what time it is there. */
export interface Principal {
  tenantId: Id<'tenant'>
  lenderId?: Id<'lender'> | null
  actor: Actor
  livemode: boolean
  correlationId?: string
  /** A sandbox agency may live by a test clock; its time must be asked. */
  hasTestClock: boolean
}

/** The database of the installation. */
export interface Database {
  /** Runs work for one agency in one transaction: the only source of a `Tx`. */
  withTenant<T> (principal: Principal, work: (tx: Tx) => Promise<T>, options?: UnitOptions): Promise<T>
  /** Runs the machine's own cross-agency reads, each its own transaction, as the role that may see only ids and deadlines. */
  installation<T> (work: (tx: InstallationTx) => Promise<T>): Promise<T>
  /** Calls back with each payload of a channel until closed; `onGap` runs when payloads may have been missed. */
  listen (channel: string, onPayload: (payload: string) => void, onGap: () => void): Promise<{ isListening (): boolean, close (): Promise<void> }>
  /** Tells every listener of a channel. */
  notify (channel: string, payload: string): Promise<void>
  /** Connections in use, idle and waited for. */
  usage (): { total: number, idle: number, waiting: number }
  close (): Promise<void>
}

export interface DatabaseOptions {
  url: string
  /** A connection that keeps its session, for LISTEN and migrations; a pooler in transaction mode cannot. */
  directUrl?: string
  poolMax: number
  /** False behind a pooler that does not know prepared statements (PgBouncer before 1.21). */
  prepare: boolean
  onNotify?: (tenantId: Id<'tenant'>) => void
}

const installationScope: Statement = { text: `select set_config('role', 'recoup_relay', true), set_config('statement_timeout', '15000', true), ${textSettings}`, values: [], silent: true }

/** Opens the database. Nothing is connected until the first query. */
export function openDatabase (options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url, max: options.poolMax, connectionTimeoutMillis: 5_000, idleTimeoutMillis: 60_000,
    keepAlive: true, application_name: 'recoup',
  })
  // An idle connection that breaks is replaced by the next checkout; without a listener its error would end the process.
  pool.on('error', () => undefined)
  // So would the error of one that breaks in a unit of work's hand, between two statements: the next statement finds it broken.
  pool.on('connect', client => { client.on('error', () => undefined) })
  const pools = poolsOn(pool, options.prepare)
  const announce = announcer(payload => notify('recoup_events', payload))

  const notify = async (channel: string, payload: string): Promise<void> => {
    await pool.query({ text: 'select pg_notify($1, $2)', values: [channel, payload] })
  }

  return {
    async withTenant (principal, work, unit = {}) {
      const now = principal.hasTestClock ? await testClockOf(pools, principal.tenantId) : new Date()
      const ctx: Ctx = {
        tenantId: principal.tenantId, lenderId: principal.lenderId ?? null, actor: principal.actor, livemode: principal.livemode,
        correlationId: principal.correlationId ?? randomUUID(), now,
      }
      let emitted = false
      const result = await runUnit(pools, ctx, unit, async tx => {
        const answer = await work(tx)
        emitted = tx.outbox.length > 0
        return answer
      })
      if (emitted) announce(principal.tenantId)
      return result
    },
    async installation (work) { return await work(databaseOn(installationPort(pools))) },
    listen: async (channel, onPayload, onGap) => await listenOn(options.directUrl ?? options.url, channel, onPayload, onGap),
    notify,
    usage: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    async close () {
      await announce.flush()
      await pool.end()
    },
  }
}

const installationPort = ({ pool, prepare }: Pools): QueryPort => ({
  async query ({ text, rowMode }, values) {
    const client = await pool.connect()
    try {
      const answers = await send(client, [installationScope, { text, values }], prepare)
      client.release()
      return shape(answers[1]!, rowMode)
    } catch (error) {
      client.release(true)
      throw error
    }
  },
})

/** The time by an agency's test clock, or the wall clock when it has none. */
async function testClockOf ({ pool, prepare }: Pools, tenantId: Id<'tenant'>): Promise<Date> {
  const client = await pool.connect()
  try {
    const answers = await send(client, [installationScope, { text: 'select clock_at from tenants where tenant_id = $1', values: [uuidOf(tenantId)] }], prepare)
    client.release()
    const clockAt = answers[1]!.rows[0]?.[0]
    return typeof clockAt === 'string' ? new Date(wireInstant(clockAt)) : new Date()
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** How long wake-ups of the same agency are gathered before one notification is sent. */
const announceDelayMs = 5

/**
 * Tells the relay, after the commit and outside of it: NOTIFY inside a transaction makes every commit of the whole
 * database wait for the one before. One that is lost is made good by the relay's sweep.
 */
function announcer (send: (payload: string) => Promise<void>) {
  const waiting = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let sent: Promise<void> = Promise.resolve()
  const flush = (): Promise<void> => {
    timer = undefined
    // A payload holds at most 8000 bytes; beyond this many agencies the relay sweeps.
    const payload = waiting.size > 150 ? '' : [...waiting].join(',')
    if (waiting.size > 0) sent = send(payload).catch(() => undefined)
    waiting.clear()
    return sent
  }
  const announce = (tenantId: Id<'tenant'>): void => {
    waiting.add(tenantId)
    timer ??= setTimeout(() => { void flush() }, announceDelayMs).unref()
  }
  return Object.assign(announce, {
    flush (): Promise<void> {
      clearTimeout(timer)
      return flush()
    },
  })
}

/** How long a broken LISTEN connection waits before it is made again. */
const listenRetryMs = 500

async function listenOn (url: string, channel: string, onPayload: (payload: string) => void, onGap: () => void) {
  let client: pg.Client | undefined
  let closed = false
  let isListening = false
  const lost = (): void => {
    if (!isListening || closed) return
    isListening = false
    setTimeout(() => { void connect() }, listenRetryMs).unref()
  }
  const connect = async (): Promise<void> => {
    if (closed) return
    const next = new pg.Client({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 5_000, application_name: 'recoup-listen' })
    next.on('error', lost)
    next.on('end', lost)
    next.on('notification', message => onPayload(message.payload ?? ''))
    try {
      await next.connect()
      await next.query(`listen ${pg.escapeIdentifier(channel)}`)
      client = next
      isListening = true
      onGap()
    } catch {
      void next.end().catch(() => undefined)
      if (!closed) setTimeout(() => { void connect() }, listenRetryMs).unref()
    }
  }
  await connect()
  return {
    isListening: () => isListening,
    async close () {
      closed = true
      await client?.end()
    },
  }
}

/** The principal of the machine's own work for an agency. */
export const systemPrincipal = (tenant: { id: string, livemode: boolean, hasTestClock: boolean }): Principal =>
  ({ tenantId: idOf('tenant', tenant.id), actor: { kind: 'system', id: null }, livemode: tenant.livemode, hasTestClock: tenant.hasTestClock })
