import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { CalendarDay, Id, Minor, PageOf } from '#kernel'
import { NotFound, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import { payments, receipts } from './tables.ts'

const columns = {
  id: receipts.id, amount: receipts.amount, currency: receipts.currency, receivedOn: receipts.receivedOn, method: receipts.method, reference: receipts.reference, payer: receipts.payer,
  till: receipts.till, clearedOn: receipts.clearedOn, applied: receipts.applied, returned: receipts.returned, createdAt: receipts.createdAt,
}

/** A receipt, or null. */
export const findReceipt = rowById(receipts, db => db.select(columns).from(receipts))

/** A receipt as it is stored: its payer sealed. */
export type ReceiptRow = NonNullable<Awaited<ReturnType<typeof findReceipt>>>

/** A receipt, kept from changing until the transaction ends. It is locked before any account. Throws `NotFound`. */
export async function lockReceipt (tx: Tx, id: Id<'receipt'>): Promise<ReceiptRow> {
  const [row] = await tx.select(columns).from(receipts).where(and(eq(receipts.tenantId, tx.ctx.tenantId), eq(receipts.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** The receipt with a reference, or null. */
export async function findReceiptByReference (tx: Tx, reference: string): Promise<ReceiptRow | null> {
  const [row] = await tx.select(columns).from(receipts).where(and(eq(receipts.tenantId, tx.ctx.tenantId), eq(receipts.reference, reference)))
  return row ?? null
}

/** Stores a receipt of which nothing is applied or returned yet; null when there is one with its reference, stored by now. */
export async function insertReceipt (tx: Tx, receipt: Omit<ReceiptRow, 'createdAt' | 'applied' | 'returned' | 'clearedOn'>): Promise<ReceiptRow | null> {
  const [row] = await tx.insert(receipts).values({ tenantId: tx.ctx.tenantId, ...receipt, applied: 0, returned: 0, createdAt: tx.ctx.now.toISOString() })
    .onConflictDoNothing({ target: [receipts.tenantId, receipts.reference] }).returning(columns)
  return row ?? null
}

/** Notes what was applied, returned or put back of a receipt, and when it cleared. Its lock is held. */
export async function setReceipt (tx: Tx, id: Id<'receipt'>, change: { applied?: Minor, returned?: Minor, clearedOn?: CalendarDay }): Promise<ReceiptRow> {
  const [row] = await tx.update(receipts).set(change).where(and(eq(receipts.tenantId, tx.ctx.tenantId), eq(receipts.id, id))).returning(columns)
  return row!
}

/** Receipts by id: in the order they were recorded; with `isOpen` those of which something is left, or nothing. */
export async function listReceipts (tx: Tx, { isOpen }: { isOpen?: boolean }, page: { limit: number, after: string | null }): Promise<PageOf<ReceiptRow>> {
  const rows = await tx.select(columns).from(receipts).where(and(
    eq(receipts.tenantId, tx.ctx.tenantId), pageAfter(receipts.id, page),
    isOpen === undefined ? undefined : isOpen ? sql`amount > applied + returned` : sql`amount = applied + returned`,
  )).orderBy(asc(receipts.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** The payments made of a receipt that are on their way, by account. Its lock is held. */
export async function listPendingOf (tx: Tx, receiptId: Id<'receipt'>) {
  return await tx.select({ paymentId: payments.id, accountId: payments.accountId, lenderId: payments.lenderId, amount: payments.amount, currency: payments.currency }).from(payments)
    .where(and(eq(payments.tenantId, tx.ctx.tenantId), eq(payments.receiptId, receiptId), eq(payments.till, 'T.CLEARING'), eq(payments.state, 'posted'), isNull(payments.clearedOn))).orderBy(asc(payments.accountId))
}
