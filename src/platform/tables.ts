import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, jsonb, pgTable, primaryKey, smallint, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytes, count, id, instant, lenderId, sealed, tenantId } from './db/columns.ts'
import { sealedIn } from './secrets/reseal.ts'

/**
 * The agencies, as the machine knows them. `clockAt` is the present time of a sandbox agency that lives by a test clock; null: the wall clock.
 * What an agency is to people is in modules/tenants.
 */
export const tenants = pgTable('tenants', {
  tenantId: tenantId().primaryKey(), name: text().notNull(), livemode: boolean().notNull(), clockAt: instant(),
  jurisdiction: text().notNull(), timeZone: text().notNull(), createdAt: instant().notNull().default(sql`now()`),
}, t => [check('only a sandbox has a test clock', sql`not ${t.livemode} or ${t.clockAt} is null`)])

/** How far each stream of events has come: one row for the agency (`stream` is its own id) and one for each lender. */
export const eventHeads = pgTable('event_heads', {
  tenantId: tenantId(), stream: uuid().notNull(), sequence: count().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.stream] })])

/** What happened: outbox, audit trail and webhook payload. Append-only for the application. */
export const events = pgTable('events', {
  tenantId: tenantId(), sequence: count().notNull(), id: id('event').notNull(),
  type: text().notNull(), version: smallint().notNull(),
  accountId: id('account'), lenderId: lenderId(), lenderSequence: count(),
  data: jsonb().notNull(), actorKind: text().notNull(), actorId: text(), correlationId: text().notNull(), livemode: boolean().notNull(),
  occurredAt: instant().notNull(), recordedAt: instant().notNull().default(sql`now()`),
}, t => [
  primaryKey({ columns: [t.tenantId, t.sequence] }),
  uniqueIndex().on(t.tenantId, t.id),
  index().on(t.tenantId, t.accountId, t.sequence),
  index().on(t.tenantId, t.lenderId, t.lenderSequence),
])

/** How far each job has come for an agency, and what it is stuck on. `sequence` is the last event an event job has read. */
export const jobStates = pgTable('job_states', {
  tenantId: tenantId(), job: text().notNull(), sequence: count().notNull(),
  attempts: integer().notNull().default(0), retryAt: instant(), error: text(),
}, t => [primaryKey({ columns: [t.tenantId, t.job] })])

/** Work that was given up after its last attempt, for an operator to see and retry. */
export const deadLetters = pgTable('dead_letters', {
  tenantId: tenantId(), id: id('deadLetter').notNull(), job: text().notNull(), sequence: count(), error: text().notNull(),
  attempts: integer().notNull(), failedAt: instant().notNull().default(sql`now()`), retriedAt: instant(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] })])

/** Answers already given to an Idempotency-Key. The answer is sealed: it may hold a secret shown once. */
export const idempotencyKeys = pgTable('idempotency_keys', {
  tenantId: tenantId(), keyHash: bytes().notNull(), requestHash: bytes().notNull(), status: smallint().notNull(), answer: bytes().notNull(),
  createdAt: instant().notNull().default(sql`now()`),
}, t => [primaryKey({ name: 'idempotency_keys_pkey', columns: [t.tenantId, t.keyHash] }), index().on(t.createdAt)])

/** Data keys of an agency, wrapped by a master key of the installation. `purpose`: `fields` rotates, `index` stays. */
export const dataKeys = pgTable('data_keys', {
  tenantId: tenantId(), purpose: text({ enum: ['fields', 'index'] }).notNull(), version: smallint().notNull(),
  masterKeyId: text().notNull(), wrapped: bytes().notNull(), createdAt: instant().notNull().default(sql`now()`),
}, t => [primaryKey({ columns: [t.tenantId, t.purpose, t.version] })])

/** Letters handed to the local mailbox, which stands in for providers of mail and SMS that are not configured. */
export const mailbox = pgTable('mailbox', {
  tenantId: tenantId(), id: id('mailboxLetter').notNull(), channel: text({ enum: ['email', 'sms'] }).notNull(), key: text().notNull(),
  recipient: sealed().notNull(), subject: sealed(), body: sealed().notNull(), createdAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] }), uniqueIndex().on(t.tenantId, t.key)])
sealedIn(mailbox, 'recipient', 'subject', 'body')
