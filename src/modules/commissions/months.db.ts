import { and, asc, between, eq, inArray } from 'drizzle-orm'
import { addDays, addMonths } from '#kernel'
import type { Id } from '#kernel'
import type { Tx } from '#platform'
import { accrualColumns, holdsStill, paid } from './db.ts'
import type { Accrual } from './db.ts'
import { commissionEntries } from './tables.ts'

/** The accruals of a lender's plans that hold, of payments received in a month (`2026-03`), in the order they were received. */
export async function listMonth (tx: Tx, { lenderId, currency, planIds, month }: { lenderId: Id<'lender'>, currency: string, planIds: readonly Id<'commissionPlan'>[], month: string }): Promise<Accrual[]> {
  if (planIds.length === 0) return []
  const first = `${month}-01`
  const rows = await tx.select(accrualColumns(tx)).from(commissionEntries).where(and(
    eq(commissionEntries.tenantId, tx.ctx.tenantId), eq(commissionEntries.lenderId, lenderId), eq(commissionEntries.currency, currency), inArray(commissionEntries.planId, [...planIds]),
    between(commissionEntries.effectiveOn, first, addDays(addMonths(first, 1), -1)), holdsStill(tx),
  )).orderBy(asc(commissionEntries.effectiveOn), asc(commissionEntries.paymentId))
  return paid(rows)
}
