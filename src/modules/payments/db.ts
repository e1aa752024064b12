import { and, asc, eq } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, ownRows, pageAfter } from '#platform'
import type { Tx } from '#platform'
import { allocationOrders, paymentReversals, payments } from './tables.ts'

const columns = {
  id: payments.id, accountId: payments.accountId, lenderId: payments.lenderId, placementId: payments.placementId, amount: payments.amount, currency: payments.currency,
  receivedOn: payments.receivedOn, receivedBy: payments.receivedBy, method: payments.method, reference: payments.reference, receiptId: payments.receiptId,
  principal: payments.principal, interest: payments.interest, penalty: payments.penalty, costs: payments.costs, overpaid: payments.overpaid, refunded: payments.refunded,
  till: payments.till, clearsOn: payments.clearsOn, clearedOn: payments.clearedOn, clearingEntryId: payments.clearingEntryId, state: payments.state, journalEntryId: payments.entryId, createdAt: payments.createdAt,
}

const reversalColumns = {
  id: paymentReversals.id, reason: paymentReversals.reason, reversedOn: paymentReversals.reversedOn, journalEntryId: paymentReversals.entryId, createdAt: paymentReversals.createdAt,
}

const orderColumns = { order: allocationOrders.parts, source: allocationOrders.source, clause: allocationOrders.clause, policyDecisionId: allocationOrders.policyDecisionId }

const withReversal = (tx: Tx) => tx.select({ ...columns, reversal: reversalColumns, allocation: orderColumns }).from(payments)
  .innerJoin(allocationOrders, and(eq(allocationOrders.tenantId, payments.tenantId), eq(allocationOrders.placementId, payments.placementId)))
  .leftJoin(paymentReversals, and(eq(paymentReversals.tenantId, payments.tenantId), eq(paymentReversals.paymentId, payments.id)))

/** A payment with the order in which it settles its debt, and its reversal when it was undone, or null. */
export async function findPayment (tx: Tx, id: Id<'payment'>) {
  const [row] = await withReversal(tx).where(and(eq(payments.tenantId, tx.ctx.tenantId), eq(payments.id, id)))
  return row ?? null
}

/** A payment as it is stored. */
export type PaymentRow = NonNullable<Awaited<ReturnType<typeof findPayment>>>

/** A payment, kept from changing until the transaction ends. The account's lock is held. Throws `NotFound`. */
export async function lockPayment (tx: Tx, id: Id<'payment'>): Promise<Omit<PaymentRow, 'reversal' | 'allocation'>> {
  const [row] = await tx.select(columns).from(payments).where(and(eq(payments.tenantId, tx.ctx.tenantId), eq(payments.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** The payment of a lender with a reference, or null. */
export async function findPaymentByReference (tx: Tx, lenderId: Id<'lender'>, reference: string): Promise<PaymentRow | null> {
  const [row] = await withReversal(tx).where(and(eq(payments.tenantId, tx.ctx.tenantId), eq(payments.lenderId, lenderId), eq(payments.reference, reference)))
  return row ?? null
}

/** Stores a payment just applied; `dueAt` is when it clears by itself. */
export async function insertPayment (tx: Tx, { journalEntryId, allocation, ...payment }: Omit<PaymentRow, 'createdAt' | 'reversal' | 'state' | 'clearingEntryId' | 'refunded'> & { dueAt: string | null }): Promise<PaymentRow> {
  const [row] = await tx.insert(payments).values({ tenantId: tx.ctx.tenantId, ...payment, refunded: 0, state: 'posted', entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() }).returning(columns)
  return { ...row!, reversal: null, allocation }
}

/** Records that a payment was undone. */
export async function insertReversal (tx: Tx, { id: paymentId, allocation }: PaymentRow, { journalEntryId, ...reversal }: Omit<NonNullable<PaymentRow['reversal']>, 'id' | 'createdAt'> & { lenderId: Id<'lender'> }): Promise<PaymentRow> {
  const { tenantId } = tx.ctx
  const [row] = await tx.insert(paymentReversals)
    .values({ tenantId, paymentId, id: newId('paymentReversal'), ...reversal, entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() }).returning(reversalColumns)
  const [payment] = await tx.update(payments).set({ state: 'reversed', dueAt: null }).where(and(eq(payments.tenantId, tenantId), eq(payments.id, paymentId))).returning(columns)
  return { ...payment!, reversal: row!, allocation }
}

/** Which payments a list is to hold. */
export interface PaymentFilter { accountId?: Id<'account'>, lenderId?: Id<'lender'>, reference?: string }

/** Payments by id: in the order they were recorded. */
export async function listPayments (tx: Tx, { accountId, lenderId, reference }: PaymentFilter, page: { limit: number, after: string | null }): Promise<PageOf<PaymentRow>> {
  const rows = await withReversal(tx).where(and(
    eq(payments.tenantId, tx.ctx.tenantId), pageAfter(payments.id, page),
    accountId === undefined ? ownRows(tx, payments.lenderId) : eq(payments.accountId, accountId),
    lenderId === undefined ? undefined : eq(payments.lenderId, lenderId),
    reference === undefined ? undefined : eq(payments.reference, reference),
  )).orderBy(asc(payments.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
