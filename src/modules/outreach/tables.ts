import { boolean, foreignKey, index, integer, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { contactPoints, parties } from '../parties/tables.ts'
import { placements } from '../placements/tables.ts'
import { attemptChannels, attemptOutcomes, directions, messageChannels, messageReasons, messageStates } from './core.ts'

/**
 * Reminders. `plannedAt` is when one was to go out, `dueAt` when something is to be done about it by the agency's time; null: nothing.
 * `claimedUntil` is real time: until it has passed somebody has the message in hand. `personKey` names the person across lenders' records.
 * `rule` and `clause` say which law made it wait or be suppressed.
 */
export const messages = pgTable('messages', {
  tenantId: tenantId(), id: id('message').notNull(), placementId: id('placement').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(),
  partyId: id('party').notNull(), contactPointId: id('contactPoint').notNull(), personKey: text().notNull(),
  channel: text({ enum: messageChannels }).notNull(), step: smallint().notNull(), state: text({ enum: messageStates }).notNull(),
  plannedAt: instant().notNull(), dueAt: instant(), claimedUntil: instant(), attempts: integer().notNull().default(0),
  decisionId: id('policyDecision'), reason: text({ enum: messageReasons }), rule: text(), clause: text(),
  providerId: text(), sentAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.contactPointId, t.placementId, t.step),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.contactPointId], foreignColumns: [contactPoints.tenantId, contactPoints.id] }),
])

/**
 * Every contact with a person about a debt, whoever began it and by whatever channel: the history that policy is asked with. `pending` is
 * a message that was permitted and of which nothing is known yet; it counts. `valueIndex` is the hash of the number or address.
 */
export const contactAttempts = pgTable('contact_attempts', {
  tenantId: tenantId(), id: id('contactAttempt').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), partyId: id('party').notNull(),
  contactPointId: id('contactPoint'), messageId: id('message'), personKey: text().notNull(), valueIndex: bytes(),
  channel: text({ enum: attemptChannels }).notNull(), direction: text({ enum: directions }).notNull(), outcome: text({ enum: [...attemptOutcomes, 'pending'] }).notNull(),
  at: instant().notNull(), wasLawful: boolean().notNull(), decisionId: id('policyDecision'), actorKind: text().notNull(), actorId: text(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.messageId),
  index().on(t.tenantId, t.partyId),
  index().on(t.tenantId, t.personKey, t.at),
  index().on(t.tenantId, t.valueIndex, t.at),
  index().on(t.tenantId, t.accountId, t.id),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
  foreignKey({ columns: [t.tenantId, t.contactPointId], foreignColumns: [contactPoints.tenantId, contactPoints.id] }),
  foreignKey({ columns: [t.tenantId, t.messageId], foreignColumns: [messages.tenantId, messages.id] }),
])
