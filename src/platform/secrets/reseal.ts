import { and, asc, eq, getTableName, gt, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { uuidOf } from '#kernel'
import type { Tx } from '../db/tx.ts'
import { keyVersionOf } from './envelope.ts'
import type { Safe } from './vault.ts'

/** A table with sealed columns; each row's values are sealed for its `id`. */
export type TableWithSeals = PgTable & { tenantId: PgColumn, id: PgColumn }

/** The sealed columns of a table: `place` is the column's name in the place its values are sealed for. */
export interface SealedTable { readonly name: string, readonly table: TableWithSeals, readonly columns: readonly { column: PgColumn, place: string }[] }

const declared = new Map<string, SealedTable>()

/**
 * Declares, beside a table, which of its columns are sealed, so that rotating the agency's key reaches them. Columns go by the names in
 * their places; one whose values were sealed for another column's place names that: `['previousSecret', 'secret']`.
 */
export function sealedIn<T extends TableWithSeals> (table: T, ...columns: (keyof T & string | readonly [column: keyof T & string, place: string])[]): void {
  const name = getTableName(table)
  declared.set(name, {
    name, table,
    columns: columns.map(given => {
      const [key, place]: readonly [keyof T & string, string] = typeof given === 'string' ? [given, given] : given
      return { column: table[key] as PgColumn, place }
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
  for (const [i, { column, place }] of columns.entries()) {
    const old = rows.map(row => ({ id: String(row['id']), value: row[`c${i}`] }))
      .filter((row): row is { id: string, value: Buffer } => Buffer.isBuffer(row.value) && keyVersionOf(row.value) < safe.version)
    if (old.length === 0) continue
    const renewed = old.map(({ id, value }) => safe.reseal({ table: name, column: place, id }, value))
    const sqlName = sql.identifier(columnName(column))
    await tx.execute(sql`update ${table} t set ${sqlName} = n.renewed
      from unnest(${sql.param(old.map(({ id }) => uuidOf(id)))}::uuid[], ${sql.param(old.map(({ value }) => value))}::bytea[], ${sql.param(renewed)}::bytea[]) as n (id, old, renewed)
      where t.tenant_id = ${uuidOf(tenantId)}::uuid and t.id = n.id and t.${sqlName} = n.old`)
  }
  return rows.length < windowRows ? null : uuidOf(String(rows[rows.length - 1]!['id']))
}

/** The name a column has in the database: tables name theirs in camelCase. */
const columnName = (column: PgColumn): string => column.keyAsName ? column.name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`) : column.name
