import { and, asc, desc, eq, lte, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter } from '#platform'
import type { Tx } from '#platform'
import type { AgreementTerms } from './core.ts'
import { agreements, lenders } from './tables.ts'

const lenderColumns = { id: lenders.id, name: lenders.name, createdAt: lenders.createdAt }

export async function insertLender (tx: Tx, name: string) {
  const [row] = await tx.insert(lenders).values({ tenantId: tx.ctx.tenantId, id: newId('lender'), name, createdAt: tx.ctx.now.toISOString() }).returning(lenderColumns)
  return row!
}

export async function findLender (tx: Tx, id: Id<'lender'>) {
  const [row] = await tx.select(lenderColumns).from(lenders).where(and(eq(lenders.tenantId, tx.ctx.tenantId), eq(lenders.id, id)))
  return row ?? null
}

/** A lender, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockLender (tx: Tx, id: Id<'lender'>) {
  const [row] = await tx.select(lenderColumns).from(lenders).where(and(eq(lenders.tenantId, tx.ctx.tenantId), eq(lenders.id, id))).for('update')
  if (row === undefined) throw NotFound()
  return row
}

export async function listLenders (tx: Tx, page: { limit: number, after: string | null }): Promise<PageOf<NonNullable<Awaited<ReturnType<typeof findLender>>>>> {
  const rows = await tx.select(lenderColumns).from(lenders).where(and(eq(lenders.tenantId, tx.ctx.tenantId), pageAfter(lenders.id, page))).orderBy(asc(lenders.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

const agreementColumns = {
  id: agreements.id, lenderId: agreements.lenderId, currency: agreements.currency, version: agreements.version, effectiveOn: agreements.effectiveOn,
  terms: agreements.terms, createdAt: agreements.createdAt,
}

/** An agreement as it was made. */
export interface Agreement {
  id: Id<'agreement'>, lenderId: Id<'lender'>, currency: string, version: number, effectiveOn: string, terms: AgreementTerms, createdAt: string
}

/** Adds the next version. The caller holds the lender's lock. */
export async function insertAgreement (tx: Tx, agreement: { lenderId: Id<'lender'>, currency: string, effectiveOn: string, terms: AgreementTerms }): Promise<Agreement> {
  const { tenantId } = tx.ctx
  const [row] = await tx.insert(agreements).values({
    tenantId, id: newId('agreement'), ...agreement, createdAt: tx.ctx.now.toISOString(),
    version: sql`(select coalesce(max(a.version), 0) + 1 from agreements a where a.tenant_id = ${sql.param(tenantId, agreements.tenantId)} and a.lender_id = ${sql.param(agreement.lenderId, agreements.lenderId)} and a.currency = ${agreement.currency})`,
  }).returning(agreementColumns)
  return row!
}

export async function findAgreement (tx: Tx, id: Id<'agreement'>): Promise<Agreement | null> {
  const [row] = await tx.select(agreementColumns).from(agreements).where(and(eq(agreements.tenantId, tx.ctx.tenantId), eq(agreements.id, id)))
  return row ?? null
}

/** The newest version in force on a day. */
export async function findAgreementInForce (tx: Tx, lenderId: Id<'lender'>, currency: string, on: string): Promise<Agreement | null> {
  const [row] = await tx.select(agreementColumns).from(agreements)
    .where(and(eq(agreements.tenantId, tx.ctx.tenantId), eq(agreements.lenderId, lenderId), eq(agreements.currency, currency), lte(agreements.effectiveOn, on)))
    .orderBy(desc(agreements.version)).limit(1)
  return row ?? null
}

export async function listAgreements (tx: Tx, lenderId: Id<'lender'>, page: { limit: number, after: string | null }) {
  const rows = await tx.select(agreementColumns).from(agreements)
    .where(and(eq(agreements.tenantId, tx.ctx.tenantId), eq(agreements.lenderId, lenderId), pageAfter(agreements.id, page))).orderBy(asc(agreements.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
