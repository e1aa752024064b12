import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { CalendarDay, Id, Minor, PageOf } from '#kernel'
import { NotFound, bigints, integers, newId, ownRows, pageAfter, rowById, texts, uuids, write } from '#platform'
import type { Tx } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { amountMax, receivingHoursMax } from './batch.core.ts'
import type { BatchState, BatchTotal, Counts, RowOutcome } from './batch.core.ts'
import type { ColumnMapping, RowError } from './mapping.core.ts'
import { columnMappings, placementBatches, placementParts, placementRows, placementTotals } from './tables.ts'

const b = placementBatches

/** The totals of a batch, by currency. */
const totalsOf = sql<BatchTotal[]>`(select coalesce(json_agg(json_build_object('currency', t.currency, 'receivedAmount', t.received_amount, 'acceptedAmount', t.accepted_amount) order by t.currency), '[]')
  from ${placementTotals} t where t.tenant_id = ${b.tenantId} and t.batch_id = ${b.id})`

const columns = {
  id: b.id, lenderId: b.lenderId, agreementId: b.agreementId, state: b.state, dryRun: b.dryRun, placedOn: b.placedOn, mapping: b.mapping, header: b.header,
  expectedCount: b.expectedCount, expectedAmount: b.expectedAmount, rowCount: b.rowCount, doneCount: b.doneCount, acceptedCount: b.acceptedCount,
  duplicateCount: b.duplicateCount, rejectedCount: b.rejectedCount, totals: totalsOf, createdAt: b.createdAt, processedAt: b.processedAt,
}

/** What a batch is told when it begins. */
export interface NewBatch {
  id: Id<'placementBatch'>, lenderId: Id<'lender'>, agreementId: Id<'agreement'> | null, dryRun: boolean, placedOn: CalendarDay | null,
  mapping: ColumnMapping | null, header: string[] | null, expectedCount: number | null, expectedAmount: Minor | null
}

/** A batch as it stands. */
export interface BatchRow extends NewBatch, Counts { totals: BatchTotal[], state: BatchState, rowCount: number, createdAt: string, processedAt: string | null }

const isBatch = (tx: Tx, id: Id<'placementBatch'>) => and(eq(b.tenantId, tx.ctx.tenantId), eq(b.id, id))

/** Begins a batch whose rows are arriving. */
export async function insertBatch (tx: Tx, batch: NewBatch, dueAt: string): Promise<void> {
  await tx.insert(b).values({ tenantId: tx.ctx.tenantId, state: 'receiving', createdAt: tx.ctx.now.toISOString(), dueAt, ...batch })
}

/** A batch, or null. */
export async function findBatch (tx: Tx, id: Id<'placementBatch'>): Promise<BatchRow | null> {
  const [row] = await tx.select(columns).from(b).where(isBatch(tx, id))
  return row ?? null
}

/** A batch, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockBatch (tx: Tx, id: Id<'placementBatch'>): Promise<BatchRow> {
  const [row] = await tx.select(columns).from(b).where(isBatch(tx, id)).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Batches by id. */
