import { emit } from '#platform'
import type { Tx, Vault } from '#platform'
import type { Buckets, Id } from '#kernel'
import { AgreementMissing, findAgreement } from '../lenders/index.ts'
import { BatchEmpty, amountMax, partRowsMax, receivingHoursMax, rowRefusalOf, tally } from './batch.core.ts'
import type { DoneRow } from './batch.core.ts'
import {
  addProgress, deleteBatches, deletePart, findBatch, insertBatch, insertMapping, insertOutcomes, insertPart, listOutcomes, lockBatch, lockDone, lockNextPart, lockReceiving, setBatch,
} from './batch.db.ts'
import type { BatchRow, BatchRowOutcome, MappingRow, NewBatch } from './batch.db.ts'
import { lenderFor } from './commands.ts'
import { PlacementDuplicate } from './core.ts'
import { PlacementBatchProcessed, PlacementBatchReceived } from './events.ts'
import type { DebtInput } from './input.commands.ts'
import { compileMapping } from './mapping.core.ts'
import type { ColumnMapping } from './mapping.core.ts'
import { placeAccounts } from './place.commands.ts'
import type { PlacementOutcome } from './place.commands.ts'
import { debtTargets, partReader } from './rows.commands.ts'
import type { FileShape, PartRow } from './rows.commands.ts'

const hourMs = 3_600_000

/** Checks for whom a batch is, before its body is read. Throws `NotFound`, `AgreementMissing`. */
export async function checkBatch (tx: Tx, named: Id<'lender'> | undefined, agreementId: Id<'agreement'> | undefined): Promise<Id<'lender'>> {
  const lenderId = await lenderFor(tx, named)
  if (agreementId !== undefined && (await findAgreement(tx, agreementId))?.lenderId !== lenderId) throw AgreementMissing({ agreementId })
  return lenderId
}

/** Where a part is sealed: a part moved to another batch does not open. */
const placeOf = (tx: Tx, batchId: Id<'placementBatch'>, firstRow: number): string => `placement-part/${tx.ctx.tenantId}/${batchId}/${firstRow}`

/** Keeps rows that arrived, sealed. The first part begins the batch. */
export async function addPart (tx: Tx, vault: Vault, batch: NewBatch, firstRow: number, rows: readonly string[]): Promise<void> {
  if (firstRow === 1) await insertBatch(tx, batch, new Date(tx.ctx.now.getTime() + receivingHoursMax * hourMs).toISOString())
  await insertPart(tx, { batchId: batch.id, lenderId: batch.lenderId, firstRow, rows: vault.sealBytes(placeOf(tx, batch.id, firstRow), Buffer.from(rows.join('\n'))) })
}

/** Declares a batch received whole: from now on its parts are placed, one after another. */
export async function startBatch (tx: Tx, id: Id<'placementBatch'>, rowCount: number): Promise<BatchRow> {
  const batch = await lockBatch(tx, id)
  setBatch(tx, id, { state: 'processing', rowCount, dueAt: tx.ctx.now.toISOString() })
  emit(tx, PlacementBatchReceived, { lenderId: batch.lenderId }, { batchId: id, dryRun: batch.dryRun, rowCount })
  return { ...batch, state: 'processing', rowCount }
}

/** Places a batch of one part at once; answers it with the outcomes of its rows. Throws `BatchEmpty`. */
export async function placeBatch (tx: Tx, vault: Vault, input: NewBatch, rows: readonly string[]) {
  if (rows.length === 0) throw BatchEmpty()
  await insertBatch(tx, input, tx.ctx.now.toISOString())
  await placePart(tx, vault, await startBatch(tx, input.id, rows.length), 1, rows)
  finishBatch(tx, await lockBatch(tx, input.id))
  const done = (await findBatch(tx, input.id))!
  return { batch: done, rows: (await listOutcomes(tx, input.id, undefined, { limit: partRowsMax, after: 0 })).data }
}

/** Removes what was received of a batch that is not wanted after all. A batch received whole stays. */
export async function discardBatch (tx: Tx, id: Id<'placementBatch'>): Promise<void> {
  if ((await findBatch(tx, id))?.state === 'receiving') await deleteBatches(tx, [id])
}

/** The most batches that one sweep looks at. */
const sweptMax = 20

/** Removes batches whose caller vanished an hour ago; others that a test clock made due are looked at again later. */
export async function sweepBatches (tx: Tx): Promise<void> {
  const found = await lockReceiving(tx, sweptMax)
  await deleteBatches(tx, found.filter(({ isStale }) => isStale).map(({ id }) => id))
  for (const { id } of found.filter(({ isStale }) => !isStale)) setBatch(tx, id, { dueAt: new Date(tx.ctx.now.getTime() + receivingHoursMax * hourMs).toISOString() })
}

