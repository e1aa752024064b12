import { sql } from 'drizzle-orm'
import { boolean, foreignKey, index, integer, jsonb, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, day, document, id, instant, lenderId, minor, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { agreements, lenders } from '../lenders/tables.ts'
import { batchStates, rowOutcomes } from './batch.core.ts'
import { closeCodes } from './core.ts'
import { claims, contestReasons, recallReasons, storedStates } from './life.core.ts'
import type { ColumnMapping, RowError } from './mapping.core.ts'

/**
 * A debt in this agency's hands for one term. At most one placement of an account is offered or active. `claim`: what has begun to end one that is still worked.
 * `answerBy` is the last day for the answer that is awaited, `askedOn` the day the agency asked for information, `recallAskedOn` the day the lender asked for the debt. `toldEndsOn` is the end of the term that was told,
 * `extendedDays` by how much it was extended in all. `dueAt` is when time brings the next step.
 */
export const placements = pgTable('placements', {
  tenantId: tenantId(), id: id('placement').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), agreementId: id('agreement').notNull(),
  batchId: id('placementBatch'), placementNumber: smallint().notNull(), state: text({ enum: storedStates }).notNull(), claim: text({ enum: claims }),
  placedOn: day().notNull(), termEndsOn: day().notNull(), toldEndsOn: day(), extendedDays: smallint().notNull().default(0),
  answerBy: day(), askedOn: day(), questions: jsonb().$type<string[]>(), answers: jsonb().$type<string[]>(),
  recallAskedOn: day(), recallReason: text({ enum: recallReasons }), contestReason: text({ enum: contestReasons }), contestEvidence: text(),
  closeCode: text({ enum: closeCodes }), endedAt: instant(), dueAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.accountId, t.placementNumber),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.agreementId], foreignColumns: [agreements.tenantId, agreements.id] }),
])

/**
 * A hand-over of many debts. Its rows wait in parts until they are placed. `dueAt`: while rows arrive, when to see whether they still do; while parts
 * wait, and until the last is counted, at once. `expectedCount` and `expectedAmount` are the control totals the lender gave; `header` are the columns of a file, read by `mapping`.
 * `receivedAt` is real time: a test clock moves no upload.
 */
export const placementBatches = pgTable('placement_batches', {
  tenantId: tenantId(), id: id('placementBatch').notNull(), lenderId: id('lender').notNull(), agreementId: id('agreement'),
  state: text({ enum: batchStates }).notNull(), dryRun: boolean().notNull(), placedOn: day(), mapping: jsonb().$type<ColumnMapping>(), header: jsonb().$type<string[]>(),
  expectedCount: integer(), expectedAmount: minor(),
  rowCount: integer().notNull().default(0), doneCount: integer().notNull().default(0), acceptedCount: integer().notNull().default(0),
  duplicateCount: integer().notNull().default(0), rejectedCount: integer().notNull().default(0),
  dueAt: instant(), createdAt: instant().notNull(), receivedAt: instant().notNull().default(sql`now()`), processedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])

/** What the rows of a batch that are done amount to, by currency: of every row whose balance could be read, and of those placed. */
export const placementTotals = pgTable('placement_totals', {
  tenantId: tenantId(), batchId: id('placementBatch').notNull(), currency: text().notNull(), lenderId: id('lender').notNull(), receivedAmount: minor().notNull(), acceptedAmount: minor().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.batchId, t.currency] }),
  foreignKey({ columns: [t.tenantId, t.batchId], foreignColumns: [placementBatches.tenantId, placementBatches.id] }),
])

/** Rows received and not yet placed, sealed: each part is placed, answered and deleted in one transaction. `firstRow` counts from 1. */
export const placementParts = pgTable('placement_parts', {
  tenantId: tenantId(), batchId: id('placementBatch').notNull(), lenderId: id('lender').notNull(), firstRow: integer().notNull(), rows: bytes().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.batchId, t.firstRow] }),
  foreignKey({ columns: [t.tenantId, t.batchId], foreignColumns: [placementBatches.tenantId, placementBatches.id] }),
])

/** What became of each row of a batch, in input order. */
export const placementRows = pgTable('placement_rows', {
  tenantId: tenantId(), batchId: id('placementBatch').notNull(), row: integer().notNull(), lenderId: id('lender').notNull(),
  outcome: text({ enum: rowOutcomes }).notNull(), code: text(), errors: jsonb().$type<RowError[]>(), accountId: id('account'), placementId: id('placement'),
}, t => [
  primaryKey({ columns: [t.tenantId, t.batchId, t.row] }),
  foreignKey({ columns: [t.tenantId, t.batchId], foreignColumns: [placementBatches.tenantId, placementBatches.id] }),
])

/** Column mappings kept under a name, so that a file needs only its id. Without a lender it is the agency's own. */
export const columnMappings = pgTable('column_mappings', {
  tenantId: tenantId(), id: id('columnMapping').notNull(), lenderId: lenderId(), name: text().notNull(), mapping: document<ColumnMapping>(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.lenderId, t.id),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])
