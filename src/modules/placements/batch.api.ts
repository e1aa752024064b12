import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Balance, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import type { Id, Minor } from '#kernel'
import { BodyTooLarge, InvalidRequest, NotFound, UnsupportedMediaType, addBulkRoutes, compileInput, keyset, newId, pageAfterNumber, parseJsonText } from '#platform'
import type { Api, App, Services, Tx } from '#platform'
import { AgreementMissing } from '../lenders/index.ts'
import { checkBatch, createColumnMapping, placeBatch, startBatch } from './batch.commands.ts'
import { BatchEmpty, BatchTooLong, CsvMalformed, MappingMissing, batchStates, controlOf, rowOutcomes, rowsMax } from './batch.core.ts'
import { findBatch, findMapping, listBatches, listMappings, listOutcomes } from './batch.db.ts'
import type { BatchRow } from './batch.db.ts'
import { PlacementBatchInput } from './input.api.ts'
import { ColumnMapping, MappingRefused, mappingExample } from './mapping.core.ts'
import { discard, receiveBatch } from './receive.api.ts'
import type { Opening } from './receive.api.ts'

const mappingTextMax = 8 * 1024
const delimiters = { comma: ',', semicolon: ';', tab: '\t' } as const

const amount = (description: string) => Type.Unsafe<Minor>({ ...Balance, description })
const counted = (description: string) => Type.Integer({ description })
const matched = (description: string) => Nullable(Type.Boolean({ description }))

const BatchQuery = Type.Object({
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'The lender whose debts they are. A lender\'s own key may leave it out.' })),
  agreementId: Type.Optional(Type.Unsafe<Id<'agreement'>>({ ...IdOf('agreement'), description: 'The agreement they fall under; for each the newest one in force for its currency when left out.' })),
  placedOn: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The day of the placement for rows that name none; today in each row\'s time zone when left out.' })),
  dryRun: Type.Optional(Type.Boolean({ description: 'True: rows learn what would become of them, and nothing is placed.' })),
  expectedCount: Type.Optional(Type.Integer({ minimum: 0, maximum: rowsMax, description: 'How many rows you send; compared with what arrived.' })),
  expectedAmount: Type.Optional(amount('The sum of all balances you send, in minor units of their one currency; compared with what arrived.')),
  mappingId: Type.Optional(Type.Unsafe<Id<'columnMapping'>>({ ...IdOf('columnMapping'), description: 'A column mapping kept before.' })),
  mapping: Type.Optional(Type.String({ maxLength: mappingTextMax, description: 'A column mapping as JSON, instead of `mappingId`.' })),
  delimiter: Type.Optional(OneOf(Object.keys(delimiters) as (keyof typeof delimiters)[], 'What stands between the cells of a CSV file; `comma` when left out.')),
}, closed)
type BatchQuery = Static<typeof BatchQuery>

const fields = {
  id: IdOf('placementBatch'), lenderId: IdOf('lender'), agreementId: Nullable(IdOf('agreement')),
  state: OneOf(batchStates, '`receiving`: rows arrive; `processing`: they are placed; `processed`: each has its outcome.'),
  dryRun: Type.Boolean({ description: 'True: nothing is placed.' }), placedOn: Nullable(Day),
  rowCount: counted('Rows that arrived.'), doneCount: counted('Rows that have their outcome.'), acceptedCount: counted('Rows placed.'),
  duplicateCount: counted('Rows whose reference was taken.'), rejectedCount: counted('Rows refused.'),
  totals: Type.Array(Type.Object({
    currency: Currency, receivedAmount: amount('Sum of every row whose balance could be read.'), acceptedAmount: amount('Sum of the rows placed.'),
  }, { title: 'PlacementBatchTotal' }), { description: 'What the rows done amount to, by currency.' }),
  control: Type.Object({
    expectedCount: Nullable(counted('Rows the lender said it sends.')), expectedAmount: Nullable(amount('Sum the lender said it sends.')),
    isCountMatched: matched('Whether as many rows arrived; null: nothing was said, or rows still arrive.'),
    isAmountMatched: matched('Whether the balances of all rows, in one currency, sum to it; null: nothing was said, or rows are still placed.'),
  }, { title: 'ControlTotals', description: 'What the lender said it sends against what arrived.' }),
  createdAt: Instant, processedAt: Nullable(Instant),
}
const PlacementBatch = Type.Object(fields, { title: 'PlacementBatch' })

