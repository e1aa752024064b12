import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { literal } from '#platform'
import type { Tx } from '#platform'
import { recomputations } from './tables.ts'

/** Has the debts that follow a rate computed anew from a day: for one event once. */
export async function insertRecomputation (tx: Tx, eventId: Id<'event'>, rateName: string, fromOn: CalendarDay): Promise<void> {
  const now = tx.ctx.now.toISOString()
  await tx.insert(recomputations).values({ tenantId: tx.ctx.tenantId, eventId, rateName, fromOn, reached: null, correctedCount: 0, dueAt: now, createdAt: now }).onConflictDoNothing()
}

/** The oldest recomputation under way, kept from changing until the transaction ends; null when there is none or another worker is at it. */
export async function lockDueRecomputation (tx: Tx) {
  const [row] = await tx.select({ eventId: recomputations.eventId, rateName: recomputations.rateName, fromOn: recomputations.fromOn, reached: recomputations.reached }).from(recomputations)
    .where(and(eq(recomputations.tenantId, tx.ctx.tenantId), lte(recomputations.dueAt, tx.ctx.now.toISOString()))).orderBy(asc(recomputations.dueAt), asc(recomputations.eventId)).limit(1).for('no key update', { skipLocked: true })
  return row ?? null
}

/** Debts at work whose interest follows a rate and which were charged for a day or a later one, in the order of their ids, after one. */
export async function findFollowers (tx: Tx, rateName: string, fromOn: CalendarDay, after: string | null, limit: number): Promise<Id<'account'>[]> {
  const { rows } = await tx.execute(sql`select s.account_id from charge_schedules s
    join agreements g on g.tenant_id = s.tenant_id and g.id = s.agreement_id
    join placements p on p.tenant_id = s.tenant_id and p.id = s.placement_id
    where s.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and g.terms #>> '{interest,index}' = ${rateName} and s.charged_through_on >= ${fromOn}::date and p.state = 'active'
      ${after === null ? sql`` : sql`and s.account_id > ${after}::uuid`}
    order by s.account_id limit ${literal(limit)}`)
  return rows.map(row => idOf('account', String(row['account_id'])))
}

/** Notes how far a recomputation has come. */
export async function setRecomputation (tx: Tx, eventId: Id<'event'>, { reached, corrected, isOver }: { reached: Id<'account'> | null, corrected: number, isOver: boolean }): Promise<void> {
  await tx.update(recomputations).set({
    ...reached !== null && { reached: uuidOf(reached) }, correctedCount: sql`${recomputations.correctedCount} + ${corrected}`, ...isOver && { dueAt: null },
  }).where(and(eq(recomputations.tenantId, tx.ctx.tenantId), eq(recomputations.eventId, eventId)))
}
