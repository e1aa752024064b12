import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { day, id, instant, minor, tenantId } from '#platform'
import { agreements, lenders } from '../lenders/tables.ts'
import { parties } from '../parties/tables.ts'
import { partyRoles, stages } from './core.ts'

/**
 * Debts. What is owed stands in four buckets, in minor units of `currency`; the ledger moves them and nothing else does.
 * `closedAt` is set while no placement of the account is at work.
 */
export const accounts = pgTable('accounts', {
  tenantId: tenantId(), id: id('account').notNull(), lenderId: id('lender').notNull(), agreementId: id('agreement').notNull(),
  lenderReference: text().notNull(), product: text().notNull(), currency: char({ length: 3 }).notNull(),
  jurisdiction: char({ length: 2 }).notNull(), region: text(), timeZone: text().notNull(),
  contractOn: day(), dueOn: day().notNull(), judgedOn: day(), stage: text({ enum: stages }).notNull(),
  principal: minor().notNull(), interest: minor().notNull(), penalty: minor().notNull(), costs: minor().notNull(),
  placedOn: day().notNull(), closedAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.lenderReference),
  index().on(t.tenantId, t.lenderId, t.id),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
  foreignKey({ columns: [t.tenantId, t.agreementId], foreignColumns: [agreements.tenantId, agreements.id] }),
  check('no bucket is negative', sql`${t.principal} >= 0 and ${t.interest} >= 0 and ${t.penalty} >= 0 and ${t.costs} >= 0`),
])

/** Who has to do with a debt, and how. A `contactOnly` party is never collected from. */
export const accountParties = pgTable('account_parties', {
  tenantId: tenantId(), accountId: id('account').notNull(), partyId: id('party').notNull(), lenderId: id('lender').notNull(), role: text({ enum: partyRoles }).notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId, t.partyId] }),
  index().on(t.tenantId, t.partyId),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
])
