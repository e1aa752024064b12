import { NodePgSession } from 'drizzle-orm/node-postgres'
import type { NodePgClient, NodePgQueryResultHKT } from 'drizzle-orm/node-postgres'
import type { SQL } from 'drizzle-orm'
import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core'
import type { Pool, PoolClient } from 'pg'
import { problem, uuidOf } from '#kernel'
import type { Ctx } from '#kernel'
import { flushStatement } from '../events/outbox.ts'
import { gatherReads } from './gather.ts'
import type { Pending } from '../events/outbox.ts'
import { StaleKeys } from '../secrets/stale.ts'
import { send } from './wire.ts'
import type { Answer, Statement } from './wire.ts'

export const DatabaseUnavailable = problem('database-unavailable', 503, 'The database does not answer in time.',
  'Wait for the seconds in Retry-After and send the same request again with the same Idempotency-Key: nothing is done twice.')

type Drizzle = PgDatabase<NodePgQueryResultHKT, Record<string, never>>

/**
 * A unit of work for one agency. It can only come from `withTenant`, so a query that forgets the agency does not compile;
 * row security holds it to that agency, and to one lender when `ctx.lenderId` says so.
 */
export interface Tx extends Omit<Drizzle, 'transaction' | '$client'> {
  readonly ctx: Ctx
  /** Events emitted so far; they are written with the commit. */
  readonly outbox: Pending[]
  /** Statements that travel with the next query, or with the commit. */
  readonly behind: Statement[]
}

/** How long one statement, and one whole unit of work, may take. */
export const statementTimeoutMs = 15_000
export const unitTimeoutMs = 25_000
/** How long the server keeps a transaction, and its locks, whose process has gone silent: paused, or cut off. */
const silenceTimeoutMs = 30_000
/** How often a unit of work is tried when it lost a race. */
export const unitAttemptsMax = 3

/** Serialization failure, deadlock, a lost race for an Idempotency-Key, a key newer than those in memory: the same work done again succeeds. */
const isLostRace = (error: unknown): boolean => {
  if (error instanceof StaleKeys) return true
  const { code, constraint } = pgError(error)
  return code === '40001' || code === '40P01' || (code === '23505' && constraint === 'idempotency_keys_pkey')
}

interface PgError { code?: string, constraint?: string, table?: string, message?: string }

/** The database's own error inside whatever wraps it. */
export function pgError (error: unknown): PgError {
  for (let e = error; e !== null && typeof e === 'object'; e = (e as { cause?: unknown }).cause) {
    if (typeof (e as PgError).code === 'string') return e as PgError
  }
  return {}
}

/** Connection lost, refused or timed out, the server shutting down, too many connections. */
export const isUnavailable = (error: unknown): boolean => {
  const { code } = pgError(error)
  if (code !== undefined && (/^(08|57P|53)/.test(code) || ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', '57014', '55P03'].includes(code))) return true
  // The driver's own complaints have no code, and Drizzle wraps them.
  for (let e = error; e instanceof Error; e = e.cause) if (lostMessage.test(e.message)) return true
  return false
}

const lostMessage = /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Cannot use a pool after calling end|Client has encountered a connection error)/

export interface UnitOptions {
  /** Read without a transaction: each query is isolated by itself, in one round trip. */
  readOnly?: boolean
}

export interface Pools {
  pool: Pool
  prepare: boolean
  /** Reads by key that travel with others of the same scope. */
  readTogether: (scope: Statement, read: Statement) => Promise<Answer>
}

/** The pools over a `pg` pool. */
export const poolsOn = (pool: Pool, prepare: boolean): Pools => ({
  pool, prepare,
  readTogether: gatherReads(async statements => {
    const client = await pool.connect()
    return await guarded(client, unitTimeoutMs, async () => await send(client, statements, prepare))
  }, error => pgError(error).code !== undefined && !isUnavailable(error)),
})

// casing is what turns `lenderReference` into lender_reference; the dialect caches it, so there is one for the process.
export const dialect = new PgDialect({ casing: 'snake_case' })

/** A `pg` client as Drizzle's session sees one: it only ever calls `query`. */
export interface QueryPort {
  query (config: { text: string, rowMode?: 'array' }, values: unknown[]): Promise<{ rows: unknown[], rowCount: number }>
  /** A read by key, which may travel with others of its agency; rows as arrays. */
  readByKey? (text: string, values: unknown[]): Promise<unknown[][]>
}

/** A Drizzle database over a port. */
export const databaseOn = (port: QueryPort): Drizzle => {
  // The session is typed for a whole node-postgres client; it uses no more of it than the port.
  const session = new NodePgSession(port as unknown as NodePgClient, dialect, undefined)
  return new PgDatabase(dialect, session as never, undefined) as Drizzle
}

/** Drizzle asks for arrays when it maps rows itself, and for objects when it runs raw SQL. */
export const shape = (answer: Answer, rowMode: 'array' | undefined) => ({
  rowCount: answer.rowCount,
  rows: rowMode === 'array' ? answer.rows : answer.rows.map(row => toObject(answer.fields, row)),
})

/** A loop: this is five times as fast as `Object.fromEntries`, and bulk work reads many rows. */
function toObject (fields: Answer['fields'], row: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (let i = 0; i < fields.length; i++) object[fields[i]!.name] = row[i]
  return object
}

/** Whatever the server's own settings are, instants and days are written as this program reads them. */
export const textSettings = "set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true)"

const scopeText = `select set_config('role', 'recoup_app', true), set_config('app.tenant_id', $1, true), set_config('app.lender_id', $2, true), set_config('statement_timeout', '${statementTimeoutMs}', true), ${textSettings}`
const scopeReadText = `${scopeText}, set_config('transaction_read_only', 'on', true)`
const scopeWriteText = `${scopeText}, set_config('idle_in_transaction_session_timeout', '${silenceTimeoutMs}', true)`

/** The statement that makes what follows it, in the same transaction, the agency's own: role, tenant and lender, each local to the transaction. */
const scope = (ctx: Ctx, readOnly: boolean): Statement => ({
  text: readOnly ? scopeReadText : scopeWriteText,
  values: [uuidOf(ctx.tenantId), ctx.lenderId === null ? '' : uuidOf(ctx.lenderId)],
  silent: true,
})

const begin: Statement = { text: 'begin', values: [], silent: true }
const commit: Statement = { text: 'commit', values: [], silent: true }
const rollback: Statement = { text: 'rollback', values: [], silent: true }

const txOn = (port: QueryPort, ctx: Ctx, behind: Statement[]): Tx => Object.assign(databaseOn(port), { ctx, behind, outbox: [] })

/**
 * Writes without waiting: the statement travels, in order, with the transaction's next query or its commit, so that many writes take one
 * round trip and the database works on while this process does something else. What it answers is lost; if it fails, that query or the commit does.
 */
export function write (tx: Tx, statement: SQL): void {
  const { sql: text, params: values } = dialect.sqlToQuery(statement)
  tx.behind.push({ text, values, silent: true })
}

/**
 * Runs work for one agency and commits it whole or not at all; commits its events with it.
 * Read-only work takes one round trip a query: `set_config` and the query travel together and end together.
 * Work that lost a race (40001, 40P01, a data key just rotated) is run again, at most three times in all: it must not touch anything but `tx`.
 * Throws `DatabaseUnavailable` (503) when the database is down or too slow.
 */
export async function runUnit<T> (pools: Pools, ctx: Ctx, options: UnitOptions, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return options.readOnly === true ? await readUnit(pools, ctx, work) : await writeUnit(pools, ctx, work)
    } catch (error) {
      if (isLostRace(error) && attempt < unitAttemptsMax) continue
      if (isUnavailable(error)) throw Object.assign(DatabaseUnavailable({}, { retryAfterSeconds: 2 }), { cause: error })
      throw error
    }
  }
}

