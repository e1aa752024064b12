import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, SignedAmount, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { BodyTooLarge, InvalidRequest, NotFound, UnsupportedMediaType, addBulkRoutes, keyset } from '#platform'
import type { Api, App, Services, Tx, Vault } from '#platform'
import { importBankStatements } from './commands.ts'
import {
  BankAccountCurrency, BankFileEmpty, BankFileMalformed, BankFileTooLong, BankLineChanged, BankRowsInvalid, BankStatementUnbalanced, EntryAlreadyMatched, EntryNotAtBank, LineAlreadyMatched, MatchUnequal,
  formats, matchRules, matchedEntriesMax,
} from './core.ts'
import { findBankLine, findBankStatement, listBankLines, listBankStatements, listMatches, listReturned, textPlace } from './db.ts'
import type { BankLineRow } from './db.ts'
import { bankFileTypes, readBankFile } from './files.api.ts'
import { matchBankLine, unmatchBankLine } from './matching.commands.ts'
import { trust } from './trust.api.ts'

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const day = (description: string) => Type.Unsafe<string>({ ...Day, description })
const words = (description: string) => Nullable(Type.String({ description }))
const Account = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$', description: 'The short name of a trust bank account: each has one currency.', examples: ['main'] })

const BankStatement = Type.Object({
  id: IdOf('bankStatement'), account: Account, currency: Currency, format: OneOf(formats, 'How the file was written.'), reference: words('The bank\'s own name of the statement.'),
  fromOn: day('The first day of the statement.'), toOn: day('The last day of the statement.'), openingBalance: Nullable(signed('What stood on the account at the beginning; null: the file does not say.')),
  closingBalance: Nullable(signed('What stood on it at the end; null: the file does not say.')), lineCount: Type.Integer({ description: 'Lines it has.' }),
  newCount: Type.Integer({ description: 'Lines that were not known from another file.' }), createdAt: Instant,
}, { title: 'BankStatement' })

const BankImport = Type.Object({
  statements: Type.Array(BankStatement, { description: 'The statements of the file; one that was imported before is answered as it is.' }),
  matchedCount: Type.Integer({ description: 'Lines, of this file or earlier ones, that found what they are.' }),
}, { title: 'BankImport' })

const lineFields = {
  id: IdOf('bankLine'), account: Account, bankStatementId: Type.Unsafe<Id<'bankStatement'>>({ ...IdOf('bankStatement'), description: 'The statement that brought it first.' }), row: Type.Integer({ description: 'Its place in that file, from 1.' }),
  bookedOn: day('The day the bank booked it.'), valueOn: Nullable(day('The day its value counts from; null: the file does not say.')), amount: signed('What moved; below zero, money left the account.'), currency: Currency,
  reference: words('What both sides know it by.'), bankReference: words('The bank\'s own reference.'), returnReason: words('Why the bank gave money back, as a code of its own; null: it did not.'),
  matchedAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'Since when it is matched; null: it is not.' })),
  matches: Type.Array(Type.Object({ journalEntryId: IdOf('journalEntry'), amount: signed('What the entry moves on the trust bank account.'), rule: OneOf(matchRules, 'What it was matched by.') }, { title: 'BankMatch' }), { description: 'The entries of the journal that it is.' }),
  suggestion: Nullable(Type.Object({ action: OneOf(['reversePayment'], 'What seems to be due: the payment was returned.'), paymentId: IdOf('payment') }, { title: 'BankSuggestion', description: 'What it suggests. Nothing is done by itself.' })),
  createdAt: Instant,
}
const BankLine = Type.Object(lineFields, { title: 'BankLine' })
const BankLineDetail = Type.Object({ ...lineFields, text: words('What the bank writes beside it; it may name people.') }, { title: 'BankLineDetail' })

const BankMatchInputSchema = Type.Object({
  journalEntryIds: Type.Array(IdOf('journalEntry'), { minItems: 1, maxItems: matchedEntriesMax, uniqueItems: true, description: 'The entries that the line is: what they move on the trust bank account sums to its amount.' }),
}, { title: 'BankMatchInput', ...closed, examples: [{ journalEntryIds: ['jrn_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44'] }] })
export type BankMatchInput = Static<typeof BankMatchInputSchema>

/** Shows lines with what they are matched to and what they suggest. */
async function showLines (tx: Tx, lines: readonly BankLineRow[]) {
  const matches = await listMatches(tx, lines.map(({ id }) => id))
  const returned = await listReturned(tx, lines)
  return lines.map(line => {
    const paymentId = returned.get(line.id)
    return {
      ...line, matches: matches.filter(({ bankLineId }) => bankLineId === line.id).map(({ journalEntryId, amount, rule }) => ({ journalEntryId, amount, rule })),
      suggestion: paymentId === undefined ? null : { action: 'reversePayment' as const, paymentId },
    }
  })
}

async function showLine (tx: Tx, vault: Vault, id: Id<'bankLine'>) {
  const line = await findBankLine(tx, id)
  if (line === null) throw NotFound()
  const { text, ...row } = line
  const [shown] = await showLines(tx, [row])
  return { ...shown!, text: text === null ? null : (await vault.safeOf(tx)).open(textPlace(id), text) }
}

const tags = ['bank']
const linePath = Type.Object({ bankLineId: IdOf('bankLine') })

