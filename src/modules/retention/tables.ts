import { sql } from 'drizzle-orm'
import { foreignKey, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { day, id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { parties } from '../parties/tables.ts'
import { categories } from './core.ts'

/**
 * Debts that are closed. `endsAt` is when the longest term of what is kept of one has run out, at the end of its last day in the borrower's calendar; null: nobody can tell. `dueAt` is when it
 * is next looked at: then, or when the law is to be asked again; null: it is held, or nothing is left to delete. A debt at work has no row.
 */
export const retentions = pgTable('retentions', {
  tenantId: tenantId(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), endsAt: instant(), dueAt: instant(), askedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId] }),
  index().on(t.tenantId, t.dueAt).where(sql`${t.dueAt} is not null`),
  index('retentions_ending').on(t.tenantId, t.endsAt, t.accountId).where(sql`${t.dueAt} is not null`),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])

/** What the law says of each category of what is kept of a closed debt, with the decision that says so: to be kept until the end of a day, not to be kept beyond one; null: it does not say. */
export const retentionDeadlines = pgTable('retention_deadlines', {
  tenantId: tenantId(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), category: text({ enum: categories }).notNull(), keepUntil: day(), deleteBy: day(),
  pack: text(), rule: text(), clause: text(), decisionId: id('policyDecision').notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId, t.category] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])

/** The people of a debt each time it was closed: a debt that is placed again has others, and those of before are deleted with it. */
export const retentionParties = pgTable('retention_parties', {
  tenantId: tenantId(), accountId: id('account').notNull(), partyId: id('party').notNull(), lenderId: id('lender').notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId, t.partyId] }),
  index().on(t.tenantId, t.partyId),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
])
