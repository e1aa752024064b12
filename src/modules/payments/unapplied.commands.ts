import { add, sub } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import type { Tx } from '#platform'
import { movements, post } from '../ledger/index.ts'
import type { EntryKind, Line } from '../ledger/index.ts'
import type { Source } from './clearing.core.ts'
import { tillNow } from './receipts.core.ts'
import { setReceipt } from './receipts.db.ts'
import type { ReceiptRow } from './receipts.db.ts'

/** Posts what happens to money that is no lender's, because of a payment made of it. */
const postNobodys = async (tx: Tx, { currency }: ReceiptRow, kind: EntryKind, paymentId: Id<'payment'>, on: CalendarDay, lines: readonly Line[]): Promise<void> => {
  await post(tx, [{ lenderId: null, accountId: null, kind, causeId: paymentId, effectiveOn: on, currency, lines }])
}

/**
 * Takes money out of a receipt for a payment. What has cleared the payment's own entry takes out (`T.UNAPPLIED`). What is on its way must be on its way to the lender it
 * is for from now on, or it would be passed on: it leaves nobody's clearing, and the payment's entry brings it into its lender's. The receipt's lock is held.
 */
export async function takeOut (tx: Tx, receipt: ReceiptRow, paymentId: Id<'payment'>, amount: Minor): Promise<ReceiptRow> {
  if (tillNow(receipt) === 'T.CLEARING') await postNobodys(tx, receipt, 'receiptApplied', paymentId, receipt.receivedOn, movements.unidentifiedReturned(amount, 'T.CLEARING'))
  return await setReceipt(tx, receipt.id, { applied: add(receipt.applied, amount) })
}

/** A payment made of a receipt that is undone: `till` is where its own entry put its money back. */
interface Undone { id: Id<'payment'>, amount: Minor, till: Source | null, isMistake: boolean, on: CalendarDay }

/** Follows the undoing of a payment: a mistake is the receipt's again, and what came back unpaid or was given back has left the bank. The receipt's lock is held. */
export async function undoApplication (tx: Tx, receipt: ReceiptRow, { id, amount, till, isMistake, on }: Undone): Promise<void> {
  if (isMistake && till === 'T.CLEARING') await postNobodys(tx, receipt, 'receiptRestored', id, on, movements.receivedUnidentified(amount, tillNow(receipt)))
  if (!isMistake && till === 'T.UNAPPLIED') await postNobodys(tx, receipt, 'receiptReturn', id, on, movements.unidentifiedReturned(amount, 'T.BANK'))
  if (isMistake) await setReceipt(tx, receipt.id, { applied: sub(receipt.applied, amount) })
}
