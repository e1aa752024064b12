import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, pageAfter, rowById, uuids } from '#platform'
import type { Tx } from '#platform'
import { hardshipAssessments } from './tables.ts'

const columns = {
  id: hardshipAssessments.id, accountId: hardshipAssessments.accountId, partyId: hardshipAssessments.partyId, holdId: hardshipAssessments.holdId, consentId: hardshipAssessments.consentId,
  consentSource: hardshipAssessments.consentSource, consentedAt: hardshipAssessments.consentedAt, currency: hardshipAssessments.currency, figures: hardshipAssessments.figures, band: hardshipAssessments.band,
  validUntil: hardshipAssessments.validUntil, assessedAt: hardshipAssessments.assessedAt, destroyedAt: hardshipAssessments.destroyedAt,
}

/** An assessment as it is stored: its figures sealed, null once destroyed. */
export type HardshipRow = NonNullable<Awaited<ReturnType<typeof findAssessment>>>

export const findAssessment = rowById(hardshipAssessments, db => db.select(columns).from(hardshipAssessments))

export async function insertAssessment (tx: Tx, assessment: Omit<HardshipRow, 'assessedAt' | 'destroyedAt'> & { dueAt: string }): Promise<HardshipRow> {
  const [row] = await tx.insert(hardshipAssessments).values({ tenantId: tx.ctx.tenantId, ...assessment, assessedAt: tx.ctx.now.toISOString() }).returning(columns)
  return row!
}

/** An assessment, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockAssessment (tx: Tx, id: Id<'hardshipAssessment'>): Promise<HardshipRow> {
  const [row] = await tx.select(columns).from(hardshipAssessments).where(and(eq(hardshipAssessments.tenantId, tx.ctx.tenantId), eq(hardshipAssessments.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Assessments by id, those that were destroyed included. */
export async function listAssessments (tx: Tx, { accountId, partyId }: { accountId?: Id<'account'>, partyId?: Id<'party'> }, page: { limit: number, after: string | null }): Promise<PageOf<HardshipRow>> {
  const rows = await tx.select(columns).from(hardshipAssessments).where(and(
    eq(hardshipAssessments.tenantId, tx.ctx.tenantId), pageAfter(hardshipAssessments.id, page),
    accountId === undefined ? undefined : eq(hardshipAssessments.accountId, accountId), partyId === undefined ? undefined : eq(hardshipAssessments.partyId, partyId),
  )).orderBy(asc(hardshipAssessments.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

const gone = (tx: Tx) => ({ figures: null, band: null, dueAt: null, destroyedAt: tx.ctx.now.toISOString() })

/** Destroys the figures of up to `limit` assessments that are no longer good, in the order of their ends; answers how many. */
export async function destroyExpired (tx: Tx, limit: number): Promise<number> {
  const { tenantId, now } = tx.ctx
  const expired = await tx.select({ id: hardshipAssessments.id }).from(hardshipAssessments)
    .where(and(eq(hardshipAssessments.tenantId, tenantId), lte(hardshipAssessments.dueAt, now.toISOString()))).orderBy(asc(hardshipAssessments.dueAt), asc(hardshipAssessments.id)).limit(limit).for('no key update', { skipLocked: true })
  if (expired.length > 0) await tx.update(hardshipAssessments).set(gone(tx)).where(and(eq(hardshipAssessments.tenantId, tenantId), sql`${hardshipAssessments.id} = any(${uuids(expired.map(({ id }) => id))})`))
  return expired.length
}

/** Destroys the figures of parties. */
export async function destroyOf (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  await tx.update(hardshipAssessments).set(gone(tx)).where(and(
    eq(hardshipAssessments.tenantId, tx.ctx.tenantId), sql`${hardshipAssessments.partyId} = any(${uuids(partyIds)})`, sql`${hardshipAssessments.figures} is not null`,
  ))
}
