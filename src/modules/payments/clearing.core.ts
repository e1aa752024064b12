import { problem } from '#kernel'
import type { CalendarDay } from '#kernel'
import type { Till } from '../ledger/movements.core.ts'
import { PaymentAlreadyReversed } from './core.ts'
import type { Receiver, reversalReasons } from './core.ts'

export const ClearingNotApplicable = problem('clearing-not-applicable', 422, 'Only money on its way into the agency\'s hands clears.', 'Leave `pending` and `clearsOn` out for money that the lender received, and give no `clearsOn` to money that is at the bank.')
export const ClearsWithReceipt = problem('clears-with-receipt', 409, 'The payment was made of a receipt, and clears with it.', 'Clear the receipt: all that was made of it clears at once.')
export const PaymentAlreadyCleared = problem('payment-already-cleared', 409, 'The money is at the bank already.', 'A payment clears once; read it to see when. If the bank has taken the money back, reverse the payment.')
export const ClearedTooEarly = problem('cleared-too-early', 422, 'Money cannot clear before it was received.', 'Give a day on or after the one it was received.')

/** How money for the agency stands with its bank: on its way, arrived, or gone back to where it came from. */
export const clearings = ['pending', 'cleared', 'returned'] as const
export type Clearing = typeof clearings[number]

/** Where money for the agency comes in. */
export const tills = ['T.BANK', 'T.CLEARING'] as const satisfies readonly Till[]

/** Where the money of a payment for the agency comes from: new, or out of a receipt that has cleared. */
export const sources = [...tills, 'T.UNAPPLIED'] as const
export type Source = typeof sources[number]

/** What is said of a payment's way to the bank when it is recorded. */
export interface Arrival { receivedBy: Receiver, receivedOn: CalendarDay, pending?: boolean, clearsOn?: CalendarDay }

/**
 * Where the money of a payment comes in: on its way to the bank when it is said to be, or a day is given on which it clears; null when it came into the
 * lender's hands. Throws `ClearingNotApplicable`, `ClearedTooEarly`.
 */
export function tillOf ({ receivedBy, receivedOn, pending, clearsOn }: Arrival): Till | null {
  const isPending = pending ?? clearsOn !== undefined
  if ((isPending && receivedBy === 'lender') || (!isPending && clearsOn !== undefined)) throw ClearingNotApplicable({ receivedBy })
  if (clearsOn !== undefined && clearsOn < receivedOn) throw ClearedTooEarly({ receivedOn })
  return receivedBy === 'lender' ? null : isPending ? 'T.CLEARING' : 'T.BANK'
}

/** Money on its way, as it is stored: when it was received and undone, and when it cleared. */
export interface OnItsWay { till: Source | null, receivedOn: CalendarDay, clearedOn: CalendarDay | null, reason: typeof reversalReasons[number] | null }

/** How money stands with the agency's bank; null when it never came into the agency's hands. What is undone before it cleared is on its way no more, whatever the reason. */
export function clearingOf ({ till, clearedOn, reason }: OnItsWay): Clearing | null {
  if (till === null) return null
  const hasArrived = till !== 'T.CLEARING' || clearedOn !== null
  if (reason === 'nsf' || reason === 'chargeback' || (reason !== null && !hasArrived)) return 'returned'
  return hasArrived ? 'cleared' : 'pending'
}

/** Refuses to clear what is not on its way. Throws `ClearingNotApplicable`, `PaymentAlreadyReversed`, `PaymentAlreadyCleared`, `ClearedTooEarly`. */
export function checkClearing ({ till, receivedOn, clearedOn, isUndone }: Omit<OnItsWay, 'reason'> & { isUndone: boolean }, on: CalendarDay): void {
  if (till === null) throw ClearingNotApplicable()
  if (isUndone) throw PaymentAlreadyReversed()
  if (till !== 'T.CLEARING' || clearedOn !== null) throw PaymentAlreadyCleared({ clearedOn: clearedOn ?? receivedOn })
  if (on < receivedOn) throw ClearedTooEarly({ receivedOn })
}
