import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Balance, BucketsSchema, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, bucketsOf, closed, problems, withTotal } from '#kernel'
import type { Id } from '#kernel'
import { NotAllowed, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { ReversalTooEarly } from '../ledger/index.ts'
import { AccountNotPlaced } from '../placements/index.ts'
import { receivePayment, reversePayment } from './commands.ts'
import {
  AccountAmbiguous, CurrencyMismatch, PaymentAlreadyReversed, PaymentBeforePlacement, PaymentDuplicate, PaymentInFuture, methods, paymentStates, receivers, reversalReasons,
} from './core.ts'
import { findPayment, listPayments } from './db.ts'
import type { PaymentRow } from './db.ts'

const facts = {
  amount: Amount, currency: Currency, receivedOn: Type.Unsafe<string>({ ...Day, description: 'The day the money was received.' }),
  receivedBy: OneOf(receivers, 'Whose hands it came into: `agency`, or `lender` when the debtor paid the lender directly.'), method: OneOf(methods, 'How it was paid.'),
}

const PaymentInputSchema = Type.Object({
  accountId: Type.Optional(IdOf('account')),
  lenderReference: Type.Optional(Text(100, 'Instead of `accountId`: the lender\'s own number of the debt.', ['L-2026-0001'])),
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'With `lenderReference`: whose number it is, when several lenders use it.' })),
  ...facts,
  reference: Type.Optional(Text(100, 'The number of the payment at the bank or the lender, unique with the lender: the same payment sent again under it is recorded once.', ['TXN-20260131-0007'])),
}, {
  title: 'PaymentInput', ...closed, oneOf: [{ required: ['accountId'] }, { required: ['lenderReference'] }],
  examples: [
    { accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', amount: 540_00, currency: 'CNY', receivedOn: '2026-01-31', receivedBy: 'agency', method: 'bankTransfer', reference: 'TXN-20260131-0007' },
    { lenderReference: 'L-2026-0001', amount: 200_00, currency: 'CNY', receivedOn: '2026-02-02', receivedBy: 'lender', method: 'cash' },
  ],
})
export type PaymentInput = Static<typeof PaymentInputSchema>

const PaymentReversalInputSchema = Type.Object({
  reason: OneOf(reversalReasons, '`nsf`: returned unpaid; `chargeback`: taken back by the payer\'s bank; `clerical`: recorded by mistake; `refund`: given back.'),
  reversedOn: Type.Unsafe<string>({ ...Day, description: 'The day it takes effect: not before the payment was received.' }),
}, { title: 'PaymentReversalInput', ...closed, examples: [{ reason: 'nsf', reversedOn: '2026-02-04' }] })
export type PaymentReversalInput = Static<typeof PaymentReversalInputSchema>

const Payment = Type.Object({
  id: IdOf('payment'), accountId: IdOf('account'), lenderId: IdOf('lender'), placementId: IdOf('placement'), ...facts, reference: Nullable(Type.String({ description: 'The number of the payment, if it has one.' })),
  allocated: Type.Unsafe<ReturnType<typeof withTotal>>({ ...BucketsSchema, title: 'Balance', description: 'What it settled, part by part.' }),
  overpaid: Type.Unsafe<number>({ ...Balance, description: 'What was left when nothing was owed any more: in trust for the debtor, or with the lender when it received the payment.' }),
  state: OneOf(paymentStates, 'How it stands.'),
  reversal: Nullable(Type.Object({
    id: IdOf('paymentReversal'), reason: OneOf(reversalReasons, 'Why it was undone.'), reversedOn: Day, journalEntryId: Nullable(IdOf('journalEntry')), createdAt: Instant,
  }, { title: 'PaymentReversal' })),
  journalEntryId: Nullable(IdOf('journalEntry')), createdAt: Instant,
}, { title: 'Payment' })

const show = ({ principal, interest, penalty, costs, ...payment }: PaymentRow) => ({ ...payment, allocated: withTotal(bucketsOf({ principal, interest, penalty, costs })) })

export const api: Api = app => {
  const tags = ['payments']
  const path = Type.Object({ paymentId: IdOf('payment') })

  app.post('/v1/payments', {
    config: { scope: 'payments:write' },
    schema: {
      operationId: 'receivePayment', tags, summary: 'Record a payment', description: 'Records money received for a debt, by the agency or directly by the lender: it settles the parts of the debt in the agreed order, and what is left is overpaid. A lender\'s key reports what came into its own hands.',
      body: PaymentInputSchema,
      response: { 201: Payment, ...problems(NotFound, NotAllowed, AccountAmbiguous, AccountNotPlaced, CurrencyMismatch, PaymentDuplicate, PaymentInFuture, PaymentBeforePlacement) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => show(await receivePayment(tx, req.body)))))

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
    return { ...page, data: page.data.map(show) }
  }))

  app.get('/v1/payments/:paymentId', {
    config: { scope: 'payments:read' },
    schema: { operationId: 'getPayment', tags, summary: 'Read a payment', description: 'One payment, with its reversal when it was undone.', params: path, response: { 200: Payment, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const payment = await findPayment(tx, req.params.paymentId)
    if (payment === null) throw NotFound()
    return show(payment)
  }))

  app.post('/v1/payments/:paymentId/reverse', {
    config: { scope: 'payments:write' },
    schema: {
      operationId: 'reversePayment', tags, summary: 'Undo a payment', description: 'Undoes a payment, once: the exact opposite of what was booked, commission included. A debt it had closed is worked again.', params: path, body: PaymentReversalInputSchema,
      response: { 200: Payment, ...problems(NotFound, NotAllowed, PaymentAlreadyReversed, ReversalTooEarly, PaymentInFuture) },
    },
  }, async req => await req.tx(async tx => show(await reversePayment(tx, req.params.paymentId, req.body))))
}
