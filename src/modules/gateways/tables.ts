import { foreignKey, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, sealed, sealedIn, tenantId } from '#platform'
import { callbackOutcomes, callbackTypes, providerChannels } from './core.ts'

/** Providers of mail and SMS that tell the agency what became of its messages. `secret` signs what they send. The index by id alone finds whose a callback is. */
export const gateways = pgTable('gateways', {
  tenantId: tenantId(), id: id('gateway').notNull(), channel: text({ enum: providerChannels }).notNull(), secret: sealed().notNull(), createdAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] }), index().on(t.id)])
sealedIn(gateways, 'secret')

/** What providers sent, each once: `eventId` is the provider's own. Nothing of its text or addresses is kept. */
export const gatewayEvents = pgTable('gateway_events', {
  tenantId: tenantId(), id: id('gatewayEvent').notNull(), gatewayId: id('gateway').notNull(), eventId: text().notNull(), type: text({ enum: callbackTypes }).notNull(),
  outcome: text({ enum: callbackOutcomes }).notNull(), receivedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.gatewayId, t.eventId),
  foreignKey({ columns: [t.tenantId, t.gatewayId], foreignColumns: [gateways.tenantId, gateways.id] }),
])
