import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import { days, texts, uuids } from '#platform'
import type { Tx } from '#platform'
import { accounts } from '../accounts/tables.ts'
import type { CloseCode } from './core.ts'
import type { Claim, StoredState } from './life.core.ts'
import { placements } from './tables.ts'

/** A placement whose deadline has come, with what is owed of its debt. */
export interface DuePlacement extends Buckets {
  id: Id<'placement'>, accountId: Id<'account'>, lenderId: Id<'lender'>, placementNumber: number, state: StoredState, claim: Claim | null,
  answerBy: CalendarDay | null, termEndsOn: CalendarDay, toldEndsOn: CalendarDay | null, timeZone: string, currency: string
}

/** Placements whose deadline has come, at most `limit`, with their accounts under lock; those that others have in hand are left for the next time. */
export const lockDuePlacements = async (tx: Tx, limit: number): Promise<DuePlacement[]> => await tx.select({
  id: placements.id, accountId: placements.accountId, lenderId: placements.lenderId, placementNumber: placements.placementNumber, state: placements.state, claim: placements.claim,
  answerBy: placements.answerBy, termEndsOn: placements.termEndsOn, toldEndsOn: placements.toldEndsOn, timeZone: accounts.timeZone, currency: accounts.currency,
  principal: accounts.principal, interest: accounts.interest, penalty: accounts.penalty, costs: accounts.costs,
}).from(placements).innerJoin(accounts, and(eq(accounts.tenantId, placements.tenantId), eq(accounts.id, placements.accountId)))
  .where(and(eq(placements.tenantId, tx.ctx.tenantId), lte(placements.dueAt, tx.ctx.now.toISOString())))
  .orderBy(asc(placements.dueAt), asc(placements.id)).limit(limit).for('no key update', { of: [accounts, placements], skipLocked: true })

/** What time brought to a placement. An end closes its account. */
export interface Outcome { id: Id<'placement'>, accountId: Id<'account'>, state: StoredState, toldEndsOn: CalendarDay | null, closeCode: CloseCode | null, hasEnded: boolean, dueAt: string | null }

/** Keeps what time brought to placements whose locks are held, one statement for all, and closes the accounts of those that ended. */
export async function setOutcomes (tx: Tx, outcomes: readonly Outcome[]): Promise<void> {
  if (outcomes.length === 0) return
  const tenantId = uuidOf(tx.ctx.tenantId)
  const now = tx.ctx.now.toISOString()
  const ended = outcomes.filter(({ hasEnded }) => hasEnded)
  await tx.execute(sql`update placements p set state = n.state, claim = null, told_ends_on = n.told_ends_on, close_code = n.close_code, due_at = n.due_at::timestamptz,
      ended_at = case when n.due_at is null then ${now}::timestamptz end
    from unnest(${uuids(outcomes.map(({ id }) => id))}, ${texts(outcomes.map(({ state }) => state))}, ${days(outcomes.map(({ toldEndsOn }) => toldEndsOn))}, ${texts(outcomes.map(({ closeCode }) => closeCode))}, ${texts(outcomes.map(({ dueAt }) => dueAt))})
      as n (id, state, told_ends_on, close_code, due_at)
    where p.tenant_id = ${tenantId}::uuid and p.id = n.id`)
  if (ended.length > 0) await tx.execute(sql`update accounts set closed_at = ${now}::timestamptz where tenant_id = ${tenantId}::uuid and id = any(${uuids(ended.map(({ accountId }) => accountId))})`)
}
