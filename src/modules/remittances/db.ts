import { and, asc, eq, gt, gte, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { bigints, days, integers, ownRows, pageAfter, pageAfterNumber, rowById, texts, uuids } from '#platform'
import type { Tx } from '#platform'
import type { DocumentKind, StatementLine } from './core.ts'
import { documentNumbers, remittances, statementLines, statements } from './tables.ts'

const columns = {
  id: statements.id, lenderId: statements.lenderId, currency: statements.currency, number: statements.number,
  fromOn: statements.fromOn, toOn: statements.toOn, basis: statements.basis, openingHeld: statements.openingHeld, openingBilled: statements.openingBilled,
  collected: statements.collected, collectedDirect: statements.collectedDirect, commission: statements.commission, vat: statements.vat, setOff: statements.setOff, remitted: statements.remitted,
  closingHeld: statements.closingHeld, closingBilled: statements.closingBilled, lineCount: statements.lineCount, hash: statements.hash, issuedAt: statements.issuedAt,
}

/** A statement, or null. */
export const findStatement = rowById(statements, db => db.select(columns).from(statements))

/** A statement without its lines. */
export type StatementRow = NonNullable<Awaited<ReturnType<typeof findStatement>>>

/** What was issued, to the byte, with its currency; null when there is no such statement. */
export const findStatementText = rowById(statements, db => db.select({ document: statements.document, hash: statements.hash, currency: statements.currency, number: statements.number }).from(statements))

/** Which statements a list is to hold. */
export interface StatementFilter { lenderId?: Id<'lender'>, currency?: string }

/** Statements by id: in the order they were issued. */
export async function listStatements (tx: Tx, { lenderId, currency }: StatementFilter, page: { limit: number, after: string | null }): Promise<PageOf<StatementRow>> {
  const rows = await tx.select(columns).from(statements).where(and(
    eq(statements.tenantId, tx.ctx.tenantId), pageAfter(statements.id, page), ownRows(tx, statements.lenderId),
    lenderId === undefined ? undefined : eq(statements.lenderId, lenderId), currency === undefined ? undefined : eq(statements.currency, currency),
  )).orderBy(asc(statements.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** The last statement of a lender in a currency; null when there is none. The lender's lock is held. */
export async function findLastStatement (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<StatementRow | null> {
  const [row] = await tx.select(columns).from(statements)
    .where(and(eq(statements.tenantId, tx.ctx.tenantId), eq(statements.lenderId, lenderId), eq(statements.currency, currency))).orderBy(sql`${statements.toOn} desc`).limit(1)
  return row ?? null
}

/** The statement of a lender in a currency that a day is in, or null. */
export async function findStatementOf (tx: Tx, lenderId: Id<'lender'>, currency: string, on: CalendarDay): Promise<StatementRow | null> {
  const [row] = await tx.select(columns).from(statements)
    .where(and(eq(statements.tenantId, tx.ctx.tenantId), eq(statements.lenderId, lenderId), eq(statements.currency, currency), gte(statements.toOn, on))).orderBy(asc(statements.toOn)).limit(1)
  return row ?? null
}

/** The next number of a kind of document. Numbers are given one after another: the row is kept until the transaction ends. */
export async function nextNumber (tx: Tx, kind: DocumentKind): Promise<number> {
  const [row] = await tx.insert(documentNumbers).values({ tenantId: tx.ctx.tenantId, kind, last: 1 })
    .onConflictDoUpdate({ target: [documentNumbers.tenantId, documentNumbers.kind], set: { last: sql`${documentNumbers.last} + 1` } }).returning({ last: documentNumbers.last })
  return row!.last
}

/** Stores a statement as it was issued. */
export async function insertStatement (tx: Tx, statement: StatementRow & { document: string }): Promise<void> {
  await tx.insert(statements).values({ tenantId: tx.ctx.tenantId, ...statement })
}

const lineColumns = {
  entryId: statementLines.entryId, line: statementLines.line, invoiceId: statementLines.invoiceId, kind: statementLines.kind, sourceId: statementLines.sourceId, accountId: statementLines.accountId,
  lenderReference: statementLines.lenderReference, effectiveOn: statementLines.effectiveOn, correctsEntryId: statementLines.correctsEntryId,
  principal: statementLines.principal, interest: statementLines.interest, penalty: statementLines.penalty, costs: statementLines.costs,
  collected: statementLines.collected, collectedDirect: statementLines.collectedDirect, commission: statementLines.commission, vat: statementLines.vat, vatRate: statementLines.vatRate, costsBilled: statementLines.costsBilled,
  held: statementLines.held, billed: statementLines.billed,
}

/** The most lines that one statement holds: what is left is on the next. */
export const linesMax = 50_000
/** How many lines one statement of the database inserts. */
const insertMax = 5_000

/** Stores the lines of a statement: a statement of the database for each few thousand. */
export async function insertLines (tx: Tx, lenderId: Id<'lender'>, statementId: Id<'statement'>, lines: readonly StatementLine[]): Promise<void> {
  for (let from = 0; from < lines.length; from += insertMax) {
    const rows = lines.slice(from, from + insertMax)
    const sums = (name: 'principal' | 'interest' | 'penalty' | 'costs' | 'collected' | 'collectedDirect' | 'commission' | 'vat' | 'costsBilled' | 'held' | 'billed') => bigints(rows.map(row => row[name]))
    await tx.execute(sql`insert into statement_lines (tenant_id, entry_id, statement_id, line, lender_id, invoice_id, kind, source_id, account_id, lender_reference, effective_on, corrects_entry_id,
        principal, interest, penalty, costs, collected, collected_direct, commission, vat, vat_rate, costs_billed, held, billed)
      select ${uuidOf(tx.ctx.tenantId)}::uuid, entry_id, ${uuidOf(statementId)}::uuid, line, ${uuidOf(lenderId)}::uuid, invoice_id, kind, source_id, account_id, lender_reference, effective_on, corrects_entry_id,
        principal, interest, penalty, costs, collected, collected_direct, commission, vat, vat_rate, costs_billed, held, billed
      from unnest(${uuids(rows.map(r => r.entryId))}, ${integers(rows.map(r => r.line))}, ${uuids(rows.map(r => r.invoiceId))}, ${texts(rows.map(r => r.kind))}, ${uuids(rows.map(r => r.sourceId))},
        ${uuids(rows.map(r => r.accountId))}, ${texts(rows.map(r => r.lenderReference))}, ${days(rows.map(r => r.effectiveOn))}, ${uuids(rows.map(r => r.correctsEntryId))},
        ${sums('principal')}, ${sums('interest')}, ${sums('penalty')}, ${sums('costs')}, ${sums('collected')}, ${sums('collectedDirect')}, ${sums('commission')}, ${sums('vat')},
        ${texts(rows.map(r => r.vatRate))}, ${sums('costsBilled')}, ${sums('held')}, ${sums('billed')})
        as l (entry_id, line, invoice_id, kind, source_id, account_id, lender_reference, effective_on, corrects_entry_id, principal, interest, penalty, costs, collected, collected_direct,
          commission, vat, vat_rate, costs_billed, held, billed)`)
  }
}

/** Lines of a statement in their order. */
export async function listLines (tx: Tx, statementId: Id<'statement'>, page: { limit: number, after: string | null }): Promise<PageOf<StatementLine>> {
  const after = pageAfterNumber(page)
  const rows = await tx.select(lineColumns).from(statementLines)
    .where(and(eq(statementLines.tenantId, tx.ctx.tenantId), eq(statementLines.statementId, statementId), gt(statementLines.line, after))).orderBy(asc(statementLines.line)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => String(row.line))
}

const remittanceColumns = {
  id: remittances.id, lenderId: remittances.lenderId, statementId: remittances.statementId, currency: remittances.currency, amount: remittances.amount, sentOn: remittances.sentOn,
  journalEntryId: remittances.entryId, createdAt: remittances.createdAt,
}

/** Money passed on to a lender. */
export type RemittanceRow = NonNullable<Awaited<ReturnType<typeof findRemittance>>>

/** A remittance, or null. */
export const findRemittance = rowById(remittances, db => db.select(remittanceColumns).from(remittances))

export async function insertRemittance (tx: Tx, { journalEntryId, ...remittance }: Omit<RemittanceRow, 'createdAt'>): Promise<void> {
  await tx.insert(remittances).values({ tenantId: tx.ctx.tenantId, ...remittance, entryId: journalEntryId, createdAt: tx.ctx.now.toISOString() })
}

/** Remittances by id: in the order they were sent. */
export async function listRemittances (tx: Tx, { lenderId }: { lenderId?: Id<'lender'> }, page: { limit: number, after: string | null }): Promise<PageOf<RemittanceRow>> {
  const rows = await tx.select(remittanceColumns).from(remittances)
    .where(and(eq(remittances.tenantId, tx.ctx.tenantId), pageAfter(remittances.id, page), ownRows(tx, remittances.lenderId), lenderId === undefined ? undefined : eq(remittances.lenderId, lenderId)))
    .orderBy(asc(remittances.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

