import { Column, SQL, and, eq, fillPlaceholders, getTableName, is, sql } from 'drizzle-orm'
import type { Param, SQLWrapper } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { databaseOn } from './tx.ts'
import type { QueryPort, Tx } from './tx.ts'

type Builder = Pick<Tx, 'select' | 'selectDistinct' | 'selectDistinctOn' | 'with'>
type Row<R> = R extends readonly (infer T)[] ? T : never
interface Preparable<R> extends SQLWrapper { prepare (name: string): { execute (values?: Record<string, unknown>): Promise<R> } }

/** What Drizzle keeps of a prepared select: its text, its parameters in order, and the fields its rows become. */
interface Prepared { queryConfig: { text: string }, params: unknown[], fields: { path: string[], field: unknown }[] }

/** Turns one value of a row into what the column promises; null for a column whose values are good as they come. */
type Decode = ((value: unknown) => unknown) | null

/** What Drizzle keeps inside an expression. */
interface SQLDecoded { decoder: { mapFromDriverValue (value: unknown): unknown } }

interface Compiled { text: string, params: unknown[], names: string[], decoders: Decode[] }

const noPort: QueryPort = { query: async () => await Promise.reject(new Error('a prepared query runs on a transaction')) }

/** A value that each run of a prepared query brings, by name, written as its column is. Drizzle's own placeholders forget the column. */
export const given = (column: PgColumn, name: string): Param => sql.param(sql.placeholder(name), column) as Param

/**
 * Compiles a hot select once for the process: building one with Drizzle, or going through its layers, costs more than running it.
 * Values (`given`) are filled in at each run. The query must still filter on the agency.
 */
export const prepared = <R extends readonly unknown[]>(name: string, build: (db: Builder) => Preparable<R>): (tx: Tx, values: Record<string, unknown>) => Promise<Row<R>[]> =>
  runner(name, build, async (port, text, values) => (await port.query({ text, rowMode: 'array' }, values)).rows as unknown[][])

/**
 * Compiles the read of one row by its agency and id, or null: the commonest question there is. `build` selects from `table`, without a condition.
 * Outside a transaction such reads travel together (see gather.ts).
 */
export function rowById<T extends PgTable & { tenantId: PgColumn, id: PgColumn }, R extends readonly unknown[]> (
  table: T, build: (db: Builder) => { where (condition: SQL | undefined): Preparable<R> },
): (tx: Tx, id: T['id']['_']['data']) => Promise<Row<R> | null> {
  const read = runner(`${getTableName(table)}_by_id`, db => build(db).where(and(eq(table.tenantId, given(table.tenantId, 'tenantId')), eq(table.id, given(table.id, 'id')))),
    async (port, text, values) => port.readByKey === undefined ? (await port.query({ text, rowMode: 'array' }, values)).rows as unknown[][] : await port.readByKey(text, values))
  return async (tx, id) => {
    const [row] = await read(tx, { tenantId: tx.ctx.tenantId, id })
    return row ?? null
  }
}

function runner<R extends readonly unknown[]> (
  name: string, build: (db: Builder) => Preparable<R>, ask: (port: QueryPort, text: string, values: unknown[]) => Promise<unknown[][]>,
): (tx: Tx, values: Record<string, unknown>) => Promise<Row<R>[]> {
  let compiled: Compiled | undefined
  return async (tx, values) => {
    compiled ??= compile(build(databaseOn(noPort)).prepare(name) as unknown as Prepared)
    const { text, params, names, decoders } = compiled
    // The port of this transaction, where Drizzle's session keeps it.
    const port = (tx as unknown as { session: { client: QueryPort } }).session.client
    const rows = await ask(port, text, fillPlaceholders(params, values))
    return rows.map(row => decode(row, names, decoders)) as Row<R>[]
  }
}

function decode (row: readonly unknown[], names: readonly string[], decoders: readonly Decode[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (let i = 0; i < names.length; i++) {
    const value = row[i]
    const decoder = decoders[i]!
    object[names[i]!] = value === null || decoder === null ? value : decoder(value)
  }
  return object
}

function compile ({ queryConfig, params, fields }: Prepared): Compiled {
  const decoders = fields.map(({ path, field }): Decode => {
    if (path.length !== 1) throw new Error('a prepared query selects each value under its own name')
    const decoder = is(field, Column) ? field : ((is(field, SQL.Aliased) ? field.sql : field) as unknown as SQLDecoded).decoder
    return decoder.mapFromDriverValue === Column.prototype.mapFromDriverValue ? null : value => decoder.mapFromDriverValue(value)
  })
  return { text: queryConfig.text, params, names: fields.map(({ path }) => path[0]!), decoders }
}
