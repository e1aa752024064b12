import { foreignKey, index, integer, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { contactPoints } from '../parties/tables.ts'
import { placements } from '../placements/tables.ts'
import { messageChannels, messageReasons, messageStates } from './core.ts'

/**
 * Reminders. `plannedAt` is when one was to go out, `dueAt` when something is to be done about it by the agency's time; null: nothing.
 * `claimedUntil` is real time: until it has passed somebody has the message in hand. `personKey` names the person across lenders' records.
 * `rule` and `clause` say which law made it wait or be suppressed. `templateVersion` is the text it was last written by: an id, or `builtin:` and the name of one of ours.
 */
export const messages = pgTable('messages', {
  tenantId: tenantId(), id: id('message').notNull(), placementId: id('placement').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(),
  partyId: id('party').notNull(), contactPointId: id('contactPoint').notNull(), personKey: text().notNull(),
  channel: text({ enum: messageChannels }).notNull(), step: smallint().notNull(), state: text({ enum: messageStates }).notNull(),
  plannedAt: instant().notNull(), dueAt: instant(), claimedUntil: instant(), attempts: integer().notNull().default(0),
  decisionId: id('policyDecision'), templateVersion: text(), reason: text({ enum: messageReasons }), rule: text(), clause: text(),
  providerId: text(), sentAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.contactPointId, t.placementId, t.step),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.dueAt),
  index().on(t.tenantId, t.providerId),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.contactPointId], foreignColumns: [contactPoints.tenantId, contactPoints.id] }),
])
