import { and, asc, desc, eq, notExists, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { cutPage, uuidOf, zero } from '#kernel'
import type { Id, Minor, PageOf } from '#kernel'
import { ownRows, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import { commissionEntries } from './tables.ts'

const columns = {
  id: commissionEntries.id, lenderId: commissionEntries.lenderId, accountId: commissionEntries.accountId, paymentId: commissionEntries.paymentId, placementId: commissionEntries.placementId, agreementId: commissionEntries.agreementId,
  kind: commissionEntries.kind, number: commissionEntries.number, correctionId: commissionEntries.correctionId, effectiveOn: commissionEntries.effectiveOn, currency: commissionEntries.currency,
  principal: commissionEntries.principal, interest: commissionEntries.interest, penalty: commissionEntries.penalty, costs: commissionEntries.costs,
  planId: commissionEntries.planId, row: commissionEntries.row, situation: commissionEntries.situation, pastRecovered: commissionEntries.pastRecovered, pastCollected: commissionEntries.pastCollected,
  pastExact: commissionEntries.pastExact, pastCommission: commissionEntries.pastCommission, exact: commissionEntries.exact,
  base: commissionEntries.base, rate: commissionEntries.rate, commission: commissionEntries.commission, vatRate: commissionEntries.vatRate, vat: commissionEntries.vat,
  costsRecovered: commissionEntries.costsRecovered, recoveryEntryId: commissionEntries.recoveryEntryId, recoverFrom: commissionEntries.recoverFrom, withheld: commissionEntries.withheld, journalEntryId: commissionEntries.entryId, createdAt: commissionEntries.createdAt,
}

/** Commission earned or given back, as it is stored. */
export type CommissionEntry = NonNullable<Awaited<ReturnType<typeof findCommissionEntry>>>

export async function insertCommissionEntry (tx: Tx, { journalEntryId, ...entry }: Omit<CommissionEntry, 'createdAt'>): Promise<CommissionEntry> {
  const [row] = await tx.insert(commissionEntries)
    .values({ tenantId: tx.ctx.tenantId, ...entry, entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() }).returning(columns)
  return row!
}

/** An entry, or null. */
export const findCommissionEntry = rowById(commissionEntries, db => db.select(columns).from(commissionEntries))

/** The accrual of a payment that holds: the newest. Null when it earned nothing yet. It is given back once. */
export async function findAccrual (tx: Tx, paymentId: Id<'payment'>): Promise<CommissionEntry | null> {
  const [row] = await tx.select(columns).from(commissionEntries)
    .where(and(eq(commissionEntries.tenantId, tx.ctx.tenantId), eq(commissionEntries.paymentId, paymentId), eq(commissionEntries.kind, 'accrual'))).orderBy(desc(commissionEntries.number)).limit(1)
  return row ?? null
}

/** Commission earned on a payment. `isRestored`: costs recovered of it were given back although its commission was not. */
export type Accrual = CommissionEntry & { paymentId: Id<'payment'>, isRestored: boolean }

/** What of costs is recovered by a payment and was not given back. */
export const recoveredBy = ({ costsRecovered, isRestored }: Accrual): Minor => isRestored ? zero : costsRecovered

/** What is read of accruals. */
export const accrualColumns = (tx: Tx) =>
  ({ ...columns, isRestored: sql<boolean>`exists (select from journal_entries r where r.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and r.reversal_of = ${commissionEntries.recoveryEntryId})` })

/** True of accruals that were not given back. */
export function holdsStill (tx: Tx) {
  const undone = alias(commissionEntries, 'undone')
  return and(eq(commissionEntries.kind, 'accrual'), notExists(tx.select({ id: undone.id }).from(undone).where(and(
    eq(undone.tenantId, commissionEntries.tenantId), eq(undone.paymentId, commissionEntries.paymentId), eq(undone.kind, 'clawback'), eq(undone.number, commissionEntries.number)))))
}

/** Entries that a payment earned: every accrual is one. */
export const paid = (rows: readonly (CommissionEntry & { isRestored: boolean })[]): Accrual[] => rows.flatMap(({ paymentId, ...row }) => paymentId === null ? [] : [{ ...row, paymentId }])

/** The accruals of an account that hold, in the order their payments were received. */
export async function listAccruals (tx: Tx, accountId: Id<'account'>): Promise<Accrual[]> {
  const rows = await tx.select(accrualColumns(tx)).from(commissionEntries).where(and(eq(commissionEntries.tenantId, tx.ctx.tenantId), eq(commissionEntries.accountId, accountId), holdsStill(tx)))
    .orderBy(asc(commissionEntries.effectiveOn), asc(commissionEntries.paymentId))
  return paid(rows)
}

/** Which entries a list is to hold. */
export interface CommissionFilter { accountId?: Id<'account'>, lenderId?: Id<'lender'>, paymentId?: Id<'payment'> }

/** Entries by id: in the order they were made. */
export async function listCommissionEntries (tx: Tx, { accountId, lenderId, paymentId }: CommissionFilter, page: { limit: number, after: string | null }): Promise<PageOf<CommissionEntry>> {
  const rows = await tx.select(columns).from(commissionEntries).where(and(
    eq(commissionEntries.tenantId, tx.ctx.tenantId), pageAfter(commissionEntries.id, page),
    accountId === undefined ? ownRows(tx, commissionEntries.lenderId) : eq(commissionEntries.accountId, accountId),
    lenderId === undefined ? undefined : eq(commissionEntries.lenderId, lenderId),
    paymentId === undefined ? undefined : eq(commissionEntries.paymentId, paymentId),
  )).orderBy(asc(commissionEntries.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
