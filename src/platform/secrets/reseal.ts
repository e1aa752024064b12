import { and, asc, eq, getTableName, gt, sql } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { uuidOf } from '#kernel'
import type { Tx } from '../db/tx.ts'
import { keyVersionOf } from './envelope.ts'
import type { Safe } from './vault.ts'

/** A table with sealed columns; each row's values are sealed for its `id`. */
export type TableWithSeals = PgTable & { tenantId: PgColumn, id: PgColumn }

/** The sealed columns of a table, with their names in the database: they are the columns of the places their values are sealed for. */
export interface SealedTable { readonly name: string, readonly table: TableWithSeals, readonly columns: readonly { column: PgColumn, name: string }[] }

const declared = new Map<string, SealedTable>()

/** Declares, beside a table, which of its columns are sealed, so that rotating the agency's key reaches them. */
export function sealedIn<T extends TableWithSeals> (table: T, ...keys: (keyof T & string)[]): void {
  const name = getTableName(table)
  declared.set(name, {
    name, table,
    columns: keys.map(key => {
      const column = table[key] as PgColumn
      return { column, name: column.keyAsName ? toSnakeCase(column.name) : column.name }
    }),
  })
}

/** Every table with sealed columns of the modules loaded, by name. */
export const sealedTables = (): SealedTable[] => [...declared.values()].sort((a, b) => a.name < b.name ? -1 : 1)

/** How many rows one step looks at. */
const windowRows = 1_000

/**
 * Brings the sealed values of the rows after `after` (a UUID) under the safe's current key, a bounded number of rows; answers the UUID of
 * the last row looked at, or null at the end of the table. A value that changes meanwhile is left as it was changed.
 */
export async function resealAfter (tx: Tx, safe: Safe, { name, table, columns }: SealedTable, after: string | null): Promise<string | null> {
  const { tenantId } = tx.ctx
  const picked = Object.fromEntries(columns.map(({ column }, i) => [`c${i}`, column]))
  const rows: Record<string, unknown>[] = await tx.select({ id: table.id, ...picked }).from(table)
    .where(and(eq(table.tenantId, tenantId), after === null ? undefined : gt(table.id, after))).orderBy(asc(table.id)).limit(windowRows)
  for (const [i, { name: column }] of columns.entries()) {
    const old = rows.map(row => ({ id: String(row['id']), value: row[`c${i}`] }))
      // Null or empty: destroyed.
      .filter((row): row is { id: string, value: Buffer } => Buffer.isBuffer(row.value) && row.value.length > 0 && keyVersionOf(row.value) < safe.version)
    if (old.length === 0) continue
    const renewed = old.map(({ id, value }) => safe.reseal({ table: name, column, id }, value))
    const sqlName = sql.identifier(column)
    await tx.execute(sql`update ${table} t set ${sqlName} = n.renewed
      from unnest(${sql.param(old.map(({ id }) => uuidOf(id)))}::uuid[], ${sql.param(old.map(({ value }) => value))}::bytea[], ${sql.param(renewed)}::bytea[]) as n (id, old, renewed)
      where t.tenant_id = ${uuidOf(tenantId)}::uuid and t.id = n.id and t.${sqlName} = n.old`)
  }
  return rows.length < windowRows ? null : uuidOf(String(rows[rows.length - 1]!['id']))
}
