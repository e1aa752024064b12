import { and, asc, desc, eq, gte, lte, notExists, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { cutPage } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { newId, ownRows, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import type { PlanTerms } from './plan.core.ts'
import { commissionEntries, commissionPlans } from './tables.ts'

const columns = {
  id: commissionPlans.id, lenderId: commissionPlans.lenderId, currency: commissionPlans.currency, version: commissionPlans.version, validFrom: commissionPlans.validFrom,
  terms: commissionPlans.terms, createdAt: commissionPlans.createdAt,
}

/** A plan, or null. */
export const findPlan = rowById(commissionPlans, db => db.select(columns).from(commissionPlans))

/** A plan as it is stored. */
export type CommissionPlan = NonNullable<Awaited<ReturnType<typeof findPlan>>>

/** Adds the next version. The lender's lock is held. */
export async function insertPlan (tx: Tx, { lenderId, currency, validFrom, terms }: { lenderId: Id<'lender'>, currency: string, validFrom: CalendarDay, terms: PlanTerms }): Promise<CommissionPlan> {
  const { tenantId } = tx.ctx
  const version = sql`(select coalesce(max(p.version), 0) + 1 from commission_plans p where p.tenant_id = ${sql.param(tenantId, commissionPlans.tenantId)} and p.lender_id = ${sql.param(lenderId, commissionPlans.lenderId)} and p.currency = ${currency})`
  const [row] = await tx.insert(commissionPlans).values({ tenantId, id: newId('commissionPlan'), lenderId, currency, version, validFrom, terms, createdAt: tx.ctx.now.toISOString() }).returning(columns)
  return row!
}

/** The newest plan for debts of a lender in a currency that are placed on a day, or null. */
export async function findPlanInForce (tx: Tx, lenderId: Id<'lender'>, currency: string, on: CalendarDay): Promise<CommissionPlan | null> {
  const [row] = await tx.select(columns).from(commissionPlans)
    .where(and(eq(commissionPlans.tenantId, tx.ctx.tenantId), eq(commissionPlans.lenderId, lenderId), eq(commissionPlans.currency, currency), lte(commissionPlans.validFrom, on)))
    .orderBy(desc(commissionPlans.version)).limit(1)
  return row ?? null
}

/** All versions of a lender's plan for a currency, in their order. */
export async function listPlansOf (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<CommissionPlan[]> {
  return await tx.select(columns).from(commissionPlans)
    .where(and(eq(commissionPlans.tenantId, tx.ctx.tenantId), eq(commissionPlans.lenderId, lenderId), eq(commissionPlans.currency, currency))).orderBy(asc(commissionPlans.version))
}

/** Plans by id. */
export async function listPlans (tx: Tx, { lenderId }: { lenderId?: Id<'lender'> }, page: { limit: number, after: string | null }): Promise<PageOf<CommissionPlan>> {
  const rows = await tx.select(columns).from(commissionPlans).where(and(
    eq(commissionPlans.tenantId, tx.ctx.tenantId), ownRows(tx, commissionPlans.lenderId), pageAfter(commissionPlans.id, page), lenderId === undefined ? undefined : eq(commissionPlans.lenderId, lenderId),
  )).orderBy(asc(commissionPlans.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** The most payments one simulation goes through. */
export const simulatedMax = 50_000

/** Accruals of a lender that hold, of payments received in a period, debt by debt in the order they were received; one more than the most when there are more. */
export async function listEarned (tx: Tx, { lenderId, currency, from, to }: { lenderId: Id<'lender'>, currency: string, from: CalendarDay, to: CalendarDay }) {
  const undone = alias(commissionEntries, 'undone')
  return await tx.select({
    accountId: commissionEntries.accountId, paymentId: commissionEntries.paymentId, receivedOn: commissionEntries.effectiveOn, situation: commissionEntries.situation, principal: commissionEntries.principal, interest: commissionEntries.interest,
    penalty: commissionEntries.penalty, costs: commissionEntries.costs, costsRecovered: commissionEntries.costsRecovered, commission: commissionEntries.commission, vat: commissionEntries.vat,
  }).from(commissionEntries).where(and(
    eq(commissionEntries.tenantId, tx.ctx.tenantId), eq(commissionEntries.lenderId, lenderId), eq(commissionEntries.currency, currency), eq(commissionEntries.kind, 'accrual'),
    gte(commissionEntries.effectiveOn, from), lte(commissionEntries.effectiveOn, to),
    notExists(tx.select({ id: undone.id }).from(undone).where(and(
      eq(undone.tenantId, commissionEntries.tenantId), eq(undone.paymentId, commissionEntries.paymentId), eq(undone.kind, 'clawback'), eq(undone.number, commissionEntries.number)))),
  )).orderBy(asc(commissionEntries.accountId), asc(commissionEntries.effectiveOn), asc(commissionEntries.paymentId)).limit(simulatedMax + 1)
}
