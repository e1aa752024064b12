import { and, asc, desc, eq, inArray, lte, sql } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import type { AgreementTerms, LenderTypes } from './core.ts'
import { agreements, lenders } from './tables.ts'

const lenderColumns = { id: lenders.id, name: lenders.name, type: lenders.type, formerTypes: lenders.formerTypes, createdAt: lenders.createdAt }

export async function insertLender (tx: Tx, { name, type }: { name: string, type: string | null }) {
  const [row] = await tx.insert(lenders).values({ tenantId: tx.ctx.tenantId, id: newId('lender'), name, type, formerTypes: [], createdAt: tx.ctx.now.toISOString() }).returning(lenderColumns)
  return row!
}

export const findLender = rowById(lenders, db => db.select(lenderColumns).from(lenders))

/** A lender, kept from changing until the transaction ends; rows that name it can be added meanwhile. Throws `NotFound`. */
export async function lockLender (tx: Tx, id: Id<'lender'>) {
  const [row] = await tx.select(lenderColumns).from(lenders).where(and(eq(lenders.tenantId, tx.ctx.tenantId), eq(lenders.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Gives a lender another name or type. The caller holds its lock. */
export async function setLender (tx: Tx, id: Id<'lender'>, change: { name: string } & LenderTypes) {
  const { name, type, formerTypes } = change
  const [row] = await tx.update(lenders).set({ name, type, formerTypes: [...formerTypes] }).where(and(eq(lenders.tenantId, tx.ctx.tenantId), eq(lenders.id, id))).returning(lenderColumns)
  return row!
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

export const findAgreement: (tx: Tx, id: Id<'agreement'>) => Promise<Agreement | null> = rowById(agreements, db => db.select(agreementColumns).from(agreements))

/** Those of the agreements that exist, by id. */
export async function findAgreements (tx: Tx, ids: readonly Id<'agreement'>[]): Promise<Map<Id<'agreement'>, Agreement>> {
  const rows = await tx.select(agreementColumns).from(agreements).where(and(eq(agreements.tenantId, tx.ctx.tenantId), inArray(agreements.id, [...ids])))
  return new Map(rows.map(row => [row.id, row]))
}

/** The agreement in force on a day: of those that have taken effect, the one that did so last; of two that did so on one day, the newer version. */
export async function findAgreementInForce (tx: Tx, lenderId: Id<'lender'>, currency: string, on: string): Promise<Agreement | null> {
  const [row] = await tx.select(agreementColumns).from(agreements)
    .where(and(eq(agreements.tenantId, tx.ctx.tenantId), eq(agreements.lenderId, lenderId), eq(agreements.currency, currency), lte(agreements.effectiveOn, on)))
    .orderBy(desc(agreements.effectiveOn), desc(agreements.version)).limit(1)
  return row ?? null
}

/** For each currency and day asked for, the agreement in force then; null where there is none. In the order asked. */
export async function findAgreementsInForce (tx: Tx, lenderId: Id<'lender'>, asked: readonly { currency: string, on: string }[]): Promise<(Agreement | null)[]> {
  const { rows } = await tx.execute(sql`select n, a.id from unnest(${sql.param(asked.map(({ currency }) => currency))}::text[], ${sql.param(asked.map(({ on }) => on))}::date[]) with ordinality as asked (currency, day, n)
    cross join lateral (
      select id from agreements where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and lender_id = ${uuidOf(lenderId)}::uuid and currency = asked.currency and effective_on <= asked.day
      order by effective_on desc, version desc limit 1
    ) a`)
  const ids = new Map(rows.map(row => [Number(row['n']) - 1, idOf('agreement', String(row['id']))]))
  const byId = await findAgreements(tx, [...new Set(ids.values())])
  return asked.map((_, i) => {
    const id = ids.get(i)
    return id === undefined ? null : byId.get(id) ?? null
  })
}

export async function listAgreements (tx: Tx, lenderId: Id<'lender'>, page: { limit: number, after: string | null }) {
  const rows = await tx.select(agreementColumns).from(agreements)
    .where(and(eq(agreements.tenantId, tx.ctx.tenantId), eq(agreements.lenderId, lenderId), pageAfter(agreements.id, page))).orderBy(asc(agreements.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
