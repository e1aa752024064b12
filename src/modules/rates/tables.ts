import { index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { day, id, instant, tenantId } from '#platform'

/**
 * Values of reference rates as they were recorded: of the records for one day the last holds, and one without a value takes the day's value back. So what
 * was known at any instant can be told. `value` is exact, in per cent a year. Append-only.
 */
export const referenceRates = pgTable('reference_rates', {
  tenantId: tenantId(), id: id('referenceRate').notNull(), name: text().notNull(), effectiveOn: day().notNull(), value: text(), source: text().notNull(), recordedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.name, t.effectiveOn, t.id),
  index().on(t.tenantId, t.name, t.id),
])
