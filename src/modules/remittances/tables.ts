import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytes, count, day, document, id, instant, lenderId, minor, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { journalEntries } from '../ledger/tables.ts'
import { lenders } from '../lenders/tables.ts'
import type { Tax } from './billing.core.ts'
import { documentKinds, frequencies, invoiceKinds, settlementKinds } from './core.ts'

/** The last number given to a document of each kind: numbers have no gaps, for a number taken back was never committed. */
export const documentNumbers = pgTable('document_numbers', {
  tenantId: tenantId(), kind: text({ enum: documentKinds }).notNull(), last: count().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.kind] })])

/**
 * What was told to a lender of its money in one currency, from one day through another. `held` is what the agency holds for the lender (below zero:
 * what the lender owes to trust), `billed` what the lender owes the agency. `document` is what was issued, to the byte, and `hash` its SHA-256. Append-only.
 */
export const statements = pgTable('statements', {
  tenantId: tenantId(), id: id('statement').notNull(), lenderId: id('lender').notNull(), currency: char({ length: 3 }).notNull(), number: count().notNull(),
  fromOn: day().notNull(), toOn: day().notNull(), basis: text().notNull(), openingHeld: minor().notNull(), openingBilled: minor().notNull(),
  collected: minor().notNull(), collectedDirect: minor().notNull(), commission: minor().notNull(), vat: minor().notNull(), setOff: minor().notNull(), remitted: minor().notNull(),
  closingHeld: minor().notNull(), closingBilled: minor().notNull(), lineCount: integer().notNull(), document: text().notNull(), hash: bytes().notNull(), issuedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.number),
  uniqueIndex().on(t.tenantId, t.lenderId, t.currency, t.toOn),
  index().on(t.tenantId, t.lenderId, t.id),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
  check('a period has a day', sql`${t.fromOn} <= ${t.toOn}`),
])

/** What bills commission and advanced costs (`invoice`) or gives them back (`creditNote`, all amounts negative, of the invoice `creditsId`). `costs` are re-billed at cost, without VAT. `withheld` was kept from trust money; `billed` is to be paid. Append-only. */
export const invoices = pgTable('invoices', {
  tenantId: tenantId(), id: id('invoice').notNull(), lenderId: id('lender').notNull(), currency: char({ length: 3 }).notNull(), kind: text({ enum: invoiceKinds }).notNull(), number: count().notNull(),
  statementId: id('statement').notNull(), creditsId: id('invoice'), fromOn: day().notNull(), toOn: day().notNull(), taxes: document<Tax[]>(),
  commission: minor().notNull(), vat: minor().notNull(), costs: minor().notNull(), withheld: minor().notNull(), billed: minor().notNull(), document: text().notNull(), hash: bytes().notNull(), issuedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.kind, t.number),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.creditsId),
  foreignKey({ columns: [t.tenantId, t.statementId], foreignColumns: [statements.tenantId, statements.id] }),
  foreignKey({ columns: [t.tenantId, t.creditsId], foreignColumns: [t.tenantId, t.id] }),
  check('all of it is withheld or billed', sql`${t.commission} + ${t.vat} + ${t.costs} = ${t.withheld} + ${t.billed}`),
])

/** What statements are made of: an entry of the journal is on one statement, once. Append-only. */
export const statementLines = pgTable('statement_lines', {
  tenantId: tenantId(), entryId: id('journalEntry').notNull(), statementId: id('statement').notNull(), line: integer().notNull(), lenderId: id('lender').notNull(), invoiceId: id('invoice'),
  kind: text().notNull(), sourceId: uuid().notNull(), accountId: id('account'), lenderReference: text(), effectiveOn: day().notNull(), correctsEntryId: id('journalEntry'),
  principal: minor().notNull(), interest: minor().notNull(), penalty: minor().notNull(), costs: minor().notNull(), collected: minor().notNull(), collectedDirect: minor().notNull(),
  commission: minor().notNull(), vat: minor().notNull(), vatRate: text(), costsBilled: minor().notNull(), held: minor().notNull(), billed: minor().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.entryId] }),
  uniqueIndex().on(t.tenantId, t.statementId, t.line),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  foreignKey({ columns: [t.tenantId, t.statementId], foreignColumns: [statements.tenantId, statements.id] }),
  foreignKey({ columns: [t.tenantId, t.invoiceId], foreignColumns: [invoices.tenantId, invoices.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])

/** Money passed on to a lender: one for each statement that had any. Append-only. */
export const remittances = pgTable('remittances', {
  tenantId: tenantId(), id: id('remittance').notNull(), lenderId: id('lender').notNull(), statementId: id('statement').notNull(), currency: char({ length: 3 }).notNull(),
  amount: minor().notNull(), sentOn: day().notNull(), entryId: id('journalEntry').notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.statementId),
  index().on(t.tenantId, t.lenderId, t.id),
  foreignKey({ columns: [t.tenantId, t.statementId], foreignColumns: [statements.tenantId, statements.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  check('money moves', sql`${t.amount} > 0`),
])

/** What settles an invoice: a payment of the lender's, an offset against trust money, or a credit note; below zero, an offset put back. `reference` names a payment once with its lender. Append-only. */
export const invoiceSettlements = pgTable('invoice_settlements', {
  tenantId: tenantId(), id: id('invoiceSettlement').notNull(), invoiceId: id('invoice').notNull(), lenderId: id('lender').notNull(), kind: text({ enum: settlementKinds }).notNull(),
  amount: minor().notNull(), settledOn: day().notNull(), reference: text(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.reference).where(sql`${t.reference} is not null`),
  index().on(t.tenantId, t.invoiceId, t.id),
  foreignKey({ columns: [t.tenantId, t.invoiceId], foreignColumns: [invoices.tenantId, invoices.id] }),
  check('something is settled', sql`${t.amount} <> 0 and (${t.amount} < 0) = (${t.kind} = 'offsetUndone')`),
])

/**
 * Remittances asked for: of one lender and currency or of all, through a day. `dueAt` while it is under way; `reached` is the last lender and
 * currency done, so that it goes on where it was.
 */
export const remittanceRuns = pgTable('remittance_runs', {
  tenantId: tenantId(), id: id('remittanceRun').notNull(), lenderId: lenderId(), currency: char({ length: 3 }), throughOn: day().notNull(),
  reached: text().notNull(), statementCount: integer().notNull(), dueAt: instant(), createdAt: instant().notNull(), finishedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])

/** When a lender's money in one currency is passed on by itself. `dueAt` is when the period under way is over, in the agency's calendar. */
export const remittanceSchedules = pgTable('remittance_schedules', {
  tenantId: tenantId(), id: id('remittanceSchedule').notNull(), lenderId: id('lender').notNull(), currency: char({ length: 3 }).notNull(), every: text({ enum: frequencies }).notNull(),
  dueAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.currency),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])
