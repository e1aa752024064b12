import { char, foreignKey, index, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { day, document, id, instant, tenantId } from '#platform'
import type { AgreementTerms, FormerType } from './core.ts'

/** Creditors that place debts with the agency. `formerTypes` are what a lender was before it became of its `type`, oldest first. Row security lets a lender's key see its own row. */
export const lenders = pgTable('lenders', {
  tenantId: tenantId(), id: id('lender').notNull(), name: text().notNull(), type: text(), formerTypes: document<FormerType[]>(), createdAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] })])

/** What was agreed with a lender for debts in one currency. A version is never edited: a change is the next version. */
export const agreements = pgTable('agreements', {
  tenantId: tenantId(), id: id('agreement').notNull(), lenderId: id('lender').notNull(), currency: char({ length: 3 }).notNull(), version: smallint().notNull(),
  effectiveOn: day().notNull(), terms: document<AgreementTerms>(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.currency, t.version),
  index().on(t.tenantId, t.lenderId, t.id),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])