/** Places the next part that waits, and removes it, in this one transaction: however often it is begun, its rows are placed once. False when none waits. */
export async function placeNextPart (tx: Tx, vault: Vault): Promise<boolean> {
  const part = await lockNextPart(tx)
  if (part === null) return false
  const { batch } = part
  const rows = vault.openBytes(placeOf(tx, batch.id, part.firstRow), part.rows).toString('utf8').split('\n')
  deletePart(tx, batch.id, part.firstRow)
  await placePart(tx, vault, batch, part.firstRow, rows)
  return true
}

/** Places the rows of a part, writes their outcomes and counts them. */
async function placePart (tx: Tx, vault: Vault, batch: BatchRow, firstRow: number, lines: readonly string[]): Promise<void> {
  const { id, lenderId, agreementId, placedOn, dryRun } = batch
  const read = partReader(shapeOf(batch))
  const rows = lines.map(read)
  const debts = rows.filter((row): row is PartRow & { debt: DebtInput } => row.debt !== null && row.earlier === null)
  const placed = await placeAccounts(tx, vault, { lenderId, batchId: id, placedOn, isDryRun: dryRun, ...agreementId !== null && { agreementId } }, debts.map(({ debt }) => debt))
  // Both are in the order of the rows.
  let next = 0
  const outcomes = rows.map((row, i) => outcomeOf(firstRow + i, row, row === debts[next] ? placed[next++] : undefined))
  insertOutcomes(tx, batch, outcomes)
  addProgress(tx, batch, tally(rows.map(({ debt }, i): DoneRow => ({ outcome: outcomes[i]!.outcome, amount: debt === null ? null : { currency: debt.currency, total: sumOf(debt.balance) } }))))
}

const shapeOf = ({ mapping, header }: BatchRow): FileShape | null => mapping === null || header === null ? null : { mapping, header }

const sumOf = ({ principal, interest = 0, penalty = 0, costs = 0 }: Partial<Buckets> & { principal: number }): number => Math.min(principal + interest + penalty + costs, amountMax)

/** What became of a row, as it is written down. */
function outcomeOf (row: number, { earlier, refusal, columnAt }: PartRow, placed: PlacementOutcome | undefined): BatchRowOutcome {
  if (placed?.outcome === 'accepted') return { row, outcome: 'accepted', code: null, errors: null, accountId: placed.accountId, placementId: placed.placementId }
  const nothing = { row, accountId: null, placementId: null }
  if (earlier !== null) return { ...nothing, outcome: 'duplicate', code: PlacementDuplicate.code, errors: [{ pointer: '/lenderReference', column: null, message: `is the reference of row ${earlier}` }] }
  if (placed === undefined) return { ...nothing, outcome: 'rejected', ...refusal! }
  return { ...nothing, outcome: placed.outcome, ...rowRefusalOf(placed.refusal, columnAt), accountId: placed.outcome === 'duplicate' ? placed.accountId : null }
}

/** The most batches that are declared processed at once. */
const finishedMax = 20

/** Declares batches processed whose last row has been placed. They stay due until then, so that one whose worker ended in between is found again. */
export async function finishBatches (tx: Tx): Promise<void> {
  for (const batch of await lockDone(tx, finishedMax)) finishBatch(tx, batch)
}

function finishBatch (tx: Tx, { id, lenderId, dryRun, rowCount, acceptedCount, duplicateCount, rejectedCount, totals }: BatchRow): void {
  setBatch(tx, id, { state: 'processed', dueAt: null, processedAt: tx.ctx.now.toISOString() })
  emit(tx, PlacementBatchProcessed, { lenderId }, { batchId: id, dryRun, rowCount, acceptedCount, duplicateCount, rejectedCount, totals })
}

/** Keeps a column mapping under a name: a lender's for itself, the agency's for itself. Throws `MappingRefused` on targets and readings that do not fit. */
export async function createColumnMapping (tx: Tx, { name, mapping }: { name: string, mapping: ColumnMapping }): Promise<MappingRow> {
  const header = Object.values(mapping).flatMap(source => 'column' in source ? [source.column] : [])
  compileMapping(mapping, [...new Set(header.map(column => column.trim()))], debtTargets)
  return await insertMapping(tx, { lenderId: tx.ctx.lenderId, name, mapping })
}
