import { Type } from 'typebox'
import { Balance, BucketsSchema, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, dayCounts, problems } from '#kernel'
import type { Id, withTotal } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { rateUnits } from '../rates/index.ts'
import { quotePayoff } from './commands.ts'
import { QuoteDayRefused, chargeKinds, waiverReasons } from './core.ts'
import { findCharge, listCharges } from './db.ts'

/** A charge on the wire. */
export const ChargeSchema = Type.Object({
  id: IdOf('charge'), accountId: IdOf('account'), lenderId: IdOf('lender'), kind: OneOf(chargeKinds, 'What is charged.'),
  fromOn: Type.Unsafe<string>({ ...Day, description: 'The first day it is charged for.' }), toOn: Type.Unsafe<string>({ ...Day, description: 'The last day it is charged for, on which it took effect.' }),
  base: Type.Unsafe<number>({ ...Balance, description: 'What it was computed on, in minor units: the principal, with interest that was added to it; or the payment that came back.' }),
  rate: Nullable(Type.String({ description: 'The rate, exactly, in the unit beside it; null for a fixed fee.' })),
  rateUnit: Nullable(OneOf(rateUnits, 'What the rate is a rate of; null for a late fee, whose rate is a share.')),
  dayCount: Nullable(OneOf(dayCounts, 'How a yearly rate becomes a daily one.')),
  days: Nullable(Type.Integer({ description: 'Days of interest: those from `fromOn` to `toOn`, less days on hold.' })),
  exact: Type.String({ description: 'What it comes to before rounding, in minor units: a decimal or a fraction.' }),
  amount: Type.Unsafe<number>({ ...Balance, description: 'What was charged, in minor units. Interest brings everything charged so far to the exact total so far, rounded half up: so it may differ from `exact` by a minor unit.' }),
  currency: Currency, causedBy: Type.String({ description: 'What brought it, once: the last day of interest; the rule of a late fee and how often; `returned:` and the payment that came back.' }),
  journalEntryId: Nullable(IdOf('journalEntry')),
  policyDecisionId: Nullable(Type.Unsafe<Id<'policyDecision'>>({ ...IdOf('policyDecision'), description: 'The decision that says that the law allows it.' })), waivedAt: Nullable(Instant), waiverReason: Nullable(OneOf(waiverReasons, 'Why it was waived.')),
  supersededBy: Nullable(Type.Unsafe<Id<'correction'>>({ ...IdOf('correction'), description: 'The correction that computed it anew because a fact arrived late; null while it holds.' })), createdAt: Instant,
}, { title: 'Charge' })

const PayoffQuote = Type.Object({
  accountId: IdOf('account'), currency: Currency, on: Day, balance: Type.Unsafe<ReturnType<typeof withTotal>>({ ...BucketsSchema, description: 'What it will owe on that day.' }),
  added: Type.Unsafe<ReturnType<typeof withTotal>>({ ...BucketsSchema, title: 'Balance', description: 'What of it the days until then add.' }),
}, { title: 'PayoffQuote' })

export const api: Api = app => {
  const tags = ['charges']
  const path = Type.Object({ chargeId: IdOf('charge') })

  app.get('/v1/accounts/:accountId/charges', {
    config: { scope: 'charges:read' },
    schema: {
      operationId: 'listCharges', tags, summary: 'What was charged', description: 'Interest and late fees of an account, in the order they were charged, each with all it was computed from.',
      params: Type.Object({ accountId: IdOf('account') }), querystring: Type.Object(PageQuery, closed), response: { 200: Page(ChargeSchema, 'ChargePage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    return await listCharges(tx, req.params.accountId, keyset(req.query))
  }))

  app.get('/v1/accounts/:accountId/payoff-quote', {
    config: { scope: 'accounts:read' },
    schema: {
      operationId: 'quotePayoff', tags, summary: 'What would settle an account', description: 'What an account will owe on a day, with the interest and late fee that the days until then bring, if nothing else happens. A payment of the total received on that day settles it.',
      params: Type.Object({ accountId: IdOf('account') }),
      querystring: Type.Object({ on: Type.Unsafe<string>({ ...Day, description: 'The day: today in the debtor\'s calendar or later, within a year.' }) }, closed),
      response: { 200: PayoffQuote, ...problems(NotFound, QuoteDayRefused) },
    },
  }, async req => await req.rehearse(async tx => await quotePayoff(tx, req.params.accountId, req.query.on)))

  app.get('/v1/charges/:chargeId', {
    config: { scope: 'charges:read' },
    schema: { operationId: 'getCharge', tags, summary: 'Read a charge', description: 'One charge.', params: path, response: { 200: ChargeSchema, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const charge = await findCharge(tx, req.params.chargeId)
    if (charge === null) throw NotFound()
    return charge
  }))
}
