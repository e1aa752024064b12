import { Type } from 'typebox'
import { Amount, Balance, BucketsSchema, Currency, Day, IdOf, OneOf, SignedAmount, buckets } from '#kernel'
import { event } from '#platform'
import { receivers, reversalReasons } from './core.ts'

const which = { paymentId: IdOf('payment'), accountId: IdOf('account') }
const Receiver = OneOf(receivers, 'Whose hands the money came into.')

export const PaymentPosted = event('payment.posted', 1, 'Money was received for a debt and applied to it.', Type.Object({
  ...which, amount: Amount, currency: Currency, receivedOn: Day, receivedBy: Receiver,
  overpaid: Type.Unsafe<number>({ ...Balance, description: 'What was left when nothing was owed any more, in minor units.' }),
}))

export const PaymentReversed = event('payment.reversed', 1, 'A payment was undone: returned unpaid, charged back, recorded by mistake, or given back.', Type.Object({
  ...which, reversalId: IdOf('paymentReversal'), amount: Amount, currency: Currency, receivedBy: Receiver, reason: OneOf(reversalReasons, 'Why.'), reversedOn: Day,
}))

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })

export const RecoveryRecorded = event('recovery.recorded', 1, 'The net effect of a payment on a debt; when the payment is reversed, the same again with every amount but the balance negative.', Type.Object({
  ...which, currency: Currency, receivedBy: Receiver,
  allocated: Type.Object(Object.fromEntries([...buckets, 'total' as const].map(part => [part, signed(`What it settled: ${part}, in minor units.`)])) as Record<typeof buckets[number] | 'total', ReturnType<typeof signed>>,
    { description: 'What it settled, part by part.' }),
  overpaid: signed('What was left when nothing was owed any more, in minor units.'),
  commission: signed('The agency\'s commission, in minor units.'), vat: signed('VAT on it, in minor units.'), balance: BucketsSchema,
}))
