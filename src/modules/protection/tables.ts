import { sql } from 'drizzle-orm'
import { boolean, foreignKey, index, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { Buckets } from '#kernel'
import { id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { disputeReasons, disputeStates, holdKinds, legalHoldEndings, legalHoldReasons } from './core.ts'

/**
 * Holds on accounts: an overlay, never a status. Active from `startsAt` until `endsAt` (null: until released); a released one has `releasedAt`.
 * `dueAt` is when its end is to be announced. What it stops is written down when it is placed. A legal hold has a `reason`, and a
 * `releaseReason` when it is lifted.
 */
export const holds = pgTable('holds', {
  tenantId: tenantId(), id: id('hold').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), kind: text({ enum: holdKinds }).notNull(),
  stopsContact: boolean().notNull(), stopsInterest: boolean().notNull(), stopsLateFees: boolean().notNull(),
  startsAt: instant().notNull(), endsAt: instant(), dueAt: instant(), releasedAt: instant(), reason: text({ enum: legalHoldReasons }), releaseReason: text({ enum: legalHoldEndings }), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])

/** What a borrower or lender contests about a debt. Each open one has a hold, and a debt has at most one open. `disputed` says how much of which part, when that is known. */
export const disputes = pgTable('disputes', {
  tenantId: tenantId(), id: id('dispute').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), holdId: id('hold').notNull(),
  reason: text({ enum: disputeReasons }).notNull(), disputed: jsonb().$type<Partial<Buckets>>(), state: text({ enum: disputeStates }).notNull(), openedAt: instant().notNull(), resolvedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.lenderId, t.id),
  index('disputes_of_parts').on(t.tenantId, t.accountId).where(sql`disputed is not null`),
  uniqueIndex('disputes_one_open').on(t.tenantId, t.accountId).where(sql`state = 'open'`),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.holdId], foreignColumns: [holds.tenantId, holds.id] }),
])
