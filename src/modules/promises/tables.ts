import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { day, document, id, instant, minor, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { parties } from '../parties/tables.ts'
import { placements } from '../placements/tables.ts'
import { cancelReasons, promiseChannels, promiseStates } from './core.ts'
import type { Dated } from './core.ts'

/**
 * Promises to pay, in minor units of `currency`, by the borrower's days. `parts` are by day and sum to `amount`; `graceEndsOn` is the last day on which money for the last of them is in
 * time. `paid` is what was received and counts. `dueAt` is when an open one is judged: at the end of the last day of grace of the part that is waited for; null once it is not open.
 * `decidedAt` is when it came to its state. A debt has at most one that is open.
 */
export const promises = pgTable('promises', {
  tenantId: tenantId(), id: id('promise').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), placementId: id('placement').notNull(), partyId: id('party').notNull(),
  amount: minor().notNull(), currency: char({ length: 3 }).notNull(), parts: document<Dated[]>(), graceDays: smallint().notNull(), madeOn: day().notNull(), graceEndsOn: day().notNull(),
  channel: text({ enum: promiseChannels }), contactAttemptId: id('contactAttempt'), state: text({ enum: promiseStates }).notNull(), reason: text({ enum: cancelReasons }), supersededBy: id('promise'),
  paid: minor().notNull(), dueAt: instant(), decidedAt: instant(), takenBy: text().notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex('promises_one_open').on(t.tenantId, t.accountId).where(sql`state = 'open'`),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.dueAt).where(sql`${t.dueAt} is not null`),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
  check('what is open is judged', sql`(${t.state} = 'open') = (${t.dueAt} is not null)`),
  check('money is promised', sql`${t.amount} > 0 and ${t.paid} >= 0`),
])
