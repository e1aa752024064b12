import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, pgTable, primaryKey, smallint, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { count, id, instant, lenderId, sealed, sealedIn, tenantId } from '#platform'
import { lenders } from '../lenders/tables.ts'
import { deliveryStates, pauseReasons } from './core.ts'

/**
 * Where events are sent: the agency's own endpoints, and those of each lender. `dueAt` is when there is something to send (the agency's
 * time): the earliest attempt of its deliveries, not before `heldUntil`; null while paused or when nothing is left. `failures` counts
 * attempts that failed since the last that did not, `failingSince` is the time of the first of them. Events up to `afterSequence` were before it.
 * While `leasedUntil`, in real time, has not passed, `leasedBy` alone sends there.
 */
export const webhookEndpoints = pgTable('webhook_endpoints', {
  tenantId: tenantId(), id: id('webhookEndpoint').notNull(), lenderId: lenderId(), url: text().notNull(), filters: text().array().notNull(), description: text(),
  apiVersion: smallint().notNull(), secret: sealed().notNull(), previousSecret: sealed(), previousSecretExpiresAt: instant(),
  state: text({ enum: ['active', 'paused', 'deleted'] }).notNull(), pauseReason: text({ enum: pauseReasons }), pausedAt: instant(),
  failures: integer().notNull().default(0), failingSince: instant(), heldUntil: instant(), dueAt: instant(),
  leasedBy: uuid(), leasedUntil: instant(), afterSequence: count().notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.dueAt),
])
sealedIn(webhookEndpoints, 'secret', 'previousSecret')

/**
 * One event on its way to one endpoint. `attempts` counts all, `tries` those since it was last set out: the place in the schedule.
 * `nextAttemptAt` is the agency's time; null when nothing more is to be sent.
 */
export const deliveries = pgTable('deliveries', {
  tenantId: tenantId(), id: id('delivery').notNull(), endpointId: id('webhookEndpoint').notNull(), lenderId: lenderId(),
  eventSequence: count().notNull(), eventId: id('event').notNull(), eventType: text().notNull(),
  state: text({ enum: deliveryStates }).notNull().default('pending'), attempts: integer().notNull().default(0), tries: integer().notNull().default(0),
  nextAttemptAt: instant(), lastStatus: smallint(), lastError: text(), lastAttemptAt: instant(), deliveredAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  foreignKey({ columns: [t.tenantId, t.endpointId], foreignColumns: [webhookEndpoints.tenantId, webhookEndpoints.id] }),
  uniqueIndex().on(t.tenantId, t.endpointId, t.eventSequence),
  index().on(t.tenantId, t.endpointId, t.nextAttemptAt, t.eventSequence).where(sql`next_attempt_at is not null`),
])

/** What each attempt came to. `answer` is the first KiB of what the receiver said; `status` is null when it said nothing. */
export const deliveryAttempts = pgTable('delivery_attempts', {
  tenantId: tenantId(), deliveryId: id('delivery').notNull(), n: integer().notNull(), lenderId: lenderId(),
  at: instant().notNull(), status: smallint(), latencyMs: integer().notNull(), answer: text(), error: text(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.deliveryId, t.n] }),
  foreignKey({ columns: [t.tenantId, t.deliveryId], foreignColumns: [deliveries.tenantId, deliveries.id] }),
])