const readUnit = <T>({ pool, prepare, readTogether }: Pools, ctx: Ctx, work: (tx: Tx) => Promise<T>): Promise<T> => {
  const port: QueryPort = {
    readByKey: async (text, values) => (await readTogether(scope(ctx, true), { text, values })).rows,
    async query ({ text, rowMode }, values) {
      const client = await pool.connect()
      return await guarded(client, unitTimeoutMs, async () => {
        const answers = await send(client, [scope(ctx, true), { text, values }], prepare)
        return shape(answers[1]!, rowMode)
      })
    },
  }
  const behind: Statement[] = []
  return work(txOn(port, ctx, behind)).then(result => {
    if (behind.length > 0) throw new Error('a read-only unit of work wrote something')
    return result
  })
}

/** Errors whose transaction was rolled back in good order. */
const unwound = new WeakSet<object>()

/** Holds a connection for as long as `work` takes, at most `timeoutMs`; a connection that failed or hung is thrown away. */
async function guarded<T> (client: PoolClient, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let hung = false
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      hung = true
      reject(DatabaseUnavailable({}, { retryAfterSeconds: 2 }))
    }, timeoutMs)
  })
  try {
    const result = await Promise.race([work(), expired])
    client.release()
    return result
  } catch (error) {
    // A server's refusal of a statement, and a transaction rolled back, leave the connection usable; anything else may have left it mid-sentence.
    client.release(hung || isUnavailable(error) || (pgError(error).code === undefined && !unwound.has(error as object)))
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function writeUnit<T> ({ pool, prepare }: Pools, ctx: Ctx, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  return await guarded(client, unitTimeoutMs, async () => {
    const behind: Statement[] = []
    let begun = false
    /** What must travel before a statement. */
    const before = (): Statement[] => {
      const opening = begun ? [] : [begin, scope(ctx, false)]
      begun = true
      return [...opening, ...behind.splice(0)]
    }
    let turn: Promise<unknown> = Promise.resolve()
    const port: QueryPort = {
      query ({ text, rowMode }, values) {
        // Statements of one transaction take their turn on its one connection, even when a command awaits two at once.
        const answer = turn.then(async () => {
          const answers = await send(client, [...before(), { text, values }], prepare)
          return shape(answers[answers.length - 1]!, rowMode)
        })
        turn = answer.catch(() => undefined)
        return answer
      },
    }
    const tx = txOn(port, ctx, behind)
    try {
      const result = await work(tx)
      await turn
      // The events and the commit in one round trip: the agency's event sequence is locked for no longer than that.
      const last = tx.outbox.length > 0 ? [flushStatement(ctx, tx.outbox)] : []
      if (begun || behind.length > 0 || last.length > 0) await send(client, [...before(), ...last, commit], prepare)
      return result
    } catch (error) {
      await turn
      const isUnwound = !begun || await send(client, [rollback], false).then(() => true, () => false)
      if (isUnwound && error instanceof Error) unwound.add(error)
      throw error
    }
  })
}
