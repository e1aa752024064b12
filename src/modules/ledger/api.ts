import { Type } from 'typebox'
import { BucketsSchema, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, SignedAmount, Amount, closed, problems, sub, withTotal } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { entryKinds, ledgerAccounts } from './core.ts'
import { cures } from './cures.api.ts'
import { findBalance, listEntries, listTotals } from './db.ts'

const LedgerAccount = OneOf(ledgerAccounts, 'A ledger account: `D.` what is owed, `C.` the lender\'s report, `T.` trust money, `O.` the agency\'s own books.')

const JournalEntry = Type.Object({
  id: IdOf('journalEntry'), accountId: Nullable(IdOf('account')), kind: OneOf(entryKinds, 'What the entry records.'), effectiveOn: Day, recordedAt: Instant,
  reversalOf: Nullable(IdOf('journalEntry')), currency: Currency,
  lines: Type.Array(Type.Object({ debit: LedgerAccount, credit: LedgerAccount, amount: Amount, on: Type.Unsafe<string>({ ...Day, description: 'The day it took effect: the entry\'s, but for the lines of a correction.' }) }), { description: 'Movements: each leaves `credit` and arrives at `debit`.' }),
}, { title: 'JournalEntry' })

const BalanceAt = Type.Object({ accountId: IdOf('account'), currency: Currency, asOf: Nullable(Day), knownAt: Nullable(Instant), balance: BucketsSchema }, { title: 'AccountBalance' })

const Totals = Type.Object({
  data: Type.Array(Type.Object({ ledgerAccount: LedgerAccount, currency: Currency, debits: Type.Unsafe<number>({ ...SignedAmount, description: 'Sum of what arrived.' }), credits: Type.Unsafe<number>({ ...SignedAmount, description: 'Sum of what left.' }), net: SignedAmount }), { description: 'Every ledger account that was ever moved.' }),
}, { title: 'TrialBalance' })

export const api: Api = (app, services) => {
  cures(app, services)
  const tags = ['ledger']
  const accountPath = Type.Object({ accountId: IdOf('account') })

  app.get('/v1/accounts/:accountId/balance', {
    config: { scope: 'accounts:read' },
    schema: {
      operationId: 'getBalance', tags, summary: 'What an account owes', description: 'The balance now; or at the end of a day (`asOf`), with everything that took effect by then; or as it was known at an instant (`knownAt`), without what was written down later.',
      params: accountPath,
      querystring: Type.Object({
        asOf: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'Count what took effect up to this day.' })),
        knownAt: Type.Optional(Type.Unsafe<string>({ ...Instant, description: 'Count what had been written down by this instant.' })),
      }, closed),
      response: { 200: BalanceAt, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const { asOf = null, knownAt = null } = req.query
    const account = await findAccount(tx, req.params.accountId)
    if (account === null) throw NotFound()
    const balance = asOf === null && knownAt === null ? account : await findBalance(tx, account.id, asOf, knownAt)
    return { accountId: account.id, currency: account.currency, asOf, knownAt, balance: withTotal(balance) }
  }))

  app.get('/v1/accounts/:accountId/journal-entries', {
    config: { scope: 'ledger:read' },
    schema: {
      operationId: 'listJournalEntries', tags, summary: 'Every movement of an account', description: 'The entries of an account with their lines, oldest first.', params: accountPath,
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(JournalEntry, 'JournalEntryPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    return await listEntries(tx, req.params.accountId, keyset(req.query))
  }))

  app.get('/v1/ledger/trial-balance', {
    config: { scope: 'ledger:read' },
    schema: {
      operationId: 'getTrialBalance', tags, summary: 'Every ledger account', description: 'What stands on each ledger account of the three books, by currency. Within a book debits and credits are equal.',
      querystring: Type.Object({ lenderId: Type.Optional(IdOf('lender')) }, closed), response: { 200: Totals },
    },
  }, async req => await req.tx(async tx => {
    const totals = await listTotals(tx, req.query.lenderId ?? null)
    return { data: totals.map(row => ({ ...row, net: sub(row.debits, row.credits) })) }
  }))
}
