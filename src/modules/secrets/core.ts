/**
 * How long after the first pass the last one runs. Every process takes a new key up within a minute; what one sealed with the old key
 * until then is found by the last pass.
 */
export const lastPassAfterMs = 10 * 60_000

/** Where a pass over the sealed tables is: the table and the last id looked at; null: at its beginning. */
export interface Position { tableName: string | null, afterId: string | null }

/** The table a pass is at, of all by name; null: it has been through all. A table that is no more is passed over. */
export const tableAt = <T extends { name: string }>(tables: readonly T[], { tableName }: Position): T | null =>
  tables.find(({ name }) => tableName === null || name >= tableName) ?? null

/** Where the pass goes on after a step in a table: `after` is the last id looked at, null at the table's end. Null: the pass is through. */
export function nextPosition (tables: readonly { name: string }[], at: string, after: string | null): Position | null {
  if (after !== null) return { tableName: at, afterId: after }
  const next = tables.find(({ name }) => name > at)
  return next === undefined ? null : { tableName: next.name, afterId: null }
}