const PlacementBatchRow = Type.Object({
  row: counted('Place in the input, from 1.'), outcome: OneOf(rowOutcomes, 'What became of the row.'), code: Nullable(Type.String({ description: 'Why it was not placed: the kind of problem.' })),
  errors: Nullable(Type.Array(Type.Object({
    pointer: Type.String({ description: 'JSON pointer into the placement.' }), column: Nullable(Type.String({ description: 'The column it came from, if the batch was a file.' })), message: Type.String({ description: 'What is wrong there.' }),
  }), { description: 'Every violation found.' })),
  lenderReference: Nullable(Type.String({ description: 'The lender\'s number of the debt, once there is an account.' })), accountId: Nullable(IdOf('account')), placementId: Nullable(IdOf('placement')),
}, { title: 'PlacementBatchRow' })

const PlacedBatch = Type.Object({ ...fields, rows: Type.Array(PlacementBatchRow, { description: 'The outcome of every row, in input order.' }) }, { title: 'PlacedBatch' })

/** Shows a batch with its control totals. */
function showBatch ({ mapping: _, header: __, expectedCount, expectedAmount, totals, ...batch }: BatchRow) {
  const control = controlOf({ count: expectedCount, amount: expectedAmount }, batch.rowCount, totals)
  return {
    ...batch, totals: [...totals],
    control: {
      expectedCount, expectedAmount,
      isCountMatched: batch.state === 'receiving' ? null : control.isCountMatched, isAmountMatched: batch.state === 'processed' ? control.isAmountMatched : null,
    },
  }
}

const checkMapping = compileInput(ColumnMapping)

/** The mapping a batch names or brings along, or null. Throws `InvalidRequest`, `NotFound`. */
async function mappingOf (tx: Tx, { mapping, mappingId }: BatchQuery): Promise<ColumnMapping | null> {
  if (mapping !== undefined && mappingId !== undefined) throw InvalidRequest({}, { violations: [{ pointer: '/query/mapping', message: 'cannot stand beside mappingId' }] })
  if (mapping !== undefined) {
    const read = checkMapping(parseJsonText(mapping))
    if ('violations' in read) throw InvalidRequest({}, { violations: read.violations.map(({ pointer, message }) => ({ pointer: `/query/mapping${pointer}`, message })) })
    return read.value
  }
  if (mappingId === undefined) return null
  const kept = await findMapping(tx, mappingId)
  if (kept === null) throw NotFound({}, { violations: [{ pointer: '/query/mappingId', message: 'names no column mapping' }] })
  return kept.mapping
}

const tags = ['placements']
const path = Type.Object({ placementBatchId: IdOf('placementBatch') })

function addReceiving (app: App, { db, vault }: Services): void {
  app.post('/v1/placement-batches', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'createPlacementBatch', tags, summary: 'Place many debts',
      description: 'Hands many debts over, as JSON, as one placement a line (NDJSON) or as a file of columns (CSV) with a mapping; up to 64 MiB, JSON up to 16 MiB. Each row is placed, a duplicate or rejected by itself. A small batch is answered at once with the outcome of each row; a larger one is placed in the background: poll it, or wait for `placementBatch.processed`.',
      querystring: BatchQuery,
      body: { content: { 'application/json': { schema: PlacementBatchInput }, 'application/x-ndjson': { schema: Type.String({ description: 'One placement a line.' }) }, 'text/csv': { schema: Type.String({ description: 'Columns with their names in the first line.' }) } } },
      response: {
        201: PlacedBatch, 202: PlacementBatch,
        ...problems(NotFound, AgreementMissing, MappingMissing, MappingRefused, CsvMalformed, BatchEmpty, BatchTooLong, BodyTooLarge, UnsupportedMediaType),
      },
    },
  }, async (req, reply) => {
    const { query } = req
    const opening = await db.withTenant(req.principal(), async (tx): Promise<Opening> => ({
      id: newId('placementBatch'), lenderId: await checkBatch(tx, query.lenderId, query.agreementId), mapping: await mappingOf(tx, query), agreementId: query.agreementId ?? null,
      dryRun: query.dryRun ?? false, placedOn: query.placedOn ?? null, expectedCount: query.expectedCount ?? null, expectedAmount: query.expectedAmount ?? null,
      delimiter: delimiters[query.delimiter ?? 'comma'],
    }), { readOnly: true })
    const { batch, rowCount, hasParts, rest } = await receiveBatch(req, db, vault, opening)
    try {
      if (hasParts) return await reply.code(202).send(await req.tx(async tx => showBatch(await startBatch(tx, batch.id, rowCount))))
      return await reply.code(201).send(await req.tx(async tx => {
        const placed = await placeBatch(tx, vault, batch, rest)
        return { ...showBatch(placed.batch), rows: placed.rows }
      }))
    } catch (error) {
      // Also when the answer was given before: what was read again for it is not wanted.
      if (hasParts) await discard(req, db, batch)
      throw error
    }
  })
}

