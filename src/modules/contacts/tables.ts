import { boolean, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, day, id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { contactPoints, parties } from '../parties/tables.ts'
import { attemptChannels, attemptOutcomes, contactResults, directions } from './core.ts'

/**
 * Every contact with a person about a debt, whoever began it and by whatever channel: the history that policy is asked with. `pending` is a
 * contact that was permitted and of which nothing is known yet: it counts; at `dueAt` it gives its place back and is `unused`, which counts for
 * nothing. `permittedUntil` is when a permitted contact had to begin; null: nobody allowed it. `valueIndex` is the hash of the number or address.
 */
export const contactAttempts = pgTable('contact_attempts', {
  tenantId: tenantId(), id: id('contactAttempt').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), partyId: id('party').notNull(),
  contactPointId: id('contactPoint'), messageId: id('message'), permittedUntil: instant(), dueAt: instant(), personKey: text().notNull(), valueIndex: bytes(),
  channel: text({ enum: attemptChannels }).notNull(), direction: text({ enum: directions }).notNull(), outcome: text({ enum: [...attemptOutcomes, 'pending', 'unused'] }).notNull(),
  result: text({ enum: contactResults }), durationSeconds: integer(), recordingReference: text(), recordingKeptUntil: day(),
  at: instant().notNull(), wasLawful: boolean().notNull(), decisionId: id('policyDecision'), actorKind: text().notNull(), actorId: text(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.messageId),
  index().on(t.tenantId, t.partyId),
  index().on(t.tenantId, t.personKey, t.at),
  index().on(t.tenantId, t.valueIndex, t.at),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.dueAt),
  index().on(t.tenantId, t.at),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
  foreignKey({ columns: [t.tenantId, t.contactPointId], foreignColumns: [contactPoints.tenantId, contactPoints.id] }),
])

/** Debts that a message was about besides the one it is recorded under: it counts for each. */
export const contactAttemptDebts = pgTable('contact_attempt_debts', {
  tenantId: tenantId(), contactAttemptId: id('contactAttempt').notNull(), accountId: id('account').notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.contactAttemptId, t.accountId] }),
  index().on(t.tenantId, t.accountId, t.contactAttemptId),
  foreignKey({ columns: [t.tenantId, t.contactAttemptId], foreignColumns: [contactAttempts.tenantId, contactAttempts.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
])

/** That a person is one contact from a limit, once for each rule (of debts: and debt), and the last day of the window it was counted in. */
export const contactAlerts = pgTable('contact_alerts', {
  tenantId: tenantId(), personKey: text().notNull(), name: text().notNull(), windowTo: day().notNull(), at: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.personKey, t.name, t.windowTo] })])

/** How often permits were not given, by the borrower's day, channel and the rule that stood in the way. */
export const permitDenials = pgTable('permit_denials', {
  tenantId: tenantId(), deniedOn: day().notNull(), channel: text({ enum: attemptChannels }).notNull(), rule: text().notNull(), count: integer().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.deniedOn, t.channel, t.rule] })])
