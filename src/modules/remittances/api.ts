import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { Amount, Balance, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Ratio, SignedAmount, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { entryKinds } from '../ledger/index.ts'
import { remittances } from '../lenders/index.ts'
import { findRemittance, findStatement, findStatementText, listLines, listRemittances, listStatements } from './db.ts'
import type { StatementRow } from './db.ts'
import { csvColumns, csvRow, csvText, shownLine } from './documents.core.ts'
import { sendDocument } from './documents.api.ts'
import { invoices } from './invoices.api.ts'
import { sendPdf } from './print.api.ts'
import { runs } from './runs.api.ts'
import { trust } from './trust.api.ts'

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const day = (description: string) => Type.Unsafe<string>({ ...Day, description })

const Statement = Type.Object({
  id: IdOf('statement'), lenderId: IdOf('lender'), currency: Currency, number: Type.Integer({ description: 'The number: without gaps among the agency\'s statements.' }),
  fromOn: day('The first day of the period.'), toOn: day('The last day of the period.'), basis: OneOf(remittances, 'How money is passed on by the agreement in force on the last day.'),
  openingHeld: signed('What the agency held for the lender at the beginning: the closing of the statement before. Below zero: what the lender owed to trust.'),
  openingBilled: signed('What the lender owed the agency at the beginning.'), collected: signed('What the agency collected.'), collectedDirect: signed('What was paid to the lender directly.'),
  commission: signed('Commission, without VAT.'), vat: signed('VAT on commission: of each document, computed once.'), setOff: signed('What was kept for what the lender owed the agency, less what was put back.'),
  remitted: Type.Unsafe<number>({ ...Balance, description: 'What was passed on.' }), closingHeld: signed('What the agency holds at the end.'), closingBilled: signed('What the lender owes the agency at the end.'),
  lineCount: Type.Integer({ description: 'How many lines it has.' }), hash: Type.String({ description: 'SHA-256 of the document as it was issued, in hexadecimal.' }), issuedAt: Instant,
}, { title: 'Statement' })

export const StatementLineSchema = Type.Object({
  line: Type.Integer({ description: 'Its place on the statement, from 1.' }), kind: OneOf(entryKinds, 'What happened.'), sourceId: Type.String({ description: 'The payment, commission entry, correction, remittance or document that it is made of.' }),
  journalEntryId: IdOf('journalEntry'), accountId: Nullable(IdOf('account')), lenderReference: Nullable(Type.String({ description: 'The lender\'s reference of the debt.' })), effectiveOn: day('The day it took effect.'),
  correctsJournalEntryId: Nullable(Type.Unsafe<Id<'journalEntry'>>({ ...IdOf('journalEntry'), description: 'The entry that it undoes: a line of this statement or of an earlier one.' })), invoiceId: Nullable(IdOf('invoice')),
  principal: signed('What it settled of principal.'), interest: signed('What it settled of interest.'), penalty: signed('What it settled of penalties.'), costs: signed('What it settled of costs.'),
  collected: signed('What came into the agency\'s hands for the lender.'), collectedDirect: signed('What came into the lender\'s own hands.'), commission: signed('Commission.'), vat: signed('VAT on it.'),
  vatRate: Nullable(Type.Unsafe<string>({ ...Ratio, description: 'The rate of VAT, of a line of commission.' })),
  costsBilled: signed('What it put on the lender\'s account of costs that the agency had advanced, without VAT.'), held: signed('By how much it changed what is held for the lender.'), billed: signed('By how much it changed what the lender owes the agency.'),
}, { title: 'StatementLine' })

const Remittance = Type.Object({
  id: IdOf('remittance'), lenderId: IdOf('lender'), statementId: IdOf('statement'), currency: Currency, amount: Amount, sentOn: day('The day it left trust, by the agency\'s books.'), journalEntryId: IdOf('journalEntry'), createdAt: Instant,
}, { title: 'Remittance' })

const shown = ({ hash, basis, ...statement }: StatementRow) => ({ ...statement, basis: basis as typeof remittances[number], hash: hash.toString('hex') })

/** How a statement's lines are read for CSV: so many at once. */
const csvPage = 10_000

export const api: Api = (app, services) => {
  const tags = ['remittances']
  const path = Type.Object({ statementId: IdOf('statement') })

  app.get('/v1/statements', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'listStatements', tags, summary: 'List statements', description: 'Statements in the order they were issued. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')), currency: Type.Optional(Currency) }, closed), response: { 200: Page(Statement, 'StatementPage') },
    },
  }, async req => await req.tx(async tx => {
    const { lenderId, currency, ...page } = req.query
    const { data, nextCursor } = await listStatements(tx, { ...lenderId !== undefined && { lenderId }, ...currency !== undefined && { currency } }, keyset(page))
    return { data: data.map(shown), nextCursor }
  }))

  app.get('/v1/statements/:statementId', {
    config: { scope: 'statements:read' },
    schema: { operationId: 'getStatement', tags, summary: 'Read a statement', description: 'A statement with its totals; its lines are a list of their own.', params: path, response: { 200: Statement, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const statement = await findStatement(tx, req.params.statementId)
    if (statement === null) throw NotFound()
    return shown(statement)
  }))

  app.get('/v1/statements/:statementId/lines', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'listStatementLines', tags, summary: 'What a statement is made of', description: 'The lines of a statement in their order. What each is made of is on this statement and on no other.', params: path,
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(StatementLineSchema, 'StatementLinePage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findStatement(tx, req.params.statementId) === null) throw NotFound()
    const { data, nextCursor } = await listLines(tx, req.params.statementId, keyset(req.query))
    return { data: data.map(row => ({ ...shownLine(row), kind: row.kind as typeof entryKinds[number] })), nextCursor }
  }))

  app.get('/v1/statements/:statementId/document', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'getStatementDocument', tags, summary: 'A statement as it was issued', description: 'The document to the byte, as JSON. The SHA-256 of the bytes is in `Repr-Digest`, and the statement\'s `hash`: the same for ever.',
      params: path, response: { 200: Type.Object({}, { additionalProperties: true, title: 'StatementDocument', description: 'The statement with all its lines.' }), ...problems(NotFound) },
    },
  }, async (req, reply) => {
    const found = await req.tx(async tx => await findStatementText(tx, req.params.statementId))
    if (found === null) throw NotFound()
    return await sendDocument(reply, found.document, found.hash)
  })

  app.get('/v1/statements/:statementId/pdf', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'getStatementPdf', tags, summary: 'A statement as PDF', description: 'The document as it was issued, to print: made of the JSON document alone, so that the bytes are always the same. A character that none of its fonts has is shown by its number, such as `[U+81FA]`.', params: path,
      response: { 200: { description: 'A4 pages.', content: { 'application/pdf': { schema: Type.String({ format: 'binary', description: 'PDF.' }) } } }, ...problems(NotFound) },
    },
  }, async (req, reply) => {
    const found = await req.tx(async tx => await findStatementText(tx, req.params.statementId))
    if (found === null) throw NotFound()
    return await sendPdf(reply, found.document, found.hash)
  })

  app.get('/v1/statements/:statementId/csv', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'getStatementCsv', tags, summary: 'A statement as CSV', description: 'The lines of a statement as CSV (RFC 4180, UTF-8); amounts are decimals of the currency.', params: path,
      response: { 200: { description: 'The lines, the names of their columns first.', content: { 'text/csv': { schema: Type.String({ description: 'CSV.' }) } } }, ...problems(NotFound) },
    },
  }, async (req, reply) => {
    const text = await req.tx(async tx => {
      const statement = await findStatement(tx, req.params.statementId)
      if (statement === null) throw NotFound()
      const rows: (readonly string[])[] = [csvColumns]
      for (let after = 0; after < statement.lineCount; after += csvPage) {
        const { data } = await listLines(tx, statement.id, { limit: csvPage, after: String(after) })
        rows.push(...data.map(line => csvRow(line, statement.currency)))
      }
      return { csv: csvText(rows), number: statement.number }
    })
    return await (reply as FastifyReply).type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="statement-${text.number}.csv"`).send(text.csv)
  })

  app.get('/v1/remittances', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'listRemittances', tags, summary: 'List remittances', description: 'Money passed on to lenders, in the order it was sent. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')) }, closed), response: { 200: Page(Remittance, 'RemittancePage') },
    },
  }, async req => await req.tx(async tx => {
    const { lenderId, ...page } = req.query
    return await listRemittances(tx, { ...lenderId !== undefined && { lenderId } }, keyset(page))
  }))

  app.get('/v1/remittances/:remittanceId', {
    config: { scope: 'statements:read' },
    schema: { operationId: 'getRemittance', tags, summary: 'Read a remittance', description: 'Money passed on to a lender.', params: Type.Object({ remittanceId: IdOf('remittance') }), response: { 200: Remittance, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const remittance = await findRemittance(tx, req.params.remittanceId)
    if (remittance === null) throw NotFound()
    return remittance
  }))

  invoices(app, services)
  runs(app, services)
  trust(app, services)
}
