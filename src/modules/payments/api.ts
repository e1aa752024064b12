import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Balance, BucketsSchema, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, SignedAmount, Text, buckets, bucketsOf, closed, idOf, problems, withTotal } from '#kernel'
import type { Id } from '#kernel'
import { NotAllowed, NotFound, keyset } from '#platform'
import type { Api, Tx } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { ReversalTooEarly } from '../ledger/index.ts'
import { AccountNotPlaced } from '../placements/index.ts'
import { PolicyDecisionId } from '../policy/index.ts'
import { previewCommission, receivePayment, rehearsePayment as rehearse, reversePayment } from './commands.ts'
import { clearPayment } from './clearing.commands.ts'
import { ClearedTooEarly, ClearingNotApplicable, ClearsWithReceipt, PaymentAlreadyCleared, clearingOf, clearings } from './clearing.core.ts'
import { listCorrections } from './corrections.db.ts'
import type { CorrectionRow } from './corrections.db.ts'
import {
  AccountAmbiguous, CurrencyMismatch, PaymentAlreadyReversed, PaymentBeforePlacement, PaymentDuplicate, PaymentInFuture, correctionCauses, methods, paymentStates, receivers, reversalReasons,
} from './core.ts'
import { findPayment, listPayments } from './db.ts'
import type { PaymentRow } from './db.ts'
import { orderSources } from './orders.core.ts'
import { receipts } from './receipts.api.ts'
import { refunds } from './refunds.api.ts'
import { PaymentRefunded } from './refunds.core.ts'
import { shares } from './shares.api.ts'
import { TailOver } from './tail.core.ts'

const facts = {
  amount: Amount, currency: Currency, receivedOn: Type.Unsafe<string>({ ...Day, description: 'The day the money was received.' }),
  receivedBy: OneOf(receivers, 'Whose hands it came into: `agency`, or `lender` when the debtor paid the lender directly.'), method: OneOf(methods, 'How it was paid.'),
}

