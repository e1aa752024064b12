import { and, asc, eq } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { NotFound, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import { adjustments } from './tables.ts'

const columns = {
  id: adjustments.id, accountId: adjustments.accountId, lenderId: adjustments.lenderId, placementId: adjustments.placementId, kind: adjustments.kind, reason: adjustments.reason,
  authorizedBy: adjustments.authorizedBy, reference: adjustments.reference, note: adjustments.note, chargeId: adjustments.chargeId, asked: adjustments.asked, effectiveOn: adjustments.effectiveOn,
  currency: adjustments.currency, principal: adjustments.principal, interest: adjustments.interest, penalty: adjustments.penalty, costs: adjustments.costs, journalEntryId: adjustments.entryId, createdAt: adjustments.createdAt,
  reversedOn: adjustments.reversedOn, reversedAt: adjustments.reversedAt, reversalEntryId: adjustments.reversalEntryId,
}

/** An adjustment, or null. */
export const findAdjustment = rowById(adjustments, db => db.select(columns).from(adjustments))

/** An adjustment as it is stored: its note sealed. */
export type AdjustmentRow = NonNullable<Awaited<ReturnType<typeof findAdjustment>>>

/** An adjustment, kept from changing until the transaction ends. The account's lock is held. Throws `NotFound`. */
export async function lockAdjustment (tx: Tx, id: Id<'adjustment'>): Promise<AdjustmentRow> {
  const [row] = await tx.select(columns).from(adjustments).where(and(eq(adjustments.tenantId, tx.ctx.tenantId), eq(adjustments.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** The adjustment of a lender with a reference, or null. */
export async function findAdjustmentByReference (tx: Tx, lenderId: Id<'lender'>, reference: string): Promise<AdjustmentRow | null> {
  const [row] = await tx.select(columns).from(adjustments).where(and(eq(adjustments.tenantId, tx.ctx.tenantId), eq(adjustments.lenderId, lenderId), eq(adjustments.reference, reference)))
  return row ?? null
}

/** Stores an adjustment that was posted. */
export async function insertAdjustment (tx: Tx, { journalEntryId, ...adjustment }: Omit<AdjustmentRow, 'createdAt' | 'reversedOn' | 'reversedAt' | 'reversalEntryId'>): Promise<AdjustmentRow> {
  const [row] = await tx.insert(adjustments).values({ tenantId: tx.ctx.tenantId, ...adjustment, entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() }).returning(columns)
  return row!
}

/** Notes that an adjustment was undone. */
export async function setAdjustmentReversed (tx: Tx, id: Id<'adjustment'>, reversedOn: CalendarDay, reversalEntryId: Id<'journalEntry'>): Promise<AdjustmentRow> {
  const [row] = await tx.update(adjustments).set({ reversedOn, reversedAt: tx.ctx.now.toISOString(), reversalEntryId }).where(and(eq(adjustments.tenantId, tx.ctx.tenantId), eq(adjustments.id, id))).returning(columns)
  return row!
}

/** The adjustments of an account by id: in the order they were recorded. */
export async function listAdjustments (tx: Tx, accountId: Id<'account'>, page: { limit: number, after: string | null }): Promise<PageOf<AdjustmentRow>> {
  const rows = await tx.select(columns).from(adjustments)
    .where(and(eq(adjustments.tenantId, tx.ctx.tenantId), eq(adjustments.accountId, accountId), pageAfter(adjustments.id, page))).orderBy(asc(adjustments.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
