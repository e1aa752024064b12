import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage, minor, uuidOf } from '#kernel'
import type { Id, Minor, PageOf } from '#kernel'
import { pageAfter } from '#platform'
import type { Tx } from '#platform'
import type { TrustOwed } from './cures.core.ts'
import { isStated, trustCures } from './tables.ts'

const columns = {
  id: trustCures.id, lenderId: trustCures.lenderId, currency: trustCures.currency, by: trustCures.by, amount: trustCures.amount, curedOn: trustCures.curedOn, reference: trustCures.reference,
  journalEntryId: trustCures.entryId, createdAt: trustCures.createdAt,
}

/** The cure of a lender's trust money with a reference, or null. */
export async function findCureByReference (tx: Tx, lenderId: Id<'lender'>, reference: string) {
  const [row] = await tx.select(columns).from(trustCures).where(and(eq(trustCures.tenantId, tx.ctx.tenantId), eq(trustCures.lenderId, lenderId), eq(trustCures.reference, reference)))
  return row ?? null
}

/** A cure as it is stored. */
export type CureRow = NonNullable<Awaited<ReturnType<typeof findCureByReference>>>

export async function insertCure (tx: Tx, { journalEntryId, ...cure }: Omit<CureRow, 'createdAt'>): Promise<CureRow> {
  const [row] = await tx.insert(trustCures).values({ tenantId: tx.ctx.tenantId, ...cure, entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() }).returning(columns)
  return row!
}

/** Cures by id: in the order they were recorded. */
export async function listCures (tx: Tx, { lenderId }: { lenderId?: Id<'lender'> }, page: { limit: number, after: string | null }): Promise<PageOf<CureRow>> {
  const rows = await tx.select(columns).from(trustCures)
    .where(and(eq(trustCures.tenantId, tx.ctx.tenantId), pageAfter(trustCures.id, page), lenderId === undefined ? undefined : eq(trustCures.lenderId, lenderId))).orderBy(asc(trustCures.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** What was kept from a lender's trust money for its invoices between statements and was not put back. The lender's lock is held. */
export async function findOffset (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<Minor> {
  const { rows: [row] } = await tx.execute(sql`select coalesce(sum(case when p.credit = 'O.AR' then p.amount else -p.amount end), 0) as kept
    from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.lender_id = ${uuidOf(lenderId)}::uuid and ${isStated} and e.kind in ('invoiceOffset', 'offsetUnwound') and p.currency = ${currency} and 'O.AR' in (p.debit, p.credit)`)
  return minor(Number(row?.['kept'] ?? 0))
}

/** What is owed to trust because of a lender's money in one currency. The lender's lock is held. */
export async function findTrustOwed (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<TrustOwed> {
  const { rows: [row] } = await tx.execute(sql`
    select coalesce(sum(case when p.credit = 'T.AGENCY' then p.amount when p.debit = 'T.AGENCY' then -p.amount end), 0) as agency,
      coalesce(sum(case when p.debit = 'T.CLIENT_DUE' then p.amount when p.credit = 'T.CLIENT_DUE' then -p.amount end), 0) as client_due
    from postings p where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.lender_id = ${uuidOf(lenderId)}::uuid and p.currency = ${currency} and left(p.debit, 1) in ('T', 'O')`)
  return { agency: minor(Number(row?.['agency'] ?? 0)), clientDue: minor(Number(row?.['client_due'] ?? 0)) }
}