const ColumnMappingFields = { name: Text(100, 'What the mapping is called.', ['Monthly file']), mapping: ColumnMapping }
const StoredMapping = Type.Object({ id: IdOf('columnMapping'), lenderId: Nullable(IdOf('lender')), ...ColumnMappingFields, createdAt: Instant }, { title: 'StoredColumnMapping' })

function addMappings (app: App): void {
  app.post('/v1/column-mappings', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'createColumnMapping', tags, summary: 'Keep a column mapping', description: 'Keeps what the columns of a file mean, so that a batch needs only its id. A lender\'s key keeps its own.',
      body: Type.Object(ColumnMappingFields, { ...closed, title: 'ColumnMappingInput', examples: [{ name: 'Monthly file', mapping: mappingExample }] }),
      response: { 201: StoredMapping, ...problems(MappingRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createColumnMapping(tx, req.body))))

  app.get('/v1/column-mappings', {
    config: { scope: 'placements:read' },
    schema: { operationId: 'listColumnMappings', tags, summary: 'List column mappings', description: 'Column mappings by id. A lender\'s key sees its own.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(StoredMapping, 'ColumnMappingPage') } },
  }, async req => await req.tx(async tx => await listMappings(tx, keyset(req.query))))

  app.get('/v1/column-mappings/:columnMappingId', {
    config: { scope: 'placements:read' },
    schema: {
      operationId: 'getColumnMapping', tags, summary: 'Read a column mapping', description: 'One column mapping.', params: Type.Object({ columnMappingId: IdOf('columnMapping') }), response: { 200: StoredMapping, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const mapping = await findMapping(tx, req.params.columnMappingId)
    if (mapping === null) throw NotFound()
    return mapping
  }))
}

export const batchApi: Api = (app, services) => {
  addBulkRoutes(app, scope => { addReceiving(scope, services) })
  addMappings(app)

  app.get('/v1/placement-batches', {
    config: { scope: 'placements:read' },
    schema: {
      operationId: 'listPlacementBatches', tags, summary: 'List batches', description: 'Batches by id. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')), state: Type.Optional(fields.state) }, closed), response: { 200: Page(PlacementBatch, 'PlacementBatchPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    const page = await listBatches(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    return { ...page, data: page.data.map(showBatch) }
  }))

  app.get('/v1/placement-batches/:placementBatchId', {
    config: { scope: 'placements:read' },
    schema: { operationId: 'getPlacementBatch', tags, summary: 'Read a batch', description: 'How far a batch has come, what its rows amount to, and whether that is what the lender said.', params: path, response: { 200: PlacementBatch, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const batch = await findBatch(tx, req.params.placementBatchId)
    if (batch === null) throw NotFound()
    return showBatch(batch)
  }))

  app.get('/v1/placement-batches/:placementBatchId/rows', {
    config: { scope: 'placements:read' },
    schema: {
      operationId: 'listPlacementBatchRows', tags, summary: 'What became of each row', description: 'The outcomes of a batch\'s rows in input order; rows still waiting have none yet.', params: path,
      querystring: Type.Object({ ...PageQuery, outcome: Type.Optional(OneOf(rowOutcomes, 'Only rows with this outcome.')) }, closed), response: { 200: Page(PlacementBatchRow, 'PlacementBatchRowPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findBatch(tx, req.params.placementBatchId) === null) throw NotFound()
    const page = keyset(req.query)
    return await listOutcomes(tx, req.params.placementBatchId, req.query.outcome, { limit: page.limit, after: pageAfterNumber(page) })
  }))
}
