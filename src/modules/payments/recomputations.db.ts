import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { literal, texts } from '#platform'
import type { Tx } from '#platform'
import { recomputations } from './tables.ts'

/** A fact about many debts that is another now: a reference rate from a day on, or a lender's type; `fromOn` null: from their placement. */
export type WideFact = { rateName: string, debtsOf: null, fromOn: CalendarDay } | { rateName: null, debtsOf: Id<'lender'>, fromOn: CalendarDay | null }

/** Has the debts computed anew that a fact concerns: for one event once. */
export async function insertRecomputation (tx: Tx, eventId: Id<'event'>, fact: WideFact): Promise<void> {
  const now = tx.ctx.now.toISOString()
  await tx.insert(recomputations).values({ tenantId: tx.ctx.tenantId, eventId, ...fact, reached: null, correctedCount: 0, dueAt: now, createdAt: now }).onConflictDoNothing()
}

/** The oldest recomputation under way, kept from changing until the transaction ends; null when there is none or another worker is at it. */
export async function lockDueRecomputation (tx: Tx): Promise<{ eventId: Id<'event'>, fact: WideFact, reached: string | null } | null> {
  const [row] = await tx.select({ eventId: recomputations.eventId, rateName: recomputations.rateName, debtsOf: recomputations.debtsOf, fromOn: recomputations.fromOn, reached: recomputations.reached }).from(recomputations)
    .where(and(eq(recomputations.tenantId, tx.ctx.tenantId), lte(recomputations.dueAt, tx.ctx.now.toISOString()))).orderBy(asc(recomputations.dueAt), asc(recomputations.eventId)).limit(1).for('no key update', { skipLocked: true })
  if (row === undefined) return null
  const { eventId, rateName, debtsOf, fromOn, reached } = row
  return { eventId, reached, fact: debtsOf === null ? { rateName: rateName!, debtsOf, fromOn: fromOn! } : { rateName: null, debtsOf, fromOn } }
}

/** A debt that a wide fact may concern: `follows` when its interest does, whatever the law says. */
export interface Follower { accountId: Id<'account'>, follows: boolean }

/**
 * Debts that a fact may concern, in the order of their ids, after one: those at work whose interest follows a rate, and all that are charged within limits made of it (in
 * `jurisdictions`), which were charged for the day or a later one; or all of a lender's.
 */
export async function findFollowers (tx: Tx, { rateName, debtsOf, fromOn }: WideFact, jurisdictions: readonly string[], after: string | null, limit: number): Promise<Follower[]> {
  const follows = rateName === null ? sql`false` : sql`(p.state = 'active' and coalesce(g.terms #>> '{interest,index}' = ${rateName}, false))`
  const isLimited = sql`s.limits <> '[]'::jsonb`
  const { rows } = await tx.execute(sql`select s.account_id, ${follows} as follows from charge_schedules s
    join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id
    join agreements g on g.tenant_id = s.tenant_id and g.id = s.agreement_id
    join placements p on p.tenant_id = s.tenant_id and p.id = s.placement_id
    where s.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid
      and ${debtsOf === null ? sql`greatest(s.charged_through_on, p.placed_on) >= ${fromOn}::date and (${follows} or (${isLimited} and a.jurisdiction = any(${texts(jurisdictions)})))` : sql`s.lender_id = ${uuidOf(debtsOf)}::uuid and ${isLimited}`}
      ${after === null ? sql`` : sql`and s.account_id > ${after}::uuid`}
    order by s.account_id limit ${literal(limit)}`)
  return rows.map(row => ({ accountId: idOf('account', String(row['account_id'])), follows: row['follows'] === true }))
}

/** Notes how far a recomputation has come. */
export async function setRecomputation (tx: Tx, eventId: Id<'event'>, { reached, corrected, isOver }: { reached: Id<'account'> | null, corrected: number, isOver: boolean }): Promise<void> {
  await tx.update(recomputations).set({
    ...reached !== null && { reached: uuidOf(reached) }, correctedCount: sql`${recomputations.correctedCount} + ${corrected}`, ...isOver && { dueAt: null },
  }).where(and(eq(recomputations.tenantId, tx.ctx.tenantId), eq(recomputations.eventId, eventId)))
}
