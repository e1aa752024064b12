import { Type } from 'typebox'
import { Balance, Currency, Day, IdOf, Nullable, OneOf, Page, PageQuery, SignedAmount, add, closed, dayIn, problems, sub, sum, zero } from '#kernel'
import type { CalendarDay } from '#kernel'
import { keyset } from '#platform'
import type { Api, Tx } from '#platform'
import { entryKinds } from '../ledger/index.ts'
import { PeriodInFuture } from '../remittances/index.ts'
import { findTenant } from '../tenants/index.ts'
import { listUnmatchedEntries } from './matching.db.ts'
import { listAtBank, listClients, listTrustTotals, listUnmatched } from './trust.db.ts'
import type { AtBank, TrustTotals } from './trust.db.ts'

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const balance = (description: string) => Type.Unsafe<number>({ ...Balance, description })
const day = (description: string) => Type.Unsafe<string>({ ...Day, description })

const Unmatched = (title: string, description: string) => Type.Object({ count: Type.Integer({ description: 'How many.' }), amount: signed('What they sum to.') }, { title, description })

const BankLeg = Type.Object({
  balance: signed('What stood on the bank accounts: the newest balance the bank states by the day, and the lines since.'),
  onlyInLedger: Unmatched('OnlyInLedger', 'Entries of the journal that no line of a bank statement is, by the day: see the list of unmatched entries.'),
  onlyAtBank: Unmatched('OnlyAtBank', 'Lines of bank statements that are no entry of the journal, by the day: see the list of bank lines that are not matched.'),
  difference: signed('The ledger less what the bank and the two beside explain: zero when every line since the accounts stood at nothing was imported. What stood there before the first statement is in it.'),
  accounts: Type.Array(Type.Object({
    account: Type.String({ description: 'The bank account\'s short name.' }), balance: signed('What stood on it.'), statedOn: Nullable(day('At the end of which day the bank states the balance that this is reckoned from; null: no statement states one.')),
  }), { description: 'Account by account.' }),
}, { title: 'BankLeg', description: 'What the bank says: `balance + onlyInLedger - onlyAtBank + difference` is what the ledger says.' })

const Reconciliation = Type.Object({
  on: day('At the end of this day.'),
  data: Type.Array(Type.Object({
    currency: Currency, bank: signed('What should stand on the trust bank account, by the ledger.'), clearing: signed('Money on its way there.'), clientDue: balance('What lenders owe to trust.'),
    assets: signed('The three together.'), client: signed('What is held for lenders.'), agency: signed('What is the agency\'s own share, not taken out yet.'), refund: signed('What is to be refunded to debtors.'), unapplied: signed('What is not identified yet.'),
    liabilities: signed('The four together.'), clients: signed('The sum of what is held for each lender, below.'), difference: signed('Assets less liabilities: zero.'), clientDifference: signed('What is held for lenders less the sum of what is held for each: zero.'),
    statement: Nullable(BankLeg),
  }), { description: 'The ledger beside the bank, by currency. `statement` is null where nothing of a bank account in the currency was imported.' }),
  clients: Type.Array(Type.Object({ lenderId: IdOf('lender'), currency: Currency, held: signed('What is held for it.'), due: signed('What it owes to trust.') }), { description: 'Lender by lender.' }),
}, { title: 'TrustReconciliation' })

const UnmatchedEntry = Type.Object({
  journalEntryId: IdOf('journalEntry'), lenderId: Nullable(IdOf('lender')), accountId: Nullable(IdOf('account')), kind: OneOf(entryKinds, 'What the entry records.'), effectiveOn: Day, currency: Currency,
  amount: signed('What it moves on the trust bank account; below zero, money leaves it.'),
}, { title: 'UnmatchedEntry' })

const nothing: Omit<TrustTotals, 'currency'> = { bank: zero, clearing: zero, clientDue: zero, client: zero, agency: zero, refund: zero, unapplied: zero }
const none = { count: 0, amount: zero }

/** The third leg of one currency: what its bank accounts say, beside what the ledger says. */
function bankLeg (ledger: number, accounts: readonly AtBank[], unmatched: { inLedger: typeof none, atBank: typeof none } | undefined) {
  if (accounts.length === 0) return null
  const stood = sum(accounts.map(account => account.balance))
  const { inLedger, atBank } = unmatched ?? { inLedger: none, atBank: none }
  return {
    balance: stood, onlyInLedger: inLedger, onlyAtBank: atBank, difference: sub(ledger, sub(add(stood, inLedger.amount), atBank.amount)),
    accounts: accounts.map(({ account, balance: amount, statedOn }) => ({ account, balance: amount, statedOn })),
  }
}

async function reconcile (tx: Tx, on: CalendarDay) {
  const [totals, clients, accounts, unmatched] = [await listTrustTotals(tx, on), await listClients(tx, on), await listAtBank(tx, on), await listUnmatched(tx, on)]
  const currencies = [...new Set([...totals, ...accounts].map(({ currency }) => currency))].sort()
  return {
    on, clients,
    data: currencies.map(currency => {
      const row = totals.find(total => total.currency === currency) ?? { currency, ...nothing }
      const assets = sum([row.bank, row.clearing, row.clientDue])
      const liabilities = sum([row.client, row.agency, row.refund, row.unapplied])
      const held = sum(clients.filter(client => client.currency === currency).map(client => client.held))
      const statement = bankLeg(row.bank, accounts.filter(account => account.currency === currency), unmatched.get(currency))
      return { ...row, assets, liabilities, clients: held, difference: sub(assets, liabilities), clientDifference: sub(row.client, held), statement }
    }),
  }
}

/** Trust money, reconciled three ways. */
export const trust: Api = app => {
  const tags = ['bank']

  app.get('/v1/trust/reconciliation', {
    config: { scope: 'ledger:read' },
    schema: {
      operationId: 'getTrustReconciliation', tags, summary: 'Whose money is in trust', description: 'What stands on the trust accounts against those it belongs to, against the sum of what is held for each lender, and against what the bank says, at the end of a day.',
      querystring: Type.Object({ on: Type.Optional(day('At the end of this day; today when left out.')) }, closed), response: { 200: Reconciliation, ...problems(PeriodInFuture) },
    },
  }, async req => await req.tx(async tx => {
    const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
    const on = req.query.on ?? today
    if (on > today) throw PeriodInFuture({ today })
    return await reconcile(tx, on)
  }))

  app.get('/v1/trust/unmatched-entries', {
    config: { scope: 'ledger:read' },
    schema: {
      operationId: 'listUnmatchedEntries', tags, summary: 'What the bank has not said yet', description: 'Entries of the journal that move money on the trust bank account and are no line of a bank statement, by the day they took effect.',
      querystring: Type.Object({ ...PageQuery, from: Type.Optional(day('From this day on.')) }, closed), response: { 200: Page(UnmatchedEntry, 'UnmatchedEntryPage') },
    },
  }, async req => await req.tx(async tx => {
    const { from, ...page } = req.query
    const { data, nextCursor } = await listUnmatchedEntries(tx, { ...from !== undefined && { from } }, keyset(page))
    return { data: data.map(row => ({ ...row, kind: row.kind as typeof entryKinds[number] })), nextCursor }
  }))
}
