import { sql } from 'drizzle-orm'
import { index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, sealed, sealedIn, tenantId } from '#platform'
import { gatewayChannels } from './adapter.core.ts'
import { adapterIds, gatewayStates } from './core.ts'

/**
 * Providers of mail and SMS: one active for each channel. `secret` signs what they send, where it was made by us; `credentials` are what their adapter asks for, as one JSON text.
 * `url` is the gateway's own address; null: the adapter's, or none. The index by id alone finds whose a callback is.
 */
export const gateways = pgTable('gateways', {
  tenantId: tenantId(), id: id('gateway').notNull(), channel: text({ enum: gatewayChannels }).notNull(), adapter: text({ enum: adapterIds }).notNull(), state: text({ enum: gatewayStates }).notNull(),
  url: text(), senderId: text(), secret: sealed(), credentials: sealed(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.id),
  uniqueIndex().on(t.tenantId, t.channel).where(sql`state = 'active'`),
])
sealedIn(gateways, 'secret', 'credentials')
