import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { count, document, id, instant, sealed, sealedIn, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { placements } from '../placements/tables.ts'
import { itemStates, leaseStates, orderings, workOutcomes } from './core.ts'
import type { QueueFilter } from './core.ts'

/**
 * Queues that collectors pull work from. `dueAt` is set while a queue is being filled from the accounts there are; the account reached is
 * `fillAfter`. `arrivals` counts how often work came in, many items at once or one. `announcedAt` is when work was last announced; null once
 * somebody has found the queue empty since.
 */
export const queues = pgTable('queues', {
  tenantId: tenantId(), id: id('queue').notNull(), name: text().notNull(), filter: document<QueueFilter>(), ordering: text({ enum: orderings }).notNull(),
  fillAfter: id('account'), scannedCount: integer().notNull().default(0), filledAt: instant(),
  arrivals: count().notNull().default(0), announcedAt: instant(), dueAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.name),
  index().on(t.tenantId, t.dueAt),
])

/**
 * Loans of work to whoever pulled it: `holderId` is the member of staff, or the key of a service. `dueAt` is when a held lease lapses;
 * null once it has ended.
 */
export const leases = pgTable('leases', {
  tenantId: tenantId(), id: id('lease').notNull(), queueId: id('queue').notNull(), holderKind: text().notNull(), holderId: text().notNull(),
  state: text({ enum: leaseStates }).notNull(), dueAt: instant(), createdAt: instant().notNull(), endedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.dueAt).where(sql`${t.dueAt} is not null`),
  foreignKey({ columns: [t.tenantId, t.queueId], foreignColumns: [queues.tenantId, queues.id] }),
  check('a held lease lapses', sql`(${t.state} = 'held') = (${t.dueAt} is not null)`),
])

/**
 * An account's place in a queue, for one placement. The higher `priority` goes first. `zone` says whose hours hold for the debt (see `zoneOf`).
 * `leaseId` is the lease it is on, or was on last. `readyAt` is until when it was put off; `dueAt` is the same while it waits for that,
 * otherwise null.
 */
export const workItems = pgTable('work_items', {
  tenantId: tenantId(), id: id('workItem').notNull(), queueId: id('queue').notNull(), accountId: id('account').notNull(), placementId: id('placement').notNull(),
  zone: text().notNull(), priority: count().notNull(), state: text({ enum: itemStates }).notNull(), leaseId: id('lease'),
  attempts: smallint().notNull().default(0), readyAt: instant(), dueAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.queueId, t.accountId, t.placementId),
  // A lease is the head of this index, however many items wait.
  index('work_items_ready').on(t.tenantId, t.queueId, t.zone, t.priority.desc().nullsFirst(), t.id).where(sql`${t.state} = 'ready'`),
  index().on(t.tenantId, t.dueAt).where(sql`${t.dueAt} is not null`),
  index('work_items_leased').on(t.tenantId, t.leaseId).where(sql`${t.state} = 'leased'`),
  foreignKey({ columns: [t.tenantId, t.queueId], foreignColumns: [queues.tenantId, queues.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.leaseId], foreignColumns: [leases.tenantId, leases.id] }),
  check('leased work has a lease', sql`${t.state} <> 'leased' or ${t.leaseId} is not null`),
  check('only deferred work waits', sql`(${t.state} = 'deferred') = (${t.dueAt} is not null)`),
])

/** How work on items ended, each time it did. `note` is a collector's free text and may hold anything that was said: it is sealed, and null once erased. */
export const workCompletions = pgTable('work_completions', {
  tenantId: tenantId(), id: id('workCompletion').notNull(), workItemId: id('workItem').notNull(), accountId: id('account').notNull(), leaseId: id('lease').notNull(),
  outcome: text({ enum: workOutcomes }).notNull(), contactAttemptId: id('contactAttempt'), readyAt: instant(), note: sealed(),
  completedBy: text().notNull(), completedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.workItemId, t.id),
  index().on(t.tenantId, t.accountId),
  foreignKey({ columns: [t.tenantId, t.workItemId], foreignColumns: [workItems.tenantId, workItems.id] }),
  foreignKey({ columns: [t.tenantId, t.leaseId], foreignColumns: [leases.tenantId, leases.id] }),
])
sealedIn(workCompletions, 'note')
