import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { contactPoints } from '../parties/tables.ts'
import { placements } from '../placements/tables.ts'
import { enrolments } from '../strategies/tables.ts'
import { callStates, callReasons } from './calls.core.ts'
import { messageChannels, messageReasons, messageStates } from './core.ts'

/**
 * Messages about debts, one for each debt and step of what it follows. Those of one person that go out together, about several debts of one lender, are one to its provider and
 * its recipient: `bundleId` is the id they went out by, the first one's own; null until then. `template` is the code of the text. `plannedAt` is when one was to go out, `dueAt` when something is to be done about it by the agency's time; null: nothing.
 * `claimedUntil` is real time: until it has passed somebody has the message in hand. `personKey` names the person across lenders' records.
 * `rule` and `clause` say which law made it wait or be suppressed. `templateVersion` is the text it was last written by: an id, or `builtin:` and the name of one of ours.
 */
export const messages = pgTable('messages', {
  tenantId: tenantId(), id: id('message').notNull(), enrolmentId: id('enrolment').notNull(), placementId: id('placement').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(),
  partyId: id('party').notNull(), contactPointId: id('contactPoint').notNull(), personKey: text().notNull(),
  channel: text({ enum: messageChannels }).notNull(), step: smallint().notNull(), template: text().notNull(), bundleId: id('message'), state: text({ enum: messageStates }).notNull(),
  plannedAt: instant().notNull(), dueAt: instant(), claimedUntil: instant(), attempts: integer().notNull().default(0),
  decisionId: id('policyDecision'), templateVersion: text(), reason: text({ enum: messageReasons }), rule: text(), clause: text(),
  providerId: text(), sentAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.contactPointId, t.enrolmentId, t.channel, t.step),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.dueAt),
  index('messages_waiting').on(t.tenantId, t.personKey, t.lenderId).where(sql`${t.dueAt} is not null`),
  index('messages_bundled').on(t.tenantId, t.bundleId).where(sql`${t.bundleId} is not null`),
  index().on(t.tenantId, t.providerId),
  foreignKey({ columns: [t.tenantId, t.enrolmentId], foreignColumns: [enrolments.tenantId, enrolments.id] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.contactPointId], foreignColumns: [contactPoints.tenantId, contactPoints.id] }),
])

/**
 * Calls that collectors are asked to make, one for each debt and step of what it follows. `plannedAt` is when one is to be asked for, `dueAt` the same until it was; `openedAt` is when it was.
 */
export const callTasks = pgTable('call_tasks', {
  tenantId: tenantId(), id: id('callTask').notNull(), enrolmentId: id('enrolment').notNull(), placementId: id('placement').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(),
  partyId: id('party').notNull(), contactPointId: id('contactPoint').notNull(), step: smallint().notNull(), state: text({ enum: callStates }).notNull(), reason: text({ enum: callReasons }),
  plannedAt: instant().notNull(), dueAt: instant(), openedAt: instant(), endedAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.enrolmentId, t.step),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.dueAt),
  index('call_tasks_open').on(t.tenantId, t.accountId).where(sql`${t.state} = 'open'`),
  foreignKey({ columns: [t.tenantId, t.enrolmentId], foreignColumns: [enrolments.tenantId, enrolments.id] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.contactPointId], foreignColumns: [contactPoints.tenantId, contactPoints.id] }),
])