export async function listBatches (tx: Tx, { lenderId, state }: { lenderId?: Id<'lender'>, state?: BatchState }, page: { limit: number, after: string | null }): Promise<PageOf<BatchRow>> {
  const rows = await tx.select(columns).from(b).where(and(
    eq(b.tenantId, tx.ctx.tenantId), ownRows(tx, b.lenderId), pageAfter(b.id, page), lenderId === undefined ? undefined : eq(b.lenderId, lenderId), state === undefined ? undefined : eq(b.state, state),
  )).orderBy(asc(b.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Moves a batch on, with the transaction's next query. */
export function setBatch (tx: Tx, id: Id<'placementBatch'>, set: { state?: BatchState, rowCount?: number, dueAt?: string | null, processedAt?: string }): void {
  write(tx, tx.update(b).set(set).where(isBatch(tx, id)).getSQL())
}

/** Counts rows done into their batch, with the transaction's next query: its lock is held for no longer than the database needs to commit. */
export function addProgress (tx: Tx, { id, lenderId }: { id: Id<'placementBatch'>, lenderId: Id<'lender'> }, { totals, ...counts }: Counts & { totals: readonly BatchTotal[] }): void {
  const tenantId = uuidOf(tx.ctx.tenantId)
  write(tx, sql`update placement_batches set done_count = done_count + ${counts.doneCount}, accepted_count = accepted_count + ${counts.acceptedCount},
      duplicate_count = duplicate_count + ${counts.duplicateCount}, rejected_count = rejected_count + ${counts.rejectedCount}
    where tenant_id = ${tenantId}::uuid and id = ${uuidOf(id)}::uuid`)
  if (totals.length === 0) return
  write(tx, sql`insert into placement_totals as t (tenant_id, batch_id, currency, lender_id, received_amount, accepted_amount)
    select ${tenantId}::uuid, ${uuidOf(id)}::uuid, currency, ${uuidOf(lenderId)}::uuid, received, accepted
    from unnest(${texts(totals.map(total => total.currency))}, ${bigints(totals.map(total => total.receivedAmount))}, ${bigints(totals.map(total => total.acceptedAmount))}) as u (currency, received, accepted)
    on conflict (tenant_id, batch_id, currency) do update set received_amount = least(t.received_amount + excluded.received_amount, ${amountMax}), accepted_amount = least(t.accepted_amount + excluded.accepted_amount, ${amountMax})`)
}

/** Batches all of whose rows have their outcome and which have not been declared processed, kept from others until the transaction ends. */
export async function lockDone (tx: Tx, limit: number): Promise<BatchRow[]> {
  return await tx.select(columns).from(b)
    .where(and(eq(b.tenantId, tx.ctx.tenantId), eq(b.state, 'processing'), lte(b.dueAt, tx.ctx.now.toISOString()), eq(b.doneCount, b.rowCount))).limit(limit).for('no key update', { skipLocked: true })
}

/** Keeps a part of a batch; `firstRow` counts from 1. */
export async function insertPart (tx: Tx, part: { batchId: Id<'placementBatch'>, lenderId: Id<'lender'>, firstRow: number, rows: Buffer }): Promise<void> {
  await tx.insert(placementParts).values({ tenantId: tx.ctx.tenantId, ...part })
}

/** The next part that waits to be placed and that nobody has in hand, with its batch; kept from others until the transaction ends. Null when there is none. */
export async function lockNextPart (tx: Tx): Promise<{ batch: BatchRow, firstRow: number, rows: Buffer } | null> {
  const [part] = await tx.select({ batch: columns, firstRow: placementParts.firstRow, rows: placementParts.rows }).from(placementParts)
    .innerJoin(b, and(eq(b.tenantId, placementParts.tenantId), eq(b.id, placementParts.batchId)))
    .where(and(eq(placementParts.tenantId, tx.ctx.tenantId), eq(b.state, 'processing'), lte(b.dueAt, tx.ctx.now.toISOString())))
    .orderBy(asc(b.dueAt), asc(placementParts.batchId), asc(placementParts.firstRow)).limit(1).for('no key update', { of: placementParts, skipLocked: true })
  return part ?? null
}

/** Removes a part that has been placed. */
export function deletePart (tx: Tx, batchId: Id<'placementBatch'>, firstRow: number): void {
  write(tx, sql`delete from placement_parts where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and batch_id = ${uuidOf(batchId)}::uuid and first_row = ${firstRow}`)
}

/** Removes batches with the parts they have received. */
export async function deleteBatches (tx: Tx, ids: Id<'placementBatch'>[]): Promise<void> {
  if (ids.length === 0) return
  await tx.delete(placementParts).where(and(eq(placementParts.tenantId, tx.ctx.tenantId), inArray(placementParts.batchId, ids)))
  await tx.delete(b).where(and(eq(b.tenantId, tx.ctx.tenantId), inArray(b.id, ids)))
}

/** Batches whose rows should all have arrived by now, kept from others until the transaction ends; `isStale`: for so long that nothing more will come. */
export async function lockReceiving (tx: Tx, limit: number): Promise<{ id: Id<'placementBatch'>, isStale: boolean }[]> {
  return await tx.select({ id: b.id, isStale: sql<boolean>`${b.receivedAt} < now() - make_interval(hours => ${receivingHoursMax})` }).from(b)
    .where(and(eq(b.tenantId, tx.ctx.tenantId), eq(b.state, 'receiving'), lte(b.dueAt, tx.ctx.now.toISOString()))).limit(limit).for('no key update', { skipLocked: true })
}

/** The outcome of a row. */
export interface BatchRowOutcome {
  row: number, outcome: RowOutcome, code: string | null, errors: readonly RowError[] | null, accountId: Id<'account'> | null, placementId: Id<'placement'> | null
}

/** Writes the outcomes of rows: one statement, however many. */
export function insertOutcomes (tx: Tx, { id, lenderId }: { id: Id<'placementBatch'>, lenderId: Id<'lender'> }, rows: readonly BatchRowOutcome[]): void {
  write(tx, sql`insert into placement_rows (tenant_id, batch_id, "row", lender_id, outcome, code, errors, account_id, placement_id)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, ${uuidOf(id)}::uuid, n, ${uuidOf(lenderId)}::uuid, outcome, code, errors::jsonb, account_id, placement_id
    from unnest(${integers(rows.map(r => r.row))}, ${texts(rows.map(r => r.outcome))}, ${texts(rows.map(r => r.code))},
      ${texts(rows.map(r => r.errors === null ? null : JSON.stringify(r.errors)))}, ${uuids(rows.map(r => r.accountId))}, ${uuids(rows.map(r => r.placementId))})
      as o (n, outcome, code, errors, account_id, placement_id)`)
}

/** The outcomes of a batch's rows in input order. `after` is the last row shown. */
export async function listOutcomes (tx: Tx, batchId: Id<'placementBatch'>, outcome: RowOutcome | undefined, page: { limit: number, after: number }) {
  const r = placementRows
  const rows = await tx.select({
    row: r.row, outcome: r.outcome, code: r.code, errors: r.errors, lenderReference: accounts.lenderReference, accountId: r.accountId, placementId: r.placementId,
  }).from(r).leftJoin(accounts, and(eq(accounts.tenantId, r.tenantId), eq(accounts.id, r.accountId)))
    .where(and(eq(r.tenantId, tx.ctx.tenantId), eq(r.batchId, batchId), sql`${r.row} > ${page.after}`, outcome === undefined ? undefined : eq(r.outcome, outcome)))
    .orderBy(asc(r.row)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => String(row.row))
}

const mappingColumns = { id: columnMappings.id, lenderId: columnMappings.lenderId, name: columnMappings.name, mapping: columnMappings.mapping, createdAt: columnMappings.createdAt }

/** A column mapping as it is kept. */
export interface MappingRow { id: Id<'columnMapping'>, lenderId: Id<'lender'> | null, name: string, mapping: ColumnMapping, createdAt: string }

export async function insertMapping (tx: Tx, mapping: { lenderId: Id<'lender'> | null, name: string, mapping: ColumnMapping }): Promise<MappingRow> {
  const [row] = await tx.insert(columnMappings).values({ tenantId: tx.ctx.tenantId, id: newId('columnMapping'), createdAt: tx.ctx.now.toISOString(), ...mapping }).returning(mappingColumns)
  return row!
}

/** A column mapping, or null. */
export const findMapping: (tx: Tx, id: Id<'columnMapping'>) => Promise<MappingRow | null> = rowById(columnMappings, db => db.select(mappingColumns).from(columnMappings))

/** Column mappings by id. */
export async function listMappings (tx: Tx, page: { limit: number, after: string | null }): Promise<PageOf<MappingRow>> {
  const rows = await tx.select(mappingColumns).from(columnMappings).where(and(eq(columnMappings.tenantId, tx.ctx.tenantId), ownRows(tx, columnMappings.lenderId), pageAfter(columnMappings.id, page)))
    .orderBy(asc(columnMappings.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
