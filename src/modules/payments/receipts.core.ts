import { problem, sub } from '#kernel'
import type { CalendarDay, Minor } from '#kernel'
import type { Till } from '../ledger/movements.core.ts'

export const ReceiptDuplicate = problem('receipt-duplicate', 409, 'Another receipt has this reference.', 'Send the receipt under a reference of its own, or exactly as it was sent the first time.')
export const ReceiptOverdrawn = problem('receipt-overdrawn', 422, 'Less is left of the receipt.', 'Read the receipt: `left` is what payments can still be made of.')
export const ReceiptUsedUp = problem('receipt-used-up', 409, 'Nothing is left of the receipt.', 'Payments were made of all of it, or it was given back; read it.')
export const ReceiptAlreadyCleared = problem('receipt-already-cleared', 409, 'The money is at the bank already.', 'A receipt clears once; read it to see when.')

/** What makes two reports the same receipt. */
export interface ReceiptFacts { amount: Minor, currency: string, receivedOn: CalendarDay, method: string, till: Till }

/** Refuses to take a receipt for a repeat of one that differs from it. Throws `ReceiptDuplicate`. */
export function checkReceiptRepeat (known: ReceiptFacts, repeated: ReceiptFacts): void {
  const isSame = known.amount === repeated.amount && known.currency === repeated.currency && known.receivedOn === repeated.receivedOn && known.method === repeated.method && known.till === repeated.till
  if (!isSame) throw ReceiptDuplicate()
}

/** What of a receipt is still nobody's. */
export const leftOf = ({ amount, applied, returned }: { amount: Minor, applied: Minor, returned: Minor }): Minor => sub(amount, applied + returned)

/** How much of a receipt a payment is made of: so much, or all that is left. Throws `ReceiptUsedUp`, `ReceiptOverdrawn`. */
export function takenOf (receipt: { amount: Minor, applied: Minor, returned: Minor }, asked: Minor | undefined): Minor {
  const left = leftOf(receipt)
  if (left === 0) throw ReceiptUsedUp()
  if (asked !== undefined && asked > left) throw ReceiptOverdrawn({ left })
  return asked ?? left
}

/** Where the money of a receipt is by now. */
export const tillNow = ({ till, clearedOn }: { till: Till, clearedOn: CalendarDay | null }): Till => clearedOn === null ? till : 'T.BANK'
