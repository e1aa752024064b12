import { Type } from 'typebox'
import { Amount, Balance, BucketsSchema, Currency, Day, IdOf, Nullable, OneOf, SignedAmount, buckets } from '#kernel'
import type { Id } from '#kernel'
import { event } from '#platform'
import { correctionCauses, receivers, reversalReasons } from './core.ts'

const which = { paymentId: IdOf('payment'), accountId: IdOf('account') }
const Receiver = OneOf(receivers, 'Whose hands the money came into.')

export const PaymentPosted = event('payment.posted', 1, 'Money was received for a debt and applied to it.', Type.Object({
  ...which, amount: Amount, currency: Currency, receivedOn: Day, receivedBy: Receiver,
  overpaid: Type.Unsafe<number>({ ...Balance, description: 'What was left when nothing was owed any more, in minor units.' }),
  isPending: Type.Boolean({ description: 'True: it is on its way to the agency\'s bank, and `payment.cleared` says when it has arrived.' }),
}))

export const PaymentCleared = event('payment.cleared', 1, 'Money that was on its way has reached the agency\'s bank.', Type.Object({ ...which, amount: Amount, currency: Currency, clearedOn: Day }))

const receipt = { receiptId: IdOf('receipt'), amount: Amount, currency: Currency }
const left = Type.Unsafe<number>({ ...Balance, description: 'What is left of it, in minor units.' })

export const ReceiptReceived = event('receipt.received', 1, 'Money came in, and nobody could say yet whose debt it is for.', Type.Object({
  ...receipt, receivedOn: Day, isPending: Type.Boolean({ description: 'True: it is on its way to the agency\'s bank.' }),
}))
export const ReceiptApplied = event('receipt.applied', 1, 'A payment was made of money that had not been identified.', Type.Object({ ...receipt, ...which, left }))
export const ReceiptCleared = event('receipt.cleared', 1, 'Unidentified money that was on its way has reached the agency\'s bank, with all payments made of it.', Type.Object({ ...receipt, clearedOn: Day }))
export const ReceiptReturned = event('receipt.returned', 1, 'What was left of unidentified money was given back.', Type.Object({ ...receipt, receiptReturnId: IdOf('receiptReturn'), returnedOn: Day }))

export const PaymentReversed = event('payment.reversed', 1, 'A payment was undone: returned unpaid, charged back, recorded by mistake, or given back.', Type.Object({
  ...which, reversalId: IdOf('paymentReversal'), amount: Amount, currency: Currency, receivedBy: Receiver, reason: OneOf(reversalReasons, 'Why.'), reversedOn: Day,
}))

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })

/** A sum of either sign for each part of a debt, and in all. */
const signedParts = (what: string) =>
  Type.Object(Object.fromEntries([...buckets, 'total' as const].map(part => [part, signed(`${what}: ${part}, in minor units.`)])) as Record<typeof buckets[number] | 'total', ReturnType<typeof signed>>,
    { description: `${what}, part by part.` })

export const RefundMade = event('payment.refunded', 1, 'What a payment overpaid into the agency\'s hands, or part of it, was given back to the debtor.', Type.Object({
  ...which, refundId: IdOf('refund'), amount: Amount, currency: Currency, refundedOn: Day,
  left: Type.Unsafe<number>({ ...Balance, description: 'What was overpaid and is not given back yet, in minor units.' }),
}))

export const RecoveryRecorded = event('recovery.recorded', 1, 'The net effect of a payment on a debt; when the payment is reversed, the same again with every amount but the balance negative.', Type.Object({
  ...which, currency: Currency, receivedBy: Receiver,
  allocated: signedParts('What it settled'),
  overpaid: signed('What was left when nothing was owed any more, in minor units.'),
  commission: signed('The agency\'s commission, in minor units.'), vat: signed('VAT on it, in minor units.'), balance: BucketsSchema,
}))

export const LedgerCorrected = event('ledger.corrected', 1, 'A fact arrived late, and all that followed from it was computed anew: the difference was posted, with the days it belongs to. What was issued before stays as it is.', Type.Object({
  correctionId: IdOf('correction'), accountId: IdOf('account'), currency: Currency, cause: OneOf(correctionCauses, 'What arrived late.'),
  paymentId: Nullable(Type.Unsafe<Id<'payment'>>({ ...IdOf('payment'), description: 'The payment that arrived late, or was undone; null when it was something else.' })),
  fromOn: Type.Unsafe<string>({ ...Day, description: 'The first day that changed.' }),
  moved: signedParts('By how much what is owed changed beside the fact itself'), balance: BucketsSchema,
  payments: Type.Array(Type.Object({
    paymentId: IdOf('payment'), allocated: BucketsSchema, overpaid: Type.Unsafe<number>({ ...Balance, description: 'What is left of it, in minor units.' }),
  }), { description: 'Payments that settle other parts now, with what they settle.' }),
}))
