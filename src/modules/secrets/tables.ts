import { boolean, index, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { instant, tenantId } from '#platform'

/**
 * How far an agency's sealed values have come under its newest data key, `version`. `tableName` and `afterId` say where the present pass
 * is; `dueAt` (the agency's time) is when it goes on, null when there is nothing to do. `isLastPass`: the one after every process has
 * taken the key up. `doneAt` is set when no value is left under an older key.
 */
export const resealings = pgTable('resealings', {
  tenantId: tenantId(), version: smallint().notNull(), tableName: text(), afterId: uuid(), isLastPass: boolean().notNull(),
  dueAt: instant(), startedAt: instant().notNull(), doneAt: instant(),
}, t => [primaryKey({ columns: [t.tenantId] }), index().on(t.tenantId, t.dueAt)])
