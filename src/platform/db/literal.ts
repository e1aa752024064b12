import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'

/**
 * A whole number written into the statement itself, for a `limit`: with a bind parameter PostgreSQL cannot know how few rows are wanted,
 * and may come to plan for all of them. Throws on anything that is not a whole number from 0.
 */
export function literal (n: number): SQL {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`not a whole number: ${n}`)
  // eslint-disable-next-line no-restricted-syntax -- the one place: digits and nothing else
  return sql.raw(String(n))
}
