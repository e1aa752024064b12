import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import { cutPage, idOf, minor, sub, uuidOf } from '#kernel'
import type { Id, Minor, PageOf } from '#kernel'
import { NotFound, newId, ownRows, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import { sumTaxes } from './billing.core.ts'
import type { Standing } from './billing.core.ts'
import { invoiceSettlements, invoices } from './tables.ts'

const columns = {
  id: invoices.id, lenderId: invoices.lenderId, currency: invoices.currency, kind: invoices.kind, number: invoices.number, statementId: invoices.statementId, creditsId: invoices.creditsId,
  fromOn: invoices.fromOn, toOn: invoices.toOn, taxes: invoices.taxes, commission: invoices.commission, vat: invoices.vat, costs: invoices.costs, withheld: invoices.withheld, billed: invoices.billed,
  hash: invoices.hash, issuedAt: invoices.issuedAt,
}

/** An invoice or credit note, or null. */
export const findInvoice = rowById(invoices, db => db.select(columns).from(invoices))

/** An invoice or credit note without its lines. */
export type InvoiceRow = NonNullable<Awaited<ReturnType<typeof findInvoice>>>

/** What was issued, to the byte; null when there is no such document. */
export const findInvoiceText = rowById(invoices, db => db.select({ document: invoices.document, hash: invoices.hash }).from(invoices))

/** Stores a document as it was issued. */
export async function insertInvoice (tx: Tx, invoice: InvoiceRow & { document: string }): Promise<void> {
  await tx.insert(invoices).values({ tenantId: tx.ctx.tenantId, ...invoice })
}

/** Which invoices a list is to hold. */
export interface InvoiceFilter { lenderId?: Id<'lender'>, kind?: InvoiceRow['kind'] }

/** Invoices and credit notes by id: in the order they were issued. */
export async function listInvoices (tx: Tx, { lenderId, kind }: InvoiceFilter, page: { limit: number, after: string | null }): Promise<PageOf<InvoiceRow>> {
  const rows = await tx.select(columns).from(invoices).where(and(
    eq(invoices.tenantId, tx.ctx.tenantId), pageAfter(invoices.id, page), ownRows(tx, invoices.lenderId),
    lenderId === undefined ? undefined : eq(invoices.lenderId, lenderId), kind === undefined ? undefined : eq(invoices.kind, kind),
  )).orderBy(asc(invoices.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** What invoices stand at, by rate: what they billed less what was credited of them since. */
export async function findStanding (tx: Tx, ids: readonly Id<'invoice'>[]): Promise<Standing> {
  if (ids.length === 0) return new Map()
  const rows = await tx.select({ id: invoices.id, creditsId: invoices.creditsId, taxes: invoices.taxes }).from(invoices)
    .where(and(eq(invoices.tenantId, tx.ctx.tenantId), or(inArray(invoices.id, [...ids]), inArray(invoices.creditsId, [...ids]))))
  return new Map(ids.map(id => [id, sumTaxes(rows.filter(row => row.id === id || row.creditsId === id).flatMap(({ taxes }) => taxes))]))
}

/** What was settled of invoices, by invoice. */
export async function findSettled (tx: Tx, ids: readonly Id<'invoice'>[]): Promise<Map<Id<'invoice'>, Minor>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.select({ invoiceId: invoiceSettlements.invoiceId, amount: sql`sum(${invoiceSettlements.amount})` }).from(invoiceSettlements)
    .where(and(eq(invoiceSettlements.tenantId, tx.ctx.tenantId), inArray(invoiceSettlements.invoiceId, [...ids]))).groupBy(invoiceSettlements.invoiceId)
  return new Map(rows.map(({ invoiceId, amount }) => [invoiceId, minor(Number(amount))]))
}

/** An invoice that is not paid, with what is open of it. */
export interface OpenInvoice { id: Id<'invoice'>, open: Minor }

/** A lender's open invoices in one currency, oldest first. The lender's lock is held. */
export async function listOpenInvoices (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<OpenInvoice[]> {
  const { rows } = await tx.execute(sql`select i.id, i.billed - coalesce(sum(s.amount), 0) as open from invoices i left join invoice_settlements s on s.tenant_id = i.tenant_id and s.invoice_id = i.id
    where i.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and i.lender_id = ${uuidOf(lenderId)}::uuid and i.currency = ${currency} and i.billed > 0
    group by i.id, i.billed having i.billed > coalesce(sum(s.amount), 0) order by i.id`)
  return rows.map(row => ({ id: idOf('invoice', String(row['id'])), open: minor(Number(row['open'])) }))
}

/** A lender's invoices in one currency that were settled by offsets, newest first, with how much. The lender's lock is held. */
export async function listOffset (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<OpenInvoice[]> {
  const { rows } = await tx.execute(sql`select i.id, sum(s.amount) as open from invoices i join invoice_settlements s on s.tenant_id = i.tenant_id and s.invoice_id = i.id
    where i.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and i.lender_id = ${uuidOf(lenderId)}::uuid and i.currency = ${currency} and s.kind in ('offset', 'offsetUndone')
    group by i.id having sum(s.amount) > 0 order by i.id desc`)
  return rows.map(row => ({ id: idOf('invoice', String(row['id'])), open: minor(Number(row['open'])) }))
}

/** An invoice with what is open of it; a credit note has nothing open. The lender's lock is held. Throws `NotFound`. */
export async function findOpen (tx: Tx, id: Id<'invoice'>): Promise<InvoiceRow & { open: Minor }> {
  const invoice = await findInvoice(tx, id)
  if (invoice === null) throw NotFound()
  return { ...invoice, open: openOf(invoice, await findSettled(tx, [id])) }
}

/** What is open of an invoice, by what was settled. */
export const openOf = ({ id, billed }: Pick<InvoiceRow, 'id' | 'billed'>, settled: ReadonlyMap<Id<'invoice'>, Minor>): Minor => billed > 0 ? sub(billed, settled.get(id) ?? 0) : 0

const settlementColumns = {
  id: invoiceSettlements.id, invoiceId: invoiceSettlements.invoiceId, lenderId: invoiceSettlements.lenderId, kind: invoiceSettlements.kind, amount: invoiceSettlements.amount,
  settledOn: invoiceSettlements.settledOn, reference: invoiceSettlements.reference, createdAt: invoiceSettlements.createdAt,
}

/** What settles an invoice. */
export type SettlementRow = NonNullable<Awaited<ReturnType<typeof findSettlementByReference>>>

/** The settlement of a lender with a reference, or null. */
export async function findSettlementByReference (tx: Tx, lenderId: Id<'lender'>, reference: string) {
  const [row] = await tx.select(settlementColumns).from(invoiceSettlements)
    .where(and(eq(invoiceSettlements.tenantId, tx.ctx.tenantId), eq(invoiceSettlements.lenderId, lenderId), eq(invoiceSettlements.reference, reference)))
  return row ?? null
}

/** Records what settles invoices. */
export async function insertSettlements (tx: Tx, rows: readonly (Omit<SettlementRow, 'createdAt' | 'id'> & { id?: Id<'invoiceSettlement'> })[]): Promise<SettlementRow[]> {
  if (rows.length === 0) return []
  return await tx.insert(invoiceSettlements).values(rows.map(row => ({ tenantId: tx.ctx.tenantId, createdAt: tx.ctx.now.toISOString(), ...row, id: row.id ?? newId('invoiceSettlement') }))).returning(settlementColumns)
}
