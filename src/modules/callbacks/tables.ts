import { foreignKey, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, tenantId } from '#platform'
import { gateways } from '../gateways/tables.ts'
import { callbackOutcomes, callbackTypes } from './core.ts'

/** What providers sent, each once: `eventId` is the provider's own. Nothing of its text or addresses is kept. */
export const gatewayEvents = pgTable('gateway_events', {
  tenantId: tenantId(), id: id('gatewayEvent').notNull(), gatewayId: id('gateway').notNull(), eventId: text().notNull(), type: text({ enum: callbackTypes }).notNull(),
  outcome: text({ enum: callbackOutcomes }).notNull(), receivedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.gatewayId, t.eventId),
  foreignKey({ columns: [t.tenantId, t.gatewayId], foreignColumns: [gateways.tenantId, gateways.id] }),
])
