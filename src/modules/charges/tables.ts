import { sql } from 'drizzle-orm'
import { char, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { dayCounts } from '#kernel'
import { day, document, id, instant, minor, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { journalEntries } from '../ledger/tables.ts'
import { agreements } from '../lenders/tables.ts'
import { placements } from '../placements/tables.ts'
import { chargeKinds, rateUnits, waiverReasons } from './core.ts'
import type { FeeState } from './fees.core.ts'
import type { Limits } from './limits.core.ts'

/** Where a stretch of days on one base began, as it is stored: the sum before it is exact. */
export interface StoredStretch { from: string, base: number, cap: string | null, before: string }

/**
 * How far each account has been charged under its present placement. `exactInterest` is what its interest comes to so far, exactly, `postedInterest` what of
 * that has been posted, `capitalized` the interest that bears interest; `stretch` is kept for day counts that cannot be cut. `fees` are the late fees still
 * to come, and what those before came to. `limits` is what the law was found to allow, from which day on. `dueAt` is the next midnight in the debtor's calendar; null while nothing can be charged. Whoever changes a row
 * holds the account's lock.
 */
export const chargeSchedules = pgTable('charge_schedules', {
  tenantId: tenantId(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), placementId: id('placement').notNull(), agreementId: id('agreement').notNull(),
  chargedThroughOn: day().notNull(), exactInterest: text().notNull(), postedInterest: minor().notNull(), capitalized: minor().notNull(), stretch: jsonb().$type<StoredStretch>(), fees: document<FeeState>(), limits: document<Limits[]>(), dueAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId] }),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.agreementId], foreignColumns: [agreements.tenantId, agreements.id] }),
])

/**
 * Interest and late fees, each with all it was computed from. `exact` is the sum before rounding; interest of less than half a minor unit
 * so far has an amount of zero and no entry. `causedBy` makes a charge unique: a day bears interest once, an event brings one fee. A charge that a late fact
 * changed is superseded by the correction that computed it anew, and stays to be read.
 */
export const charges = pgTable('charges', {
  tenantId: tenantId(), id: id('charge').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), kind: text({ enum: chargeKinds }).notNull(),
  fromOn: day().notNull(), toOn: day().notNull(), base: minor().notNull(), rate: text(), rateUnit: text({ enum: rateUnits }),
  dayCount: text({ enum: dayCounts }), days: integer(), exact: text().notNull(), amount: minor().notNull(), currency: char({ length: 3 }).notNull(),
  causedBy: text().notNull(), entryId: id('journalEntry'), waivedAt: instant(), waiverReason: text({ enum: waiverReasons }), waiverEntryId: id('journalEntry'), policyDecisionId: id('policyDecision'), supersededBy: id('correction'), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.accountId, t.kind, t.causedBy).where(sql`${t.supersededBy} is null`),
  index().on(t.tenantId, t.accountId, t.id),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  foreignKey({ columns: [t.tenantId, t.waiverEntryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
])
