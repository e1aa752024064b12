import { Param, sql } from 'drizzle-orm'
import type { SQLWrapper } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { databaseOn } from './tx.ts'
import type { QueryPort, Tx } from './tx.ts'

type Builder = Pick<Tx, 'select' | 'selectDistinct' | 'selectDistinctOn' | 'with'>
interface Preparable<R> extends SQLWrapper { prepare (name: string): { execute (values?: Record<string, unknown>): Promise<R> } }

/** A value that each run of a prepared query brings, by name, written as its column is. Drizzle's own placeholders forget the column. */
export const given = (column: PgColumn, name: string): Param => sql.param(sql.placeholder(name), column) as Param

/** What Drizzle's prepared query holds on to: everything but the client is compiled once. */
interface Compiled<R> { execute (values?: Record<string, unknown>): Promise<R> }

const noPort: QueryPort = { query: async () => await Promise.reject(new Error('a prepared query runs on a transaction')) }

/**
 * Compiles a hot query once for the process: building one with Drizzle costs more than running it. Values (`given`) are
 * filled in at each run. The query must still filter on the agency.
 */
export function prepared<R> (name: string, build: (db: Builder) => Preparable<R>): (tx: Tx, values: Record<string, unknown>) => Promise<R> {
  let compiled: Compiled<R> | undefined
  return async (tx, values) => {
    compiled ??= build(databaseOn(noPort)).prepare(name)
    // Drizzle binds a compiled query to the client it was built on; an heir with this transaction's client runs it here.
    const client = (tx as unknown as { session: { client: QueryPort } }).session.client
    const heir = Object.create(compiled as object, { client: { value: client } }) as Compiled<R>
    return await heir.execute(values)
  }
}