const PaymentInputSchema = Type.Object({
  accountId: Type.Optional(IdOf('account')),
  lenderReference: Type.Optional(Text(100, 'Instead of `accountId`: the lender\'s own number of the debt.', ['L-2026-0001'])),
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'With `lenderReference`: whose number it is, when several lenders use it.' })),
  ...facts,
  pending: Type.Optional(Type.Boolean({ description: 'True: the money is on its way and has not reached the agency\'s bank, as with a card, a direct debit or a cheque. It settles the debt and is not passed on until it has cleared. Left out: it is at the bank, unless `clearsOn` is given.' })),
  clearsOn: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The day by whose end money on its way clears by itself, unless the payment is reversed before.' })),
  reference: Type.Optional(Text(100, 'The number of the payment at the bank or the lender, unique with the lender: the same payment sent again under it is recorded once.', ['TXN-20260131-0007'])),
}, {
  title: 'PaymentInput', ...closed, oneOf: [{ required: ['accountId'] }, { required: ['lenderReference'] }],
  examples: [
    { accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', amount: 540_00, currency: 'CNY', receivedOn: '2026-01-31', receivedBy: 'agency', method: 'bankTransfer', reference: 'TXN-20260131-0007' },
    { accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', amount: 540_00, currency: 'CNY', receivedOn: '2026-01-31', receivedBy: 'agency', method: 'check', pending: true, clearsOn: '2026-02-05' },
    { lenderReference: 'L-2026-0001', amount: 200_00, currency: 'CNY', receivedOn: '2026-02-02', receivedBy: 'lender', method: 'cash' },
  ],
})
export type PaymentInput = Static<typeof PaymentInputSchema>

const PaymentReversalInputSchema = Type.Object({
  reason: OneOf(reversalReasons, '`nsf`: returned unpaid; `chargeback`: taken back by the payer\'s bank; `clerical`: recorded by mistake; `refund`: given back.'),
  reversedOn: Type.Unsafe<string>({ ...Day, description: 'The day it takes effect: not before the payment was received.' }),
}, { title: 'PaymentReversalInput', ...closed, examples: [{ reason: 'nsf', reversedOn: '2026-02-04' }] })
export type PaymentReversalInput = Static<typeof PaymentReversalInputSchema>

const ClearingInputSchema = Type.Object({
  clearedOn: Type.Unsafe<string>({ ...Day, description: 'The day the money reached the agency\'s bank: not before it was received.' }),
}, { title: 'ClearingInput', ...closed, examples: [{ clearedOn: '2026-02-03' }] })
export type ClearingInput = Static<typeof ClearingInputSchema>

/** A payment on the wire. */
export const Payment = Type.Object({
  id: IdOf('payment'), accountId: IdOf('account'), lenderId: IdOf('lender'), placementId: IdOf('placement'), ...facts, reference: Nullable(Type.String({ description: 'The number of the payment, if it has one.' })),
  receiptId: Nullable(Type.Unsafe<Id<'receipt'>>({ ...IdOf('receipt'), description: 'The receipt it was made of, when nobody knew at first whose debt the money was for.' })),
  allocated: Type.Unsafe<ReturnType<typeof withTotal>>({ ...BucketsSchema, title: 'Balance', description: 'What it settled, part by part.' }),
  allocation: Type.Object({
    order: Type.Array(OneOf(buckets, 'A part of the debt.'), { description: 'The parts in the order in which payments settle them: of every payment of this placement.' }),
    source: OneOf(orderSources, 'Where the order is from: the `agreement`, the `law`, or, where neither says one, the `default`.'),
    clause: Nullable(Type.String({ description: 'Of an order by law: where it stands.' })),
    policyDecisionId: Type.Unsafe<Id<'policyDecision'>>({ ...PolicyDecisionId, description: 'What the law was found to say of the order.' }),
  }, { title: 'AllocationOrder' }),
  overpaid: Type.Unsafe<number>({ ...Balance, description: 'What was left when nothing was owed any more: in trust for the debtor, or with the lender when it received the payment.' }),
  refunded: Type.Unsafe<number>({ ...Balance, description: 'What the agency has given back of what was overpaid.' }),
  state: OneOf(paymentStates, 'How it stands.'),
  clearing: Nullable(OneOf(clearings, 'How it stands with the agency\'s bank: on its way, arrived, or gone back; null for money that came into the lender\'s hands.')),
  clearsOn: Nullable(Type.Unsafe<string>({ ...Day, description: 'The day by whose end it clears by itself.' })), clearedOn: Nullable(Type.Unsafe<string>({ ...Day, description: 'The day it reached the bank.' })),
  reversal: Nullable(Type.Object({
    id: IdOf('paymentReversal'), reason: OneOf(reversalReasons, 'Why it was undone.'), reversedOn: Day, journalEntryId: Nullable(IdOf('journalEntry')), createdAt: Instant,
  }, { title: 'PaymentReversal' })),
  journalEntryId: Nullable(IdOf('journalEntry')), createdAt: Instant,
}, { title: 'Payment' })

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const Moved = Type.Object({
  principal: signed('Principal, in minor units.'), interest: signed('Interest, in minor units.'), penalty: signed('Late fees and penalties, in minor units.'),
  costs: signed('Costs, in minor units.'), total: signed('In all, in minor units.'),
}, { title: 'SignedBalance' })
const Parts = Type.Unsafe<ReturnType<typeof withTotal>>({ ...BucketsSchema, title: 'Balance' })

const Applied = (description: string) => Type.Object({ allocated: Parts, overpaid: Balance }, { description })

const CorrectionFacts = {
  accountId: IdOf('account'), lenderId: IdOf('lender'), cause: OneOf(correctionCauses, 'What arrived late.'),
  causeId: Type.String({ description: 'The payment or adjustment that arrived late, or whose undoing did; the event of the hold, of the rate that was corrected, or of the lender that is of another type.' }),
  fromOn: Type.Unsafe<string>({ ...Day, description: 'The first day that changed.' }), currency: Currency,
  moved: Type.Unsafe<ReturnType<typeof withTotal>>({ ...Moved, description: 'By how much what is owed changed, beside the fact itself.' }),
  charges: Type.Array(Type.Object({
    kind: OneOf(['interest', 'lateFee'], 'What was charged.'), toOn: Day, before: Type.Unsafe<number>({ ...Balance, description: 'What it had come to, in minor units.' }),
    after: Type.Unsafe<number>({ ...Balance, description: 'What it comes to now, in minor units.' }),
  }), { description: 'Charges computed anew, by the day they took effect.' }),
  payments: Type.Array(Type.Object({
    paymentId: IdOf('payment'), before: Applied('What it had settled, and what was left of it.'), after: Applied('What it settles now, and what is left of it.'),
  }), { description: 'Payments that settle other parts now.' }),
}
const Correction = Type.Object({ id: IdOf('correction'), ...CorrectionFacts, journalEntryId: Nullable(IdOf('journalEntry')), createdAt: Instant }, { title: 'Correction' })

const PaymentRehearsal = Type.Object({
  amount: Amount, currency: Currency, receivedOn: Day, allocated: Parts, overpaid: Balance,
  balance: Type.Object({ before: Parts, after: Parts }, { description: 'What is owed now, and what would be.' }),
  closes: Type.Boolean({ description: 'True: nothing would be owed any more.' }),
  correction: Nullable(Type.Object(CorrectionFacts, { title: 'CorrectionRehearsal' })),
}, { title: 'PaymentRehearsal', description: 'What a payment would do.' })

const CommissionPreview = Type.Object({
  currency: Currency, allocated: Parts, overpaid: Balance, base: signed('What commission would be a share of, in minor units.'), rate: Nullable(Type.String({ description: 'The share, exactly; null where a scale or a fixed sum says more.' })),
  commission: signed('The commission, in minor units.'), vat: signed('VAT on it.'), total: signed('Commission and VAT.'), withheld: signed('How much of it would be withheld; the rest would be invoiced.'),
  recoverFrom: OneOf(['trust', 'invoice'], 'How it would reach the agency.'), lenderReceives: signed('What would be left for the lender of what is settled.'),
}, { title: 'CommissionPreview' })

/** What a correction of each cause is caused by. */
const causeKinds = { payment: 'payment', reversal: 'payment', hold: 'event', referenceRate: 'event', lenderType: 'event', adjustment: 'adjustment', adjustmentReversal: 'adjustment' } as const

const showCorrection = ({ principal, interest, penalty, costs, changes, cause, causeId, ...correction }: Omit<CorrectionRow, 'createdAt'>) => ({
  ...correction, cause, causeId: idOf(causeKinds[cause], causeId), moved: withTotal({ principal, interest, penalty, costs }), charges: changes.charges,
  payments: changes.payments.map(({ paymentId, before, after }) => ({
    paymentId, before: { ...before, allocated: withTotal(before.allocated) }, after: { ...after, allocated: withTotal(after.allocated) },
  })),
})

/** A payment as the API shows it. */
export const showPayment = ({ principal, interest, penalty, costs, till, clearingEntryId: _, ...payment }: PaymentRow) => ({
  ...payment, allocated: withTotal(bucketsOf({ principal, interest, penalty, costs })), clearing: clearingOf({ ...payment, till, reason: payment.reversal?.reason ?? null }),
  clearedOn: payment.clearedOn ?? (till === 'T.BANK' ? payment.receivedOn : null),
})

const rehearsePayment = async (tx: Tx, input: PaymentInput) => {
  const { payment, before, after, correction } = await rehearse(tx, input)
  const { amount, currency, receivedOn, overpaid } = payment
  return {
    amount, currency, receivedOn, overpaid, allocated: withTotal(bucketsOf(payment)), balance: { before: withTotal(before), after: withTotal(after) },
    closes: withTotal(after).total === 0, correction: correction === null ? null : showCorrection(correction),
  }
}

export const api: Api = (app, services) => {
  receipts(app, services)
  refunds(app, services)
  shares(app, services)
  const tags = ['payments']
  const path = Type.Object({ paymentId: IdOf('payment') })

  app.post('/v1/payments', {
    config: { scope: 'payments:write' },
    schema: {
      operationId: 'receivePayment', tags, summary: 'Record a payment', description: 'Records money received for a debt, by the agency or directly by the lender: it settles the parts of the debt in the order that was agreed or that the law gives, and what is left is overpaid. A lender\'s key reports what came into its own hands.',
      body: PaymentInputSchema,
      querystring: Type.Object({ dryRun: Type.Optional(Type.Boolean({ description: 'True: answers what the payment would do, with what a late one would change, and keeps nothing.' })) }, closed),
      response: { 200: PaymentRehearsal, 201: Payment, ...problems(NotFound, NotAllowed, AccountAmbiguous, AccountNotPlaced, TailOver, CurrencyMismatch, PaymentDuplicate, PaymentInFuture, PaymentBeforePlacement, ClearingNotApplicable, ClearedTooEarly) },
    },
  }, async (req, reply) => req.query.dryRun === true
    ? await reply.code(200).send(await req.rehearse(async tx => await rehearsePayment(tx, req.body)))
    : await reply.code(201).send(await req.tx(async tx => showPayment(await receivePayment(tx, req.body)))))

  app.get('/v1/payments', {
    config: { scope: 'payments:read' },
    schema: {
      operationId: 'listPayments', tags, summary: 'List payments', description: 'Payments in the order they were recorded, reversed ones included. A lender\'s key sees its own.',
      querystring: Type.Object({
        ...PageQuery, accountId: Type.Optional(IdOf('account')), lenderId: Type.Optional(IdOf('lender')),
        reference: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Only payments with this number.' })),
      }, closed),
      response: { 200: Page(Payment, 'PaymentPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    const page = await listPayments(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    return { ...page, data: page.data.map(showPayment) }
  }))

  app.get('/v1/accounts/:accountId/corrections', {
    config: { scope: 'payments:read' },
    schema: {
      operationId: 'listCorrections', tags, summary: 'What was computed anew', description: 'Facts that arrived late for a debt, and what each changed: charges and allocations before and after, and the entry that posted the difference.',
      params: Type.Object({ accountId: IdOf('account') }), querystring: Type.Object(PageQuery, closed), response: { 200: Page(Correction, 'CorrectionPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    const page = await listCorrections(tx, req.params.accountId, keyset(req.query))
    return { ...page, data: page.data.map(row => ({ ...showCorrection(row), createdAt: row.createdAt })) }
  }))

  app.get('/v1/accounts/:accountId/commission-preview', {
    config: { scope: 'commissions:read' },
    schema: {
      operationId: 'previewCommission', tags: ['commissions'], summary: 'What a payment would earn', description: 'What the agency would earn by a payment, by the plan the debt is under and all that happened before. Nothing is kept.',
      params: Type.Object({ accountId: IdOf('account') }),
      querystring: Type.Object({ amount: Amount, receivedBy: OneOf(receivers, 'Whose hands it would come into.'), on: Type.Unsafe<string>({ ...Day, description: 'The day it would be received.' }) }, closed),
      response: { 200: CommissionPreview, ...problems(NotFound, AccountNotPlaced, TailOver, PaymentInFuture, PaymentBeforePlacement) },
    },
  }, async req => await req.rehearse(async tx => {
    const { payment, entry: { base, rate, commission, vat, withheld, recoverFrom, currency } } = await previewCommission(tx, req.params.accountId, req.query)
    const allocated = withTotal(bucketsOf(payment))
    return { currency, allocated, overpaid: payment.overpaid, base, rate, commission, vat, total: commission + vat, withheld, recoverFrom, lenderReceives: allocated.total - withheld }
  }))

  app.get('/v1/payments/:paymentId', {
    config: { scope: 'payments:read' },
    schema: { operationId: 'getPayment', tags, summary: 'Read a payment', description: 'One payment, with its reversal when it was undone.', params: path, response: { 200: Payment, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const payment = await findPayment(tx, req.params.paymentId)
    if (payment === null) throw NotFound()
    return showPayment(payment)
  }))

  app.post('/v1/payments/:paymentId/clear', {
    config: { scope: 'payments:write' },
    schema: {
      operationId: 'clearPayment', tags, summary: 'Record that a payment cleared', description: 'Records that money which was on its way has reached the agency\'s bank, once. What it settled stays as it is; from now on it can be passed on.', params: path, body: ClearingInputSchema,
      response: { 200: Payment, ...problems(NotFound, NotAllowed, ClearingNotApplicable, PaymentAlreadyReversed, PaymentAlreadyCleared, ClearedTooEarly, PaymentInFuture, ClearsWithReceipt) },
    },
  }, async req => await req.tx(async tx => showPayment(await clearPayment(tx, req.params.paymentId, req.body))))

  app.post('/v1/payments/:paymentId/reverse', {
    config: { scope: 'payments:write' },
    schema: {
      operationId: 'reversePayment', tags, summary: 'Undo a payment', description: 'Undoes a payment, once: the exact opposite of what was booked, commission included. A debt it had closed is worked again. What had been refunded of it is then the agency\'s loss.', params: path, body: PaymentReversalInputSchema,
      response: { 200: Payment, ...problems(NotFound, NotAllowed, PaymentAlreadyReversed, PaymentRefunded, ReversalTooEarly, PaymentInFuture) },
    },
  }, async req => await req.tx(async tx => showPayment(await reversePayment(tx, req.params.paymentId, req.body))))
}
