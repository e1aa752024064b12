import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'

/**
 * A number written into the statement rather than bound: a planner that does not know a limit expects a tenth of the table. Only for numbers
 * that come from the program, of which there are few: each makes a statement of its own. Throws on anything but a whole number.
 */
export function literal (n: number): SQL {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError('a literal is a whole number from 0')
  // eslint-disable-next-line no-restricted-syntax -- a checked integer
  return sql.raw(String(n))
}

/**
 * A condition on a column of numbers that is always true, and that a planner takes for so rare that it expects one row. What is joined to a batch
 * (`from unnest(...)`) is then looked up by its key, whatever is believed of its table: until a young table has been analyzed the planner believes
 * that an agency has a handful of rows, and goes through all of them for each row of the batch.
 */
export const expectOne = (column: SQL): SQL => sql`${column} * 0 = 0 and ${column} * 0 + 1 = 1`
