import { Readable, pipeline } from 'node:stream'
import { CsvError, parse as csvParser } from 'csv-parse'
import type { FastifyRequest } from 'fastify'
import { InvalidRequest, bulkBytesMax, bulkText, bulkTypeOf, bulkTypes, compileInput, parseJson } from '#platform'
import type { Database, Vault } from '#platform'
import { addPart, discardBatch } from './batch.commands.ts'
import {
  BatchTooLong, CsvMalformed, MappingMissing, RowTooLong, columnsMax, lineCutter, lineOf, partCharactersMax, partRowsMax, rowCharactersMax, rowRefusalOf, rowsMax,
} from './batch.core.ts'
import type { RowContent } from './batch.core.ts'
import type { NewBatch } from './batch.db.ts'
import { JsonBatch } from './input.api.ts'
import { compileMapping } from './mapping.core.ts'
import type { ColumnMapping } from './mapping.core.ts'
import { debtTargets } from './rows.commands.ts'

/** The largest batch sent as one JSON value: it is read whole, where the other formats are read as they come. */
const jsonBytesMax = 16 * 1024 * 1024

/** A batch whose body has been read: its rows are in parts already, but for the last of a batch that fits into one. */
export interface Receipt { readonly batch: NewBatch, readonly rowCount: number, readonly hasParts: boolean, readonly rest: readonly string[] }

/** A row as it comes, with the reference by which rows of a batch are told apart. */
interface Incoming { readonly content: RowContent, readonly reference: unknown }

/** What is known of a batch before its rows: `mapping` is null until a JSON body brings one. */
export type Opening = Omit<NewBatch, 'header'> & { delimiter: string }

/**
 * Reads a batch's body and keeps its rows in sealed parts, each in a transaction of its own, holding no more than one part in memory.
 * Whatever is refused (no CSV, bytes that are not UTF-8, too many of them, a header that the mapping does not fit) leaves nothing behind.
 */
export async function receiveBatch (req: FastifyRequest, db: Database, vault: Vault, { delimiter, ...opening }: Opening): Promise<Receipt> {
  const batch: NewBatch = { ...opening, header: null }
  const parts = partKeeper(async (firstRow, rows) => await db.withTenant(req.principal(), async tx => await addPart(tx, vault, batch, firstRow, rows)))
  try {
    for await (const rows of rowsOf(req, batch, delimiter)) for (const row of rows) await parts.add(row)
    return { batch, ...await parts.end() }
  } catch (error) {
    await parts.abandon()
    await discard(req, db, batch)
    throw error
  }
}

/** Removes what was received. What cannot be removed now is swept later. */
export async function discard (req: FastifyRequest, db: Database, { id }: NewBatch): Promise<void> {
  await db.withTenant(req.principal(), async tx => await discardBatch(tx, id)).catch(() => undefined)
}

/** Gathers rows into parts. One part is being stored while the next is gathered, never more. */
function partKeeper (store: (firstRow: number, rows: readonly string[]) => Promise<void>) {
  const references = new Map<string, number>()
  let storing: Promise<void> = Promise.resolve()
  let rows: string[] = []
  let characters = 0
  let rowCount = 0
  let hasParts = false
  const flush = async (): Promise<void> => {
    await storing
    hasParts = true
    storing = store(rowCount - rows.length + 1, rows)
    // It is awaited with the next part; until then its failure is nobody's.
    storing.catch(() => undefined)
    rows = []
    characters = 0
  }
  return {
    async add ({ content, reference }: Incoming): Promise<void> {
      // A full part is stored when there is more to come, so that a batch of one part is never stored at all.
      if (rows.length === partRowsMax || characters >= partCharactersMax) await flush()
      if (++rowCount > rowsMax) throw BatchTooLong({ rowsMax })
      const earlier = typeof reference === 'string' ? references.get(reference) ?? null : null
      if (earlier === null && typeof reference === 'string') references.set(reference, rowCount)
      const line = lineOf({ earlier, content })
      rows.push(line)
      characters += line.length
    },
    async end (): Promise<Omit<Receipt, 'batch'>> {
      if (hasParts) await flush()
      await storing
      return { rowCount, hasParts, rest: rows }
    },
    async abandon (): Promise<void> { await storing.catch(() => undefined) },
  }
}

