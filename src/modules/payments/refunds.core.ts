import { problem, sub, zero } from '#kernel'
import type { CalendarDay, Minor } from '#kernel'
import { clearingOf } from './clearing.core.ts'
import type { Source } from './clearing.core.ts'
import { PaymentAlreadyReversed } from './core.ts'

export const RefundNotApplicable = problem('refund-not-applicable', 422, 'The lender received the payment, so the agency has nothing of it.', 'What was overpaid into the lender\'s hands, the lender gives back.')
export const RefundBeforeCleared = problem('refund-before-cleared', 409, 'The money is still on its way to the agency\'s bank.', 'Wait until the payment has cleared: what has not arrived cannot be given back.')
export const NothingToRefund = problem('nothing-to-refund', 409, 'Nothing is left to refund of the payment.', 'Read the payment: `overpaid` less `refunded` is what can be given back.')
export const RefundExceedsOverpaid = problem('refund-exceeds-overpaid', 422, 'Less was overpaid and not given back yet.', 'Read the payment: `overpaid` less `refunded` is what can be given back.')
export const RefundTooEarly = problem('refund-too-early', 422, 'A refund cannot leave before the money has arrived.', 'Give a day on or after the one the payment was received and cleared.')
export const RefundDuplicate = problem('refund-duplicate', 409, 'The lender has another refund with this reference.', 'Send the refund under a reference of its own, or exactly as it was sent the first time.')
export const PaymentRefunded = problem('payment-refunded', 409, 'Part of the payment was refunded, so it cannot be given back whole.', 'Give no more back than is left. If the bank took the payment back, say so: `nsf` or `chargeback`.')

/** A payment as a refund looks at it. */
export interface Refundable { overpaid: Minor, refunded: Minor, receivedOn: CalendarDay, till: Source | null, clearedOn: CalendarDay | null, state: 'posted' | 'reversed' }

/**
 * How much of a payment is refunded on a day: so much, or all that is overpaid and still there. Throws `RefundNotApplicable`, `PaymentAlreadyReversed`, `RefundBeforeCleared`,
 * `NothingToRefund`, `RefundExceedsOverpaid`, `RefundTooEarly`.
 */
export function refundOf ({ overpaid, refunded, receivedOn, till, clearedOn, state }: Refundable, asked: Minor | undefined, on: CalendarDay): Minor {
  if (till === null) throw RefundNotApplicable()
  if (state === 'reversed') throw PaymentAlreadyReversed()
  if (clearingOf({ till, receivedOn, clearedOn, reason: null }) === 'pending') throw RefundBeforeCleared()
  const left = sub(overpaid, refunded)
  if (left === zero) throw NothingToRefund()
  if (asked !== undefined && asked > left) throw RefundExceedsOverpaid({ left })
  const arrivedOn = clearedOn ?? receivedOn
  if (on < arrivedOn) throw RefundTooEarly({ arrivedOn })
  return asked ?? left
}

/** What makes two reports the same refund; an amount that was left out is what was given back then. */
export interface RefundFacts { paymentId: string, amount: Minor, refundedOn: CalendarDay }

/** Refuses to take a refund for a repeat of one that differs from it. Throws `RefundDuplicate`. */
export function checkRefundRepeat (known: RefundFacts, { paymentId, amount = known.amount, refundedOn }: Omit<RefundFacts, 'amount'> & { amount?: Minor }): void {
  if (known.paymentId !== paymentId || known.amount !== amount || known.refundedOn !== refundedOn) throw RefundDuplicate()
}
