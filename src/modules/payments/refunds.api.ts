import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Currency, Day, IdOf, Instant, Nullable, Page, PageQuery, Text, closed, problems } from '#kernel'
import { NotAllowed, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { PaymentAlreadyReversed, PaymentInFuture } from './core.ts'
import { findPayment } from './db.ts'
import { refundPayment } from './refunds.commands.ts'
import { NothingToRefund, RefundBeforeCleared, RefundDuplicate, RefundExceedsOverpaid, RefundNotApplicable, RefundTooEarly } from './refunds.core.ts'
import { listRefunds } from './refunds.db.ts'

const reference = 'The bank\'s or the agency\'s number of the refund, unique with the lender: sent again under it, it is recorded once.'
const refundedOn = Type.Unsafe<string>({ ...Day, description: 'The day it left the trust bank account: not before the payment was received and had cleared.' })

const RefundInputSchema = Type.Object({
  amount: Type.Optional(Type.Unsafe<number>({ ...Amount, description: 'How much of what was overpaid, in minor units; all that was not given back yet when left out.' })),
  refundedOn, reference: Type.Optional(Text(100, reference, ['RF-20260204-0003'])),
}, { title: 'RefundInput', ...closed, examples: [{ refundedOn: '2026-02-04', reference: 'RF-20260204-0003' }, { amount: 10_00, refundedOn: '2026-02-04' }] })
export type RefundInput = Static<typeof RefundInputSchema>

const Refund = Type.Object({
  id: IdOf('refund'), paymentId: IdOf('payment'), accountId: IdOf('account'), lenderId: IdOf('lender'), amount: Amount, currency: Currency, refundedOn,
  reference: Nullable(Type.String({ description: 'Its number, if it has one.' })), journalEntryId: IdOf('journalEntry'), createdAt: Instant,
}, { title: 'Refund' })

/** What was overpaid goes back. */
export const refunds: Api = app => {
  const tags = ['payments']
  const path = Type.Object({ paymentId: IdOf('payment') })

  app.post('/v1/payments/:paymentId/refund', {
    config: { scope: 'payments:write' },
    schema: {
      operationId: 'refundPayment', tags, summary: 'Refund what was overpaid', description: 'Records that the agency gave back what a payment overpaid into its hands, all that is left of it or part. It is a fact: a refund is not undone, and whatever is learnt of the debt later, what was refunded settles none of it. For the agency alone.',
      params: path, body: RefundInputSchema,
      response: { 201: Refund, ...problems(NotFound, NotAllowed, RefundNotApplicable, PaymentAlreadyReversed, RefundBeforeCleared, NothingToRefund, RefundExceedsOverpaid, RefundTooEarly, RefundDuplicate, PaymentInFuture) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await refundPayment(tx, req.params.paymentId, req.body))))

  app.get('/v1/payments/:paymentId/refunds', {
    config: { scope: 'payments:read' },
    schema: {
      operationId: 'listRefunds', tags, summary: 'List refunds', description: 'What was given back of a payment, in the order it was recorded.', params: path,
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(Refund, 'RefundPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findPayment(tx, req.params.paymentId) === null) throw NotFound()
    return await listRefunds(tx, req.params.paymentId, keyset(req.query))
  }))
}