function addImport (app: App, { vault }: Services): void {
  app.post('/v1/bank-statements', {
    config: { scope: 'bank:write' },
    schema: {
      operationId: 'importBankStatements', tags, summary: 'Import what the bank says',
      description: 'Takes a file of one trust bank account, in UTF-8 up to 32 MiB and 20,000 lines: CSV (a header `bookedOn,amount,currency,reference,text,bankReference`, the last three if there are any; amounts are decimals of the currency, below zero when money left the account) or ISO 20022 camt.053, versions 02 to 08. Each line is kept once: the same file again, or another that overlaps it, doubles nothing. The lines must sum to the difference of the balances. Then lines are matched to what the ledger moved: by reference and amount, else by amount and day where there is one of each.',
      querystring: Type.Object({
        account: Account, openingBalance: Type.Optional(signed('What stood on the account before the first line of a CSV file, in minor units.')), closingBalance: Type.Optional(signed('What stood on it after the last line of a CSV file, in minor units.')),
      }, closed),
      body: { content: { 'text/csv': { schema: Type.String({ description: 'Lines, the names of their columns first.' }) }, 'application/xml': { schema: Type.String({ description: 'A camt.053 document.' }) } } },
      response: {
        201: BankImport, ...problems(BankFileMalformed, BankAccountCurrency, BankLineChanged, BodyTooLarge, BankFileTooLong, UnsupportedMediaType, BankFileEmpty, BankRowsInvalid, BankStatementUnbalanced),
      },
    },
  }, async (req, reply) => {
    const { account, openingBalance = null, closingBalance = null } = req.query
    const file = await readBankFile(req, { openingBalance, closingBalance })
    if (file.format !== 'csv' && (openingBalance ?? closingBalance) !== null) throw InvalidRequest({}, { violations: [{ pointer: '/query', message: 'the balances are in the document itself' }] })
    return await reply.code(201).send(await req.tx(async tx => await importBankStatements(tx, await vault.safeOf(tx), account, file)))
  })
}

export const api: Api = (app, services) => {
  const { vault } = services
  addBulkRoutes(app, scope => { addImport(scope, services) }, bankFileTypes)

  app.get('/v1/bank-statements', {
    config: { scope: 'bank:read' },
    schema: {
      operationId: 'listBankStatements', tags, summary: 'List bank statements', description: 'Statements of trust bank accounts in the order they were imported.',
      querystring: Type.Object({ ...PageQuery, account: Type.Optional(Account) }, closed), response: { 200: Page(BankStatement, 'BankStatementPage') },
    },
  }, async req => await req.tx(async tx => {
    const { account, ...page } = req.query
    return await listBankStatements(tx, { ...account !== undefined && { account } }, keyset(page))
  }))

  app.get('/v1/bank-statements/:bankStatementId', {
    config: { scope: 'bank:read' },
    schema: {
      operationId: 'getBankStatement', tags, summary: 'Read a bank statement', description: 'A statement of a trust bank account; its lines are among the bank lines.', params: Type.Object({ bankStatementId: IdOf('bankStatement') }),
      response: { 200: BankStatement, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const statement = await findBankStatement(tx, req.params.bankStatementId)
    if (statement === null) throw NotFound()
    return statement
  }))

  app.get('/v1/bank-lines', {
    config: { scope: 'bank:read' },
    schema: {
      operationId: 'listBankLines', tags, summary: 'List bank lines', description: 'What moved on trust bank accounts, in the order it was imported.',
      querystring: Type.Object({
        ...PageQuery, account: Type.Optional(Account), bankStatementId: Type.Optional(Type.Unsafe<Id<'bankStatement'>>({ ...IdOf('bankStatement'), description: 'Only lines that this statement brought first.' })),
        matched: Type.Optional(Type.Boolean({ description: 'Only lines that are matched, or that are not.' })),
      }, closed),
      response: { 200: Page(BankLine, 'BankLinePage') },
    },
  }, async req => await req.tx(async tx => {
    const { account, bankStatementId, matched, ...page } = req.query
    const { data, nextCursor } = await listBankLines(tx, { ...account !== undefined && { account }, ...bankStatementId !== undefined && { bankStatementId }, ...matched !== undefined && { matched } }, keyset(page))
    return { data: await showLines(tx, data), nextCursor }
  }))

  app.get('/v1/bank-lines/:bankLineId', {
    config: { scope: 'bank:read' },
    schema: { operationId: 'getBankLine', tags, summary: 'Read a bank line', description: 'A line with what the bank writes beside it, and what it is matched to.', params: linePath, response: { 200: BankLineDetail, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await showLine(tx, vault, req.params.bankLineId)))

  app.post('/v1/bank-lines/:bankLineId/matches', {
    config: { scope: 'bank:write' },
    schema: {
      operationId: 'matchBankLine', tags, summary: 'Match a bank line', description: 'Says which entries of the journal a line is: together they move its amount on the trust bank account. An entry is matched once.', params: linePath, body: BankMatchInputSchema,
      response: { 201: BankLineDetail, ...problems(NotFound, LineAlreadyMatched, EntryAlreadyMatched, EntryNotAtBank, MatchUnequal) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => {
    await matchBankLine(tx, req.params.bankLineId, req.body)
    return await showLine(tx, vault, req.params.bankLineId)
  })))

  app.delete('/v1/bank-lines/:bankLineId/matches', {
    config: { scope: 'bank:write' },
    schema: { operationId: 'unmatchBankLine', tags, summary: 'Undo a match', description: 'Makes a line, and the entries it was matched to, free again, whatever matched them.', params: linePath, response: { 204: Type.Null({ description: 'Not matched.' }), ...problems(NotFound) } },
  }, async (req, reply) => {
    await req.tx(async tx => { await unmatchBankLine(tx, req.params.bankLineId) })
    return await reply.code(204).send(null)
  })

  trust(app, services)
}
