import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, day, id, instant, minor, sealed, sealedIn, tenantId } from '#platform'
import { journalEntries } from '../ledger/tables.ts'
import { formats, matchRules } from './core.ts'

/** The bank accounts that trust money stands on, each with a short name of the agency's and one currency. Made by the first file. */
export const bankAccounts = pgTable('bank_accounts', {
  tenantId: tenantId(), account: text().notNull(), currency: char({ length: 3 }).notNull(), createdAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.account] })])

/** Statements as the bank made them: what stood at the beginning and at the end, where it says so. `hash` is of all they say: each is kept once. */
export const bankStatements = pgTable('bank_statements', {
  tenantId: tenantId(), id: id('bankStatement').notNull(), account: text().notNull(), currency: char({ length: 3 }).notNull(), format: text({ enum: formats }).notNull(), reference: text(),
  fromOn: day().notNull(), toOn: day().notNull(), openingBalance: minor(), closingBalance: minor(), lineCount: integer().notNull(), newCount: integer().notNull(), hash: bytes().notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.account, t.hash),
  index().on(t.tenantId, t.account, t.id),
  foreignKey({ columns: [t.tenantId, t.account], foreignColumns: [bankAccounts.tenantId, bankAccounts.account] }),
  check('a period has a day', sql`${t.fromOn} <= ${t.toOn}`),
])

/**
 * What moved on a bank account: below zero, money left it. `key` makes a line itself in whatever file it comes; `row` is its place in the first. `text` is for
 * people and may name them: sealed. `returnReason` is why the bank gave money back. `matchedAt` while it is matched.
 */
export const bankLines = pgTable('bank_lines', {
  tenantId: tenantId(), id: id('bankLine').notNull(), account: text().notNull(), bankStatementId: id('bankStatement').notNull(), row: integer().notNull(), key: bytes().notNull(),
  bookedOn: day().notNull(), valueOn: day(), amount: minor().notNull(), currency: char({ length: 3 }).notNull(), reference: text(), bankReference: text(), text: sealed(), returnReason: text(),
  matchedAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.account, t.key),
  index().on(t.tenantId, t.account, t.id),
  index().on(t.tenantId, t.bankStatementId, t.id),
  index('bank_lines_of_nobody').on(t.tenantId, t.id).where(sql`${t.matchedAt} is null`),
  foreignKey({ columns: [t.tenantId, t.account], foreignColumns: [bankAccounts.tenantId, bankAccounts.account] }),
  foreignKey({ columns: [t.tenantId, t.bankStatementId], foreignColumns: [bankStatements.tenantId, bankStatements.id] }),
  check('money moves', sql`${t.amount} <> 0`),
])
sealedIn(bankLines, 'text')

/** Which entries of the journal a bank line is. An entry is matched once; `amount` is what it moved on the trust bank account. */
export const bankMatches = pgTable('bank_matches', {
  tenantId: tenantId(), entryId: id('journalEntry').notNull(), bankLineId: id('bankLine').notNull(), amount: minor().notNull(), rule: text({ enum: matchRules }).notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.entryId] }),
  index().on(t.tenantId, t.bankLineId),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  foreignKey({ columns: [t.tenantId, t.bankLineId], foreignColumns: [bankLines.tenantId, bankLines.id] }),
])
