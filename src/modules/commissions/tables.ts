import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { day, document, id, instant, minor, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { journalEntries } from '../ledger/tables.ts'
import { agreements, lenders } from '../lenders/tables.ts'
import { placements } from '../placements/tables.ts'
import { commissionKinds, recoveries } from './core.ts'
import type { PlanTerms, Situation } from './plan.core.ts'

/** What the agency earns of a lender's debts in one currency, placed from a day on. A version is never edited: a change is the next version. Append-only. */
export const commissionPlans = pgTable('commission_plans', {
  tenantId: tenantId(), id: id('commissionPlan').notNull(), lenderId: id('lender').notNull(), currency: char({ length: 3 }).notNull(), version: smallint().notNull(),
  validFrom: day().notNull(), terms: document<PlanTerms>(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.currency, t.version),
  index().on(t.tenantId, t.lenderId, t.id),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])

/**
 * What the agency earned of each payment, and what it gave back: an accrual a payment, and its clawback (all amounts negative) when the payment
 * is reversed; and what a recall earned, once for its placement. When a fact arrived late and the payment settles other parts, `correctionId` says so: what it earned is given back and it earns
 * anew, under the next `number`. Written once and never changed. It keeps all it was computed from: what the payment settled (`principal` to `costs`), the plan
 * (null: the agreement's own terms) and the row that was hit, the situation that chose it, and what the debt's earlier payments, or the lender's of the month, had come to. `costsRecovered` is how much of the
 * costs it settled the agency had advanced and has back by it, posted as `recoveryEntryId`. `withheld` is how much of commission and VAT was kept from trust money; the rest is invoiced.
 */
export const commissionEntries = pgTable('commission_entries', {
  tenantId: tenantId(), id: id('commissionEntry').notNull(), lenderId: id('lender').notNull(), accountId: id('account').notNull(), paymentId: id('payment'), placementId: id('placement'),
  agreementId: id('agreement').notNull(), kind: text({ enum: commissionKinds }).notNull(), number: smallint().notNull(), correctionId: id('correction'), effectiveOn: day().notNull(), currency: char({ length: 3 }).notNull(),
  principal: minor().notNull(), interest: minor().notNull(), penalty: minor().notNull(), costs: minor().notNull(),
  planId: id('commissionPlan'), row: smallint().notNull(), situation: document<Situation>(), pastRecovered: minor().notNull(), pastCollected: minor().notNull(), pastExact: text().notNull(), pastCommission: minor().notNull(),
  costsRecovered: minor().notNull(), recoveryEntryId: id('journalEntry'),
  base: minor().notNull(), rate: text(), exact: text().notNull(), commission: minor().notNull(), vatRate: text().notNull(), vat: minor().notNull(),
  recoverFrom: text({ enum: recoveries }).notNull(), withheld: minor().notNull(), entryId: id('journalEntry'), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.paymentId, t.kind, t.number),
  uniqueIndex().on(t.tenantId, t.placementId),
  check('something earns', sql`(${t.paymentId} is null) = (${t.kind} = 'recallFee') and (${t.placementId} is null) = (${t.kind} <> 'recallFee')`),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.lenderId, t.effectiveOn),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.agreementId], foreignColumns: [agreements.tenantId, agreements.id] }),
  foreignKey({ columns: [t.tenantId, t.planId], foreignColumns: [commissionPlans.tenantId, commissionPlans.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  foreignKey({ columns: [t.tenantId, t.recoveryEntryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
])
