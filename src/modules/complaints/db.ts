import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { NotFound, ownRows, pageAfter, rowById, uuids } from '#platform'
import type { Tx } from '#platform'
import type { ComplaintState, Resolution, complaintCategories } from './core.ts'
import { complaints } from './tables.ts'

const columns = {
  id: complaints.id, lenderId: complaints.lenderId, accountId: complaints.accountId, partyId: complaints.partyId, staffId: complaints.staffId, holdId: complaints.holdId, receivedOn: complaints.receivedOn,
  channel: complaints.channel, category: complaints.category, severity: complaints.severity, text: complaints.text, state: complaints.state, answerBy: complaints.answerBy, dueAt: complaints.dueAt,
  overdueAt: complaints.overdueAt, outcome: complaints.outcome, rootCause: complaints.rootCause, collectorShare: complaints.collectorShare, redressAmount: complaints.redressAmount,
  redressCurrency: complaints.redressCurrency, openedAt: complaints.openedAt, acknowledgedAt: complaints.acknowledgedAt, resolvedAt: complaints.resolvedAt,
}

/** A complaint as it is stored: its text sealed, null once destroyed. */
export type ComplaintRow = NonNullable<Awaited<ReturnType<typeof findComplaint>>>

export const findComplaint = rowById(complaints, db => db.select(columns).from(complaints))

/** A complaint about to be stored, its text sealed. */
export type NewComplaint = Pick<ComplaintRow, 'id' | 'lenderId' | 'accountId' | 'partyId' | 'staffId' | 'holdId' | 'receivedOn' | 'channel' | 'category' | 'severity' | 'text' | 'answerBy' | 'dueAt'>

export async function insertComplaint (tx: Tx, complaint: NewComplaint): Promise<ComplaintRow> {
  const [row] = await tx.insert(complaints).values({ tenantId: tx.ctx.tenantId, ...complaint, state: 'open', openedAt: tx.ctx.now.toISOString() }).returning(columns)
  return row!
}

const isOne = (tx: Tx, id: Id<'complaint'>) => and(eq(complaints.tenantId, tx.ctx.tenantId), eq(complaints.id, id))

/** A complaint, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockComplaint (tx: Tx, id: Id<'complaint'>): Promise<ComplaintRow> {
  const [row] = await tx.select(columns).from(complaints).where(isOne(tx, id)).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

export async function setAcknowledged (tx: Tx, id: Id<'complaint'>): Promise<ComplaintRow> {
  const [row] = await tx.update(complaints).set({ state: 'acknowledged', acknowledgedAt: tx.ctx.now.toISOString() }).where(isOne(tx, id)).returning(columns)
  return row!
}

/** Ends a complaint; `overdueAt` is when it was told, or is told now, that its answer is late. */
export async function setResolved (tx: Tx, id: Id<'complaint'>, { outcome, rootCause, collectorShare, redress }: Resolution, overdueAt: string | null): Promise<ComplaintRow> {
  const [row] = await tx.update(complaints).set({
    state: 'resolved', outcome, rootCause, collectorShare, redressAmount: redress?.amount ?? null, redressCurrency: redress?.currency ?? null, dueAt: null, overdueAt, resolvedAt: tx.ctx.now.toISOString(),
  }).where(isOne(tx, id)).returning(columns)
  return row!
}

/** Which complaints a list is to hold. */
export interface ComplaintFilter { accountId?: Id<'account'>, state?: ComplaintState, category?: typeof complaintCategories[number], staffId?: Id<'staff'> }

/** Complaints by id; for a lender, those about its own debts. */
export async function listComplaints (tx: Tx, { accountId, state, category, staffId }: ComplaintFilter, page: { limit: number, after: string | null }): Promise<PageOf<ComplaintRow>> {
  const rows = await tx.select(columns).from(complaints).where(and(
    eq(complaints.tenantId, tx.ctx.tenantId), pageAfter(complaints.id, page), accountId === undefined ? ownRows(tx, complaints.lenderId) : eq(complaints.accountId, accountId),
    state === undefined ? undefined : eq(complaints.state, state), category === undefined ? undefined : eq(complaints.category, category), staffId === undefined ? undefined : eq(complaints.staffId, staffId),
  )).orderBy(asc(complaints.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** A complaint whose answer is late. */
export interface OverdueComplaint { id: Id<'complaint'>, accountId: Id<'account'> | null, lenderId: Id<'lender'> | null, answerBy: CalendarDay }

/** Takes up to `limit` complaints whose last day to answer has passed off the list of those to be told, in the order of their days. */
export async function takeOverdue (tx: Tx, limit: number): Promise<OverdueComplaint[]> {
  const now = tx.ctx.now.toISOString()
  const late = await tx.select({ id: complaints.id, accountId: complaints.accountId, lenderId: complaints.lenderId, answerBy: complaints.answerBy }).from(complaints)
    .where(and(eq(complaints.tenantId, tx.ctx.tenantId), lte(complaints.dueAt, now))).orderBy(asc(complaints.dueAt), asc(complaints.id)).limit(limit).for('no key update', { skipLocked: true })
  if (late.length > 0) await tx.update(complaints).set({ dueAt: null, overdueAt: now }).where(and(eq(complaints.tenantId, tx.ctx.tenantId), sql`${complaints.id} = any(${uuids(late.map(({ id }) => id))})`))
  return late
}

/** Destroys what was written of parties: the texts of their complaints, and of those by nobody named about a debt of theirs. */
export async function setTextsDestroyed (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  const tenant = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const erased = sql`any(${uuids(partyIds)})`
  await tx.execute(sql`update complaints set text = null where tenant_id = ${tenant} and party_id = ${erased} and text is not null`)
  await tx.execute(sql`update complaints c set text = null from account_parties p
    where p.tenant_id = ${tenant} and p.party_id = ${erased} and c.tenant_id = ${tenant} and c.account_id = p.account_id and c.party_id is null and c.text is not null`)
}
