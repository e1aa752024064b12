import { add, sub } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import type { Tx } from '#platform'
import { movements, post } from '../ledger/index.ts'
import { tillNow } from './receipts.core.ts'
import { setReceipt } from './receipts.db.ts'
import type { ReceiptRow } from './receipts.db.ts'

/** Takes money out of a receipt for a payment: what was nobody's leaves, and the payment's own entry brings it in as its lender's. The receipt's lock is held. */
export async function takeOut (tx: Tx, receipt: ReceiptRow, paymentId: Id<'payment'>, amount: Minor): Promise<ReceiptRow> {
  await post(tx, [{
    lenderId: null, accountId: null, kind: 'receiptApplied', causeId: paymentId, effectiveOn: receipt.receivedOn, currency: receipt.currency, lines: movements.unidentifiedReturned(amount, tillNow(receipt)),
  }])
  return await setReceipt(tx, receipt.id, { applied: add(receipt.applied, amount) })
}

/** Puts money back that a payment was made of by mistake: it is nobody's again. The receipt's lock is held. */
export async function putBack (tx: Tx, receipt: ReceiptRow, paymentId: Id<'payment'>, amount: Minor, on: CalendarDay): Promise<void> {
  await post(tx, [{
    lenderId: null, accountId: null, kind: 'receiptRestored', causeId: paymentId, effectiveOn: on, currency: receipt.currency, lines: movements.receivedUnidentified(amount, tillNow(receipt)),
  }])
  await setReceipt(tx, receipt.id, { applied: sub(receipt.applied, amount) })
}
