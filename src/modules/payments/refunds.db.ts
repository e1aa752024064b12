import { and, asc, eq, max, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { pageAfter } from '#platform'
import type { Tx } from '#platform'
import { payments, refunds } from './tables.ts'

const columns = {
  id: refunds.id, paymentId: refunds.paymentId, accountId: refunds.accountId, lenderId: refunds.lenderId, amount: refunds.amount, currency: refunds.currency, refundedOn: refunds.refundedOn,
  reference: refunds.reference, journalEntryId: refunds.entryId, createdAt: refunds.createdAt,
}

/** The refund of a lender's debtor with a reference, or null. */
export async function findRefundByReference (tx: Tx, lenderId: Id<'lender'>, reference: string) {
  const [row] = await tx.select(columns).from(refunds).where(and(eq(refunds.tenantId, tx.ctx.tenantId), eq(refunds.lenderId, lenderId), eq(refunds.reference, reference)))
  return row ?? null
}

/** A refund as it is stored. */
export type RefundRow = NonNullable<Awaited<ReturnType<typeof findRefundByReference>>>

/** Stores a refund, and notes it with its payment, whose lock is held; null when another of the lender's has its reference by now. */
export async function insertRefund (tx: Tx, { journalEntryId, ...refund }: Omit<RefundRow, 'createdAt'>): Promise<RefundRow | null> {
  const { tenantId } = tx.ctx
  const [row] = await tx.insert(refunds).values({ tenantId, ...refund, entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() }).onConflictDoNothing().returning(columns)
  if (row === undefined) return null
  await tx.update(payments).set({ refunded: sql`${payments.refunded} + ${refund.amount}` }).where(and(eq(payments.tenantId, tenantId), eq(payments.id, refund.paymentId)))
  return row
}

/** What was refunded of a payment, in the order it was recorded. */
export async function listRefunds (tx: Tx, paymentId: Id<'payment'>, page: { limit: number, after: string | null }): Promise<PageOf<RefundRow>> {
  const rows = await tx.select(columns).from(refunds)
    .where(and(eq(refunds.tenantId, tx.ctx.tenantId), eq(refunds.paymentId, paymentId), pageAfter(refunds.id, page))).orderBy(asc(refunds.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** The last day on which something was refunded of a payment; null when nothing was. */
export async function findRefundedOn (tx: Tx, paymentId: Id<'payment'>): Promise<CalendarDay | null> {
  const [row] = await tx.select({ on: max(refunds.refundedOn) }).from(refunds).where(and(eq(refunds.tenantId, tx.ctx.tenantId), eq(refunds.paymentId, paymentId)))
  return row?.on ?? null
}
