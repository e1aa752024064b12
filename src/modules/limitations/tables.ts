import { boolean, foreignKey, index, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core'
import { day, id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { evidenceKinds, interruptionTypes, recordedKinds } from './core.ts'

/** The last day to sue for each debt, with the decision that says so; null: no law that is known says. `dueAt` is when the next warning is due, `warned` how many days before the last day the latest was for. */
export const limitations = pgTable('limitations', {
  tenantId: tenantId(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), lastOn: day(), decisionId: id('policyDecision'), dueAt: instant(), warned: smallint(), assessedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId] }),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])

/** What may begin the time of a debt anew, by the borrower's day. `source` is the payment it was, and empty for what was reached by contact; void: the payment was undone. */
export const interruptions = pgTable('limitation_interruptions', {
  tenantId: tenantId(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), type: text({ enum: interruptionTypes }).notNull(), happenedOn: day().notNull(), source: text().notNull(), isVoid: boolean().notNull().default(false),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId, t.type, t.happenedOn, t.source] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])

/** What people recorded of claims, by the borrower's day, and what there is to show for it; `until` is the last day of what lasts, null: it goes on, or does not last. */
export const limitationEvents = pgTable('limitation_events', {
  tenantId: tenantId(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), kind: text({ enum: recordedKinds }).notNull(), happenedOn: day().notNull(), until: day(),
  evidenceKind: text({ enum: evidenceKinds }).notNull(), evidenceReference: text(), actorKind: text().notNull(), actorId: text(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.accountId, t.kind, t.happenedOn] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])
