import { createHash } from 'node:crypto'
import { formatMinor, idOf } from '#kernel'
import type { Minor } from '#kernel'
import type { Tax } from './billing.core.ts'
import type { StatementLine } from './core.ts'

/** Which kind of thing an entry of a kind is caused by. */
const sourceKinds: Partial<Record<string, Parameters<typeof idOf>[0]>> = {
  payment: 'payment', paymentReversal: 'payment', correction: 'correction', commission: 'commissionEntry', clawback: 'commissionEntry', remittance: 'remittance', offset: 'statement',
  costRecovery: 'commissionEntry', costRestored: 'commissionEntry', documentTax: 'invoice', invoicePayment: 'invoiceSettlement', trustCure: 'trustCure', invoiceOffset: 'invoiceSettlement',
}

/** The id of what a line is made of: the payment, the commission entry, the correction; where there is no such thing, the journal's own entry. */
export function sourceOf ({ kind, sourceId, entryId }: Pick<StatementLine, 'kind' | 'sourceId' | 'entryId'>): string {
  const named = sourceKinds[kind]
  return named === undefined ? entryId : idOf(named, sourceId)
}

/** A line as documents and the API show it. */
export const shownLine = (row: StatementLine) => ({
  line: row.line, kind: row.kind, sourceId: sourceOf(row), journalEntryId: row.entryId, accountId: row.accountId, lenderReference: row.lenderReference, effectiveOn: row.effectiveOn,
  correctsJournalEntryId: row.correctsEntryId, invoiceId: row.invoiceId, principal: row.principal, interest: row.interest, penalty: row.penalty, costs: row.costs,
  collected: row.collected, collectedDirect: row.collectedDirect, commission: row.commission, vat: row.vat, vatRate: row.vatRate, costsBilled: row.costsBilled, held: row.held, billed: row.billed,
})

interface Issued {
  id: string, number: number, tenantId: string, agencyName: string, lenderId: string, lenderName: string, currency: string, fromOn: string, toOn: string, issuedAt: string
}

/** A statement before it is issued. */
export interface StatementFacts extends Issued {
  basis: string, openingHeld: Minor, openingBilled: Minor, collected: Minor, collectedDirect: Minor, commission: Minor, vat: Minor, setOff: Minor, remitted: Minor, closingHeld: Minor, closingBilled: Minor
}

/** An invoice or credit note before it is issued. */
export interface InvoiceFacts extends Issued { kind: 'invoice' | 'creditNote', statementId: string, creditsId: string | null, taxes: readonly Tax[], commission: Minor, vat: Minor, costs: Minor, withheld: Minor, billed: Minor }

const head = <K extends string>(kind: K, { id, number, tenantId, agencyName, lenderId, lenderName, currency, fromOn, toOn, issuedAt }: Issued) =>
  ({ kind, id, number, tenantId, agencyName, lenderId, lenderName, currency, fromOn, toOn, issuedAt })

const statementDocument = (facts: StatementFacts, lines: readonly StatementLine[]) => ({
  ...head('statement', facts), basis: facts.basis, opening: { held: facts.openingHeld, billed: facts.openingBilled },
  totals: { collected: facts.collected, collectedDirect: facts.collectedDirect, commission: facts.commission, vat: facts.vat, setOff: facts.setOff, remitted: facts.remitted },
  closing: { held: facts.closingHeld, billed: facts.closingBilled }, lines: lines.map(shownLine),
})

const invoiceDocument = (facts: InvoiceFacts, lines: readonly StatementLine[]) => ({
  ...head(facts.kind, facts), statementId: facts.statementId, creditsId: facts.creditsId, taxes: facts.taxes.map(({ rate, base, vat }) => ({ rate, base, vat })),
  totals: { commission: facts.commission, vat: facts.vat, costs: facts.costs, total: facts.commission + facts.vat + facts.costs, withheld: facts.withheld, billed: facts.billed }, lines: lines.map(shownLine),
})

/** A line as it stands in an issued document. */
export type IssuedLine = ReturnType<typeof shownLine>

/** A document as it was issued. */
export type IssuedDocument = ReturnType<typeof statementDocument> | ReturnType<typeof invoiceDocument>

/** A statement as it is issued: one text, its fields in this order, the names of agency and lender as they are then. No personal data: lenders' references and ids. */
export const statementText = (facts: StatementFacts, lines: readonly StatementLine[]): string => JSON.stringify(statementDocument(facts, lines))

/** An invoice or credit note as it is issued: one text, its fields in this order, the names of agency and lender as they are then. */
export const invoiceText = (facts: InvoiceFacts, lines: readonly StatementLine[]): string => JSON.stringify(invoiceDocument(facts, lines))

/** Reads a document as it was issued: its text was made by the two above. */
export const issuedDocument = (text: string): IssuedDocument => JSON.parse(text) as IssuedDocument

/** The SHA-256 of a document's bytes. */
export const hashOf = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

/** The columns of a statement as CSV. Money is written as decimals of the currency. */
export const csvColumns = [
  'line', 'kind', 'sourceId', 'lenderReference', 'effectiveOn', 'correctsJournalEntryId', 'principal', 'interest', 'penalty', 'costs', 'collected', 'collectedDirect', 'commission', 'vat', 'vatRate', 'costsBilled', 'held', 'billed',
] as const

/** A line as a row of CSV. */
export function csvRow (line: StatementLine, currency: string): string[] {
  const shown = shownLine(line)
  const money = new Set<string>(['principal', 'interest', 'penalty', 'costs', 'collected', 'collectedDirect', 'commission', 'vat', 'costsBilled', 'held', 'billed'])
  return csvColumns.map(name => {
    const value = shown[name]
    return value === null ? '' : money.has(name) ? formatMinor(Number(value), currency) : String(value)
  })
}

const plainCell = /^[^",\r\n]*$/
/** Cells that a spreadsheet would run as a formula. */
const formula = /^[=+\-@\t\r]/
const number = /^-?\d+(\.\d+)?$/

/** Rows as CSV (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe. */
export const csvText = (rows: readonly (readonly string[])[]): string => rows.map(cells => cells.map(cell => {
  const safe = formula.test(cell) && !number.test(cell) ? `'${cell}` : cell
  return plainCell.test(safe) ? safe : `"${safe.replaceAll('"', '""')}"`
}).join(',') + '\r\n').join('')
