import { sub } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { movements, post } from '../ledger/index.ts'
import { checkBegun, checkHands } from './checks.commands.ts'
import { findPayment, lockPayment } from './db.ts'
import type { PaymentRow } from './db.ts'
import { RefundMade } from './events.ts'
import type { RefundInput } from './refunds.api.ts'
import { RefundDuplicate, checkRefundRepeat, refundOf } from './refunds.core.ts'
import { findRefundByReference, findRefundedOn, insertRefund } from './refunds.db.ts'
import type { RefundRow } from './refunds.db.ts'

/**
 * Gives a debtor back what a payment overpaid into the agency's hands, all that is left of it or so much; once it is given back it is never undone. A refund already recorded under
 * its reference is answered as it is. Throws `NotFound`, `NotAllowed`, `RefundDuplicate`, `PaymentInFuture` and what `refundOf` does.
 */
export async function refundPayment (tx: Tx, paymentId: Id<'payment'>, { amount: asked, refundedOn, ...input }: RefundInput): Promise<RefundRow> {
  const reference = input.reference ?? null
  const found = await findPayment(tx, paymentId)
  if (found === null) throw NotFound()
  checkHands(tx, 'agency')
  const account = await lockAccount(tx, found.accountId)
  const payment = await lockPayment(tx, paymentId)
  const { accountId, lenderId, currency } = payment
  const known = reference === null ? null : await findRefundByReference(tx, lenderId, reference)
  if (known !== null) {
    checkRefundRepeat(known, { paymentId, refundedOn, ...asked !== undefined && { amount: asked } })
    return known
  }
  const amount = refundOf(payment, asked, refundedOn)
  await checkBegun(tx, account, refundedOn)
  const id = newId('refund')
  const [journalEntryId] = await post(tx, [{ lenderId, accountId, kind: 'refund', causeId: id, effectiveOn: refundedOn, currency, lines: movements.refunded(amount) }])
  const refund = await insertRefund(tx, { id, paymentId, accountId, lenderId, amount, currency, refundedOn, reference, journalEntryId: journalEntryId! })
  if (refund === null) throw RefundDuplicate()
  emit(tx, RefundMade, { accountId, lenderId }, { paymentId, refundId: id, accountId, amount, currency, refundedOn, left: sub(payment.overpaid, payment.refunded + amount) })
  return refund
}

/**
 * Books as the agency's loss what had been refunded of a payment that is undone: the debtor has it, and the bank took the whole back. Not before it was given back. The payment's lock
 * is held; its own entry is undone in the same transaction.
 */
export async function loseRefund (tx: Tx, { id, accountId, lenderId, currency, refunded }: Pick<PaymentRow, 'id' | 'accountId' | 'lenderId' | 'currency' | 'refunded'>, on: CalendarDay): Promise<void> {
  const refundedOn = await findRefundedOn(tx, id)
  if (refundedOn === null) return
  await post(tx, [{ lenderId, accountId, kind: 'refundLost', causeId: id, effectiveOn: refundedOn > on ? refundedOn : on, currency, lines: movements.refundLost(refunded) }])
}
