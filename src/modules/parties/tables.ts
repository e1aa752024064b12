import { boolean, foreignKey, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { WeeklyWindow } from '#kernel'
import { bytes, document, id, instant, sealed, sealedIn, tenantId } from '#platform'
import { lenders } from '../lenders/tables.ts'
import { consentChannels, consentKinds, consentPurposes, consentSources, consentStates, contactChannels, contactPointStates, partyKinds, revealPurposes } from './core.ts'

/**
 * People and companies, as one lender knows them: the same borrower of two lenders is two rows that share `identityIndex`, so that
 * neither lender learns of the other. `name` and `identity` are null once erased.
 */
export const parties = pgTable('parties', {
  tenantId: tenantId(), id: id('party').notNull(), lenderId: id('lender').notNull(), kind: text({ enum: partyKinds }).notNull(),
  name: sealed(), identity: sealed(), identityIndex: bytes(), language: text(), erasedAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.identityIndex),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])
sealedIn(parties, 'name', 'identity')

/**
 * Ways to reach a party. `value` is null once erased; `valueIndex` stays, so that an opt-out outlives the erasure. `timeZones` are where the party may be by
 * the number's area or the address's place, and none when it does not tell.
 */
export const contactPoints = pgTable('contact_points', {
  tenantId: tenantId(), id: id('contactPoint').notNull(), partyId: id('party').notNull(), lenderId: id('lender').notNull(),
  channel: text({ enum: contactChannels }).notNull(), value: sealed(), valueIndex: bytes().notNull(), isWorkplace: boolean().notNull().default(false),
  timeZones: text().array().notNull(), state: text({ enum: contactPointStates }).notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.partyId),
  index().on(t.tenantId, t.valueIndex),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
])
sealedIn(contactPoints, 'value')

/**
 * What a person said about being contacted, newest first by `at`. It belongs to the address (`valueIndex`), not to one lender's record
 * of it, and so to the agency alone. `accountId` null: of every debt. From `until` on it is as if it had not been said.
 */
export const consents = pgTable('consents', {
  tenantId: tenantId(), id: id('consent').notNull(), valueIndex: bytes().notNull(), channel: text({ enum: consentChannels }).notNull(),
  kind: text({ enum: consentKinds }).notNull(), purpose: text({ enum: consentPurposes }).notNull(), accountId: id('account'), until: instant(),
  state: text({ enum: consentStates }).notNull(), source: text({ enum: consentSources }).notNull(), at: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] }), index().on(t.tenantId, t.valueIndex, t.channel, t.at)])

/**
 * When a person said they may be contacted, and when not: each row is all that was said until then, the last one holds. It belongs to the person, named by the hash
 * of their identity or else by this one record, and so to the agency alone.
 */
export const contactHours = pgTable('contact_hours', {
  tenantId: tenantId(), id: id('contactHours').notNull(), personKey: text().notNull(), requested: document<WeeklyWindow[]>(), inconvenient: document<WeeklyWindow[]>(),
  source: text({ enum: consentSources }).notNull(), at: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] }), index().on(t.tenantId, t.personKey, t.id)])

/** Who read personal data in the clear, and whose: one row a reading. */
export const reveals = pgTable('reveals', {
  tenantId: tenantId(), id: id('reveal').notNull(), partyId: id('party').notNull(), actorKind: text().notNull(), actorId: text(),
  operation: text().notNull(), purpose: text({ enum: revealPurposes }).notNull(), at: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.partyId, t.id),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
])
