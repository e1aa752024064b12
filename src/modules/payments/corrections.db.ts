import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { bigints, pageAfter, rowById, uuids } from '#platform'
import type { Tx } from '#platform'
import type { Source } from './clearing.core.ts'
import type { Reallocated, Receiver, ReversalReason } from './core.ts'
import { corrections, paymentReversals, payments } from './tables.ts'

const columns = {
  id: corrections.id, accountId: corrections.accountId, lenderId: corrections.lenderId, cause: corrections.cause, causeId: corrections.causeId, fromOn: corrections.fromOn,
  currency: corrections.currency, principal: corrections.principal, interest: corrections.interest, penalty: corrections.penalty, costs: corrections.costs,
  changes: corrections.changes, journalEntryId: corrections.entryId, createdAt: corrections.createdAt,
}

/** A correction, or null. */
export const findCorrection = rowById(corrections, db => db.select(columns).from(corrections))

/** A correction as it is stored. */
export type CorrectionRow = NonNullable<Awaited<ReturnType<typeof findCorrection>>>

export async function insertCorrection (tx: Tx, { journalEntryId, ...correction }: Omit<CorrectionRow, 'createdAt'>): Promise<void> {
  await tx.insert(corrections).values({ tenantId: tx.ctx.tenantId, ...correction, entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() })
}

/** The corrections of an account by id: in the order they were made. */
export async function listCorrections (tx: Tx, accountId: Id<'account'>, page: { limit: number, after: string | null }): Promise<PageOf<CorrectionRow>> {
  const rows = await tx.select(columns).from(corrections)
    .where(and(eq(corrections.tenantId, tx.ctx.tenantId), eq(corrections.accountId, accountId), pageAfter(corrections.id, page))).orderBy(asc(corrections.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** True when something of an account was computed anew: then an entry need not say what it came to. */
export async function isCorrected (tx: Tx, accountId: Id<'account'>): Promise<boolean> {
  const rows = await tx.select({ id: corrections.id }).from(corrections).where(and(eq(corrections.tenantId, tx.ctx.tenantId), eq(corrections.accountId, accountId))).limit(1)
  return rows.length > 0
}

/** A payment of an account as a debt's life needs it, with the day it was undone and when that was written down. */
export interface PaidFact extends PaidRow { reversedOn: CalendarDay | null, reversedAt: string | null, reversalId: Id<'paymentReversal'> | null, reason: ReversalReason | null }

interface PaidRow {
  paymentId: Id<'payment'>, placementId: Id<'placement'>, amount: number, receivedOn: CalendarDay, receivedBy: Receiver, till: Source | null, createdAt: string,
  principal: number, interest: number, penalty: number, costs: number, overpaid: number, refunded: number
}

/** The payments of an account in the order they were recorded: of all its placements. The account's lock is held. */
export async function listPaid (tx: Tx, accountId: Id<'account'>): Promise<PaidFact[]> {
  return await tx.select({
    paymentId: payments.id, placementId: payments.placementId, amount: payments.amount, receivedOn: payments.receivedOn, receivedBy: payments.receivedBy, till: payments.till, createdAt: payments.createdAt,
    principal: payments.principal, interest: payments.interest, penalty: payments.penalty, costs: payments.costs, overpaid: payments.overpaid, refunded: payments.refunded,
    reversedOn: paymentReversals.reversedOn, reversedAt: paymentReversals.createdAt, reversalId: paymentReversals.id, reason: paymentReversals.reason,
  }).from(payments).leftJoin(paymentReversals, and(eq(paymentReversals.tenantId, payments.tenantId), eq(paymentReversals.paymentId, payments.id)))
    .where(and(eq(payments.tenantId, tx.ctx.tenantId), eq(payments.accountId, accountId))).orderBy(asc(payments.id))
}

/** Gives payments the parts they settle now. */
export async function reallocate (tx: Tx, changed: readonly Reallocated[]): Promise<void> {
  const parts = (name: 'principal' | 'interest' | 'penalty' | 'costs') => bigints(changed.map(({ after }) => after.allocated[name]))
  await tx.execute(sql`update payments p set principal = c.principal, interest = c.interest, penalty = c.penalty, costs = c.costs, overpaid = c.overpaid
    from unnest(${uuids(changed.map(c => c.paymentId))}, ${parts('principal')}, ${parts('interest')}, ${parts('penalty')}, ${parts('costs')}, ${bigints(changed.map(c => c.after.overpaid))})
      as c (id, principal, interest, penalty, costs, overpaid)
    where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.id = c.id`)
}

/** The last day for which anything was charged to an account, or happened to it; null when nothing did. */
export async function findReachedOn (tx: Tx, accountId: Id<'account'>): Promise<CalendarDay | null> {
  const of = sql`tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and account_id = ${uuidOf(accountId)}::uuid`
  const { rows: [row] } = await tx.execute(sql`select greatest((select charged_through_on from charge_schedules where ${of}),
    (select max(effective_on) from journal_entries where ${of} and kind in ('payment', 'paymentReversal', 'waiver', 'cost', 'adjustment', 'writeOff', 'discount', 'balanceAdjustment', 'adjustmentReversal'))) as on`)
  return typeof row?.['on'] === 'string' ? row['on'] : null
}
