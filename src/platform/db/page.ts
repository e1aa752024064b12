import { eq, gt, lt } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { pageLimitDefault, problem } from '#kernel'
import type { Tx } from './tx.ts'

export const CursorInvalid = problem('cursor-invalid', 400, 'The cursor is not one of ours.', 'Pass `nextCursor` of the page before unchanged, or none for the first page.')

/** How long a page is, and the key of the last row before it. */
export interface Keyset { limit: number, after: string | null }

const plainKey = /^[A-Za-z0-9_.:|+-]{1,150}$/

/** Reads a list's query. Throws `CursorInvalid` (400) on a cursor we did not make. */
export function keyset ({ limit = pageLimitDefault, cursor }: { limit?: number, cursor?: string }): Keyset {
  if (cursor === undefined) return { limit, after: null }
  const after = Buffer.from(cursor, 'base64url').toString('utf8')
  if (!plainKey.test(after) || Buffer.from(after).toString('base64url') !== cursor) throw CursorInvalid()
  return { limit, after }
}

const idText = /^[a-z]{3}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The rows after a cursor that is the last id, for a list ordered by id. */
export function pageAfter (id: PgColumn, { after }: Keyset, order: 'ascending' | 'descending' = 'ascending'): SQL | undefined {
  if (after === null) return undefined
  if (!idText.test(after)) throw CursorInvalid()
  return order === 'ascending' ? gt(id, after) : lt(id, after)
}

const numberText = /^[0-9]{1,15}$/

/** The number after which a page goes on, for a list ordered by one that counts from 1; zero for the first page. */
export function pageAfterNumber ({ after }: Keyset): number {
  if (after === null) return 0
  if (!numberText.test(after)) throw CursorInvalid()
  return Number(after)
}

/**
 * Nothing for the agency; for a lender, that rows are its own. Row security says so too, but only what the query says itself is looked up in an index.
 * Not beside an account: it is of one lender, and the planner would expect the two together to be rare.
 */
export const ownRows = (tx: Tx, lenderId: PgColumn): SQL | undefined => tx.ctx.lenderId === null ? undefined : eq(lenderId, tx.ctx.lenderId)
