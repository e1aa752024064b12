import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { day, id, instant, lenderId, minor, tenantId, uuid } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { lenders } from '../lenders/tables.ts'
import { entryKinds } from './core.ts'
import { curers } from './cures.core.ts'

/**
 * The entries that statements look at. No statement shows those that change what a debtor owes and move no money, nor those that move money no lender sees move. An
 * index and the query it is for must say the same words.
 */
export const isStated = sql`kind not in ('placement', 'accrual', 'lateFee', 'cost', 'waiver', 'adjustment', 'recall', 'writeOff', 'clearing', 'clearingReversal', 'discount', 'balanceAdjustment', 'adjustmentReversal', 'refund', 'refundLost')`

/**
 * Facts about money, each with the day it took effect and the instant it was written down. Append-only for the application.
 * Without a lender it is of money that is no lender's yet: the agency alone sees it. `causeId` is the payment, charge or placement behind it: one entry of a kind for each cause, however often a job runs.
 */
export const journalEntries = pgTable('journal_entries', {
  tenantId: tenantId(), id: id('journalEntry').notNull(), lenderId: lenderId(), accountId: id('account'),
  kind: text({ enum: entryKinds }).notNull(), causeId: uuid().notNull(), effectiveOn: day().notNull(), recordedAt: instant().notNull(), reversalOf: id('journalEntry'),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.causeId, t.kind),
  uniqueIndex().on(t.tenantId, t.reversalOf).where(sql`${t.reversalOf} is not null`),
  index().on(t.tenantId, t.accountId, t.id),
  index('journal_entries_of_money').on(t.tenantId, t.lenderId, t.id).where(isStated),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.reversalOf], foreignColumns: [t.tenantId, t.id] }),
])

/** What a lender's trust money was short of, paid back into trust by the agency or by the lender. `reference` names it once with the lender. Append-only. */
export const trustCures = pgTable('trust_cures', {
  tenantId: tenantId(), id: id('trustCure').notNull(), lenderId: id('lender').notNull(), currency: char({ length: 3 }).notNull(), by: text({ enum: curers }).notNull(), amount: minor().notNull(),
  curedOn: day().notNull(), reference: text().notNull(), entryId: id('journalEntry').notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.reference),
  index().on(t.tenantId, t.reference),
  index().on(t.tenantId, t.lenderId, t.id),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  check('money moves', sql`${t.amount} > 0`),
])

/**
 * Movements of one amount from one ledger account (`credit`) to another (`debit`) of the same book. A row has both ends, so a book
 * cannot fall out of balance. It takes effect on the day of its entry, but for the lines of a correction: each belongs to a day of its own.
 * Append-only for the application.
 */
export const postings = pgTable('postings', {
  tenantId: tenantId(), entryId: id('journalEntry').notNull(), line: smallint().notNull(), lenderId: lenderId(),
  debit: text().notNull(), credit: text().notNull(), amount: minor().notNull(), currency: char({ length: 3 }).notNull(), effectiveOn: day().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.entryId, t.line] }),
  index().on(t.tenantId, t.lenderId),
  index('postings_of_trust').on(t.tenantId, t.lenderId, t.currency).where(sql`left(debit, 1) in ('T', 'O')`),
  index('postings_of_bank').on(t.tenantId, t.effectiveOn, t.entryId).where(sql`'T.BANK' in (debit, credit)`),
  index('postings_of_shortfalls').on(t.tenantId, t.currency).where(sql`'T.CLIENT_DUE' in (debit, credit)`),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  check('money moves', sql`${t.amount} > 0 and ${t.debit} <> ${t.credit}`),
  check('one book', sql`(left(${t.debit}, 1) in ('D', 'C')) = (left(${t.credit}, 1) in ('D', 'C')) and (left(${t.debit}, 1) = 'T') = (left(${t.credit}, 1) = 'T') and (left(${t.debit}, 1) = 'O') = (left(${t.credit}, 1) = 'O')`),
])
