import { Readable, pipeline } from 'node:stream'
import { CsvError, parse as csvParser } from 'csv-parse'
import type { FastifyRequest } from 'fastify'
import { SaxesParser } from 'saxes'
import type { Minor } from '#kernel'
import { bulkText, bulkTypeOf } from '#platform'
import { accountOf, camtElements, camtNamespace, statementReader } from './camt.core.ts'
import type { Element, StatementReader } from './camt.core.ts'
import { BankFileEmpty, BankFileMalformed, BankFileTooLong, linesMax } from './core.ts'
import type { BankFile, ReadStatement } from './core.ts'
import { readRows } from './rows.core.ts'
import type { RawRow } from './rows.core.ts'

/** What a bank's file may be written in. */
export const bankFileTypes = ['text/csv', 'application/xml'] as const

/** The largest file. */
const bytesMax = 32 * 1024 * 1024

/** What a CSV file does not say itself. */
export interface CsvBalances { openingBalance: Minor | null, closingBalance: Minor | null }

/** Reads the file in a request's body. Throws `UnsupportedMediaType`, `BodyTooLarge`, `BankFileMalformed`, `BankFileEmpty`, `BankFileTooLong`, `BankRowsInvalid`. */
export async function readBankFile (req: FastifyRequest, balances: CsvBalances): Promise<BankFile> {
  const pieces = bulkText(req, bytesMax)
  const file: BankFile = bulkTypeOf(req, bankFileTypes) === 'text/csv' ? { format: 'csv', statements: [await readCsv(pieces, balances)] } : { format: 'camt053', statements: await readCamt(pieces) }
  if (file.statements.every(({ rows, openingBalance, closingBalance }) => rows.length === 0 && openingBalance === null && closingBalance === null)) throw BankFileEmpty()
  return file
}

const csvColumns = ['bookedOn', 'amount', 'currency', 'reference', 'text', 'bankReference'] as const
const csvNeeded: readonly string[] = ['bookedOn', 'amount', 'currency']
const recordBytesMax = 16 * 1024

function checkHeader (header: readonly string[]): string[] {
  const names = header.map(name => name.trim())
  const isKnown = names.every((name, i) => (csvColumns as readonly string[]).includes(name) && names.indexOf(name) === i)
  if (!isKnown || !csvNeeded.every(name => names.includes(name))) throw BankFileMalformed({ columns: csvColumns.join(',') })
  return names
}

async function readCsv (pieces: AsyncGenerator<Buffer>, balances: CsvBalances): Promise<ReadStatement> {
  const parser = csvParser({ bom: true, skip_empty_lines: true, trim: true, max_record_size: recordBytesMax, info: false })
  // What the source throws comes out of the parser, which is read below.
  pipeline(Readable.from(pieces), parser, () => undefined)
  const raw: RawRow[] = []
  let header: string[] | null = null
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (header === null) {
        header = checkHeader(cells)
        continue
      }
      if (raw.length === linesMax) throw BankFileTooLong({ linesMax })
      const cell = (name: typeof csvColumns[number]): string => cells[header!.indexOf(name)] ?? ''
      raw.push({ bookedOn: cell('bookedOn'), valueOn: '', amount: cell('amount'), currency: cell('currency'), isDebit: false, reference: cell('reference'), bankReference: cell('bankReference'), text: cell('text'), returnReason: '' })
    }
  } catch (error) {
    throw error instanceof CsvError ? BankFileMalformed({ line: Number(error['lines'] ?? 0), reason: error.code }) : error
  }
  if (raw.length === 0) throw BankFileEmpty()
  const { currency } = raw[0]!
  const rows = readRows(raw, currency)
  const days = raw.map(({ bookedOn }) => bookedOn).sort()
  return { reference: null, currency, fromOn: days[0]!, toOn: days.at(-1)!, ...balances, rows }
}

/** How deep elements of a document may lie in each other, and how many of those that are looked at it may have: no bank's file comes near. */
const depthMax = 40
const elementsMax = 1_000_000

/** Reads a camt.053 document as it comes: of entries that have been read only their lines are kept. A document type, and with it every entity of the document's own, is refused. */
async function readCamt (pieces: AsyncGenerator<Buffer>): Promise<ReadStatement[]> {
  const parser = new SaxesParser({ xmlns: true, position: true })
  const malformed = (reason: string) => BankFileMalformed({ line: parser.line, reason: reason.slice(0, 200) })
  parser.on('error', error => { throw malformed(error.message) })
  parser.on('doctype', () => { throw malformed('a document type is not taken') })
  parser.on('xmldecl', ({ encoding }) => { if (encoding !== undefined && encoding.toUpperCase() !== 'UTF-8') throw malformed('the encoding is not UTF-8') })
  const statements = statementsOf(parser, malformed)
  for await (const piece of pieces) parser.write(piece.toString('utf8'))
  parser.close()
  if (new Set(statements.accounts).size > 1) throw malformed('statements of several accounts')
  if (statements.read.length === 0) throw BankFileEmpty()
  return statements.read
}

function statementsOf (parser: SaxesParser<{ xmlns: true, position: true }>, malformed: (reason: string) => Error): { read: ReadStatement[], accounts: string[] } {
  const found = { read: [] as ReadStatement[], accounts: [] as string[] }
  const open: Element[] = []
  let reader: StatementReader | null = null
  let rowCount = 0
  let elements = 0
  parser.on('opentag', ({ local, uri, attributes }) => {
    const isOurs = camtNamespace.test(uri)
    if (open.length === 0 && !isOurs) throw malformed(`not a document of camt.053.001.02 to 08: ${local}`)
    if (open.length === depthMax) throw malformed('elements lie too deep')
    if (isOurs && local === 'Stmt') reader = statementReader(rowCount + 1)
    // What others put in, under names of their own, has no name here.
    open.push({ name: isOurs ? local : '', currency: attributes['Ccy']?.value ?? '', text: '', children: [] })
  })
  const addText = (text: string): void => {
    const last = open.at(-1)
    if (last !== undefined) last.text += text
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    const element = open.pop()!
    if (element.name === 'Ntry' && reader !== null) {
      reader.add(element)
      if (rowCount + reader.rowCount() > linesMax) throw BankFileTooLong({ linesMax })
    } else if (element.name === 'Stmt' && reader !== null) {
      found.read.push(reader.end(element))
      found.accounts.push(accountOf(element))
      rowCount += reader.rowCount()
      reader = null
    } else if (camtElements.has(element.name)) {
      if (++elements > elementsMax) throw malformed('too many elements')
      open.at(-1)?.children.push(element)
    }
  })
  return found
}