/** The rows of a body in the order they come, some at a time. Sets the batch's header, and the mapping that a JSON body brings. */
function rowsOf (req: FastifyRequest, batch: NewBatch, delimiter: string): AsyncGenerator<readonly Incoming[]> {
  const type = bulkTypeOf(req, bulkTypes)
  if (type === 'application/json') return jsonRows(bulkText(req, jsonBytesMax), batch)
  if (type === 'text/csv') return csvRows(bulkText(req, bulkBytesMax), batch, delimiter)
  return lineRows(bulkText(req, bulkBytesMax))
}

async function * lineRows (pieces: AsyncGenerator<Buffer>): AsyncGenerator<readonly Incoming[]> {
  const cutter = lineCutter()
  for await (const piece of pieces) yield cutter.cut(piece.toString('utf8')).flatMap(incomingLine)
  yield cutter.end().flatMap(incomingLine)
}

/** A line of JSON, read just far enough to know its reference: it is read strictly when it is placed. Blank lines are none. */
function incomingLine (line: string | null): Incoming[] {
  if (line === null) return [{ content: { refusal: rowRefusalOf(RowTooLong()) }, reference: null }]
  const json = line.trim()
  return json === '' ? [] : [{ content: { json }, reference: referenceIn(json) }]
}

function referenceIn (json: string): unknown {
  try {
    return (JSON.parse(json) as { lenderReference?: unknown } | null)?.lenderReference
  } catch {
    return null
  }
}

const checkJsonBatch = compileInput(JsonBatch)

async function * jsonRows (pieces: AsyncGenerator<Buffer>, batch: NewBatch): AsyncGenerator<readonly Incoming[]> {
  const all: Buffer[] = []
  for await (const piece of pieces) all.push(piece)
  const body = checkJsonBatch(parseJson(Buffer.concat(all)))
  if ('violations' in body) throw InvalidRequest({}, body)
  const { rows, mapping } = body.value
  if (mapping !== undefined) batch.mapping = mapping
  if (batch.mapping === null) {
    yield rows.map(row => ({ content: { json: JSON.stringify(row) }, reference: (row as { lenderReference?: unknown } | null)?.lenderReference }))
    return
  }
  const header = headerOf(rows)
  const referenceAt = openFile(batch, batch.mapping, header)
  yield rows.map(row => {
    const cells = header.map(column => cellOf(new Map(Object.entries(row ?? {})).get(column)))
    return { content: { cells }, reference: referenceAt(cells) }
  })
}

/** The columns of rows that are flat objects: every name that occurs. */
function headerOf (rows: readonly unknown[]): string[] {
  const header = new Set<string>()
  for (const row of rows) for (const name of Object.keys(row ?? {})) if (header.size <= columnsMax) header.add(name)
  return [...header]
}

const cellOf = (value: unknown): string => value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

/** Takes up the columns of a file. Answers how the reference of a row is read. Throws `MappingRefused` when the mapping does not fit them. */
function openFile (batch: NewBatch, mapping: ColumnMapping, header: readonly string[]): (cells: readonly string[]) => unknown {
  if (header.length > columnsMax) throw CsvMalformed({ columnsMax })
  compileMapping(mapping, header, debtTargets)
  batch.header = [...header]
  const { lenderReference } = mapping
  if (lenderReference === undefined) return () => null
  const read = compileMapping({ lenderReference }, header, debtTargets)
  return cells => {
    const mapped = read(cells)
    return 'value' in mapped ? mapped.value['lenderReference'] : null
  }
}

/** How many rows of a file are handed on at once. */
const recordsMax = 200

async function * csvRows (pieces: AsyncGenerator<Buffer>, batch: NewBatch, delimiter: string): AsyncGenerator<readonly Incoming[]> {
  if (batch.mapping === null) throw MappingMissing()
  const parser = csvParser({ bom: true, delimiter, relax_column_count: true, skip_empty_lines: true, skip_records_with_empty_values: true, max_record_size: rowCharactersMax, info: false })
  // What the source throws comes out of the parser, which is read below.
  pipeline(Readable.from(pieces), parser, () => undefined)
  let referenceAt: ((cells: readonly string[]) => unknown) | null = null
  let rows: Incoming[] = []
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (referenceAt === null) referenceAt = openFile(batch, batch.mapping, cells)
      else rows.push({ content: { cells }, reference: referenceAt(cells) })
      if (rows.length < recordsMax) continue
      yield rows
      rows = []
    }
  } catch (error) {
    throw csvRefusal(error)
  }
  yield rows
}

const csvRefusal = (error: unknown): unknown => error instanceof CsvError ? CsvMalformed({ line: Number(error['lines'] ?? 0), reason: error.code }) : error
