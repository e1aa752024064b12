import { buckets, lesser, problem, sub, zero } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Id, Minor } from '#kernel'
import type { Till } from '../ledger/movements.core.ts'
import { settle } from './allocation.core.ts'

export const AccountAmbiguous = problem('account-ambiguous', 422, 'Several lenders have a debt with this reference.', 'Name the lender with `lenderId`, or the debt with `accountId`.')
export const CurrencyMismatch = problem('currency-mismatch', 409, 'The payment is not in the currency of the account.', 'Record the amount in the currency of the account, as it was credited.')
export const PaymentInFuture = problem('payment-in-future', 422, 'The day has not begun, neither for the debtor nor for the agency.', 'Record what has happened; what is promised is not a payment.')
export const PaymentBeforePlacement = problem('payment-before-placement', 422, 'The payment is older than the placement.', 'What was paid before the debt was placed belongs into the balance that was placed.')
export const PaymentDuplicate = problem('payment-duplicate', 409, 'The lender has another payment with this reference.', 'Send the payment under a reference of its own, or exactly as it was sent the first time.')
export const PaymentAlreadyReversed = problem('payment-already-reversed', 409, 'The payment has been reversed before.', 'A payment is reversed once; read it to see when and why.')

/** Whose hands a payment came into. */
export const receivers = ['agency', 'lender'] as const
export type Receiver = typeof receivers[number]

/** How a payment was made. */
export const methods = ['bankTransfer', 'card', 'directDebit', 'check', 'cash', 'wallet', 'other'] as const

/** Why a payment is reversed: returned unpaid, charged back by the payer's bank, recorded by mistake, or given back. */
export const reversalReasons = ['nsf', 'chargeback', 'clerical', 'refund'] as const
export type ReversalReason = typeof reversalReasons[number]

/** True when a reversal means that a payment to the agency came back unpaid: agreements may have a fee for that. */
export const cameBack = (receivedBy: Receiver, reason: ReversalReason | null): boolean => receivedBy === 'agency' && (reason === 'nsf' || reason === 'chargeback')

/** How a payment stands. */
export const paymentStates = ['posted', 'reversed'] as const

/** A payment applied to a debt: what it settled, and what was left when nothing was owed. */
export interface Allocation { allocated: Buckets, overpaid: Minor }

/** What of a debt decides how a payment settles it, beside the order: the day of the payment, the day the principal is due, and so much of each part as is disputed. */
export interface Standing { on: CalendarDay, dueOn: CalendarDay, disputed: Buckets }

/**
 * Applies a payment to the parts of a debt in their order: a part gets money only once all before it are settled, and never more than it owes. What was charged is due when it was
 * charged; principal that is not due yet comes after all that is. What is disputed comes last. What is left when nothing is owed is overpaid.
 */
export function allocate (owed: Buckets, amount: Minor, order: readonly Bucket[], { on, dueOn, disputed }: Standing): Allocation {
  const items = buckets.map(part => ({ part, dueOn: part === 'principal' ? dueOn : on, amount: owed[part] }))
  const open = buckets.map(part => {
    const held = lesser(owed[part], disputed[part])
    return { undisputed: sub(owed[part], held), disputed: held }
  })
  const { parts, overpaid } = settle(items, open, { due: order, inAdvance: order }, on, amount)
  return { allocated: parts, overpaid }
}

/** Refuses a payment the account cannot take: another currency, or a day before its placement. Throws `CurrencyMismatch`, `PaymentBeforePlacement`. */
export function checkPayment (account: { currency: string }, placement: { placedOn: CalendarDay }, paid: { currency: string, receivedOn: CalendarDay }): void {
  if (paid.currency !== account.currency) throw CurrencyMismatch({ account: account.currency, payment: paid.currency })
  if (paid.receivedOn < placement.placedOn) throw PaymentBeforePlacement({ placedOn: placement.placedOn })
}

/** What makes two reports the same payment. */
export interface PaymentFacts { accountId: string, amount: Minor, currency: string, receivedOn: CalendarDay, receivedBy: Receiver, method: string, till: Till | 'T.UNAPPLIED' | null, clearsOn: CalendarDay | null }

/** Refuses to take a payment for a repeat of one that differs from it. Throws `PaymentDuplicate`. */
export function checkRepeat (known: PaymentFacts, repeated: PaymentFacts): void {
  const isSame = known.accountId === repeated.accountId && known.amount === repeated.amount && known.currency === repeated.currency
    && known.receivedOn === repeated.receivedOn && known.receivedBy === repeated.receivedBy && known.method === repeated.method && known.till === repeated.till && known.clearsOn === repeated.clearsOn
  if (!isSame) throw PaymentDuplicate()
}

/** Why a debt is closed that a payment has settled. */
export const closeCodeOf = (receivedBy: Receiver): 'paidInFull' | 'paidToLender' => receivedBy === 'agency' ? 'paidInFull' : 'paidToLender'

/** True when nothing is owed any more. */
export const isSettled = (owed: Buckets): boolean => owed.principal === zero && owed.interest === zero && owed.penalty === zero && owed.costs === zero

/** What can arrive late and make a debt's life be lived again. */
export const correctionCauses = ['payment', 'reversal', 'hold', 'referenceRate', 'lenderType', 'adjustment', 'adjustmentReversal'] as const

/** What a payment settled before and after a correction. */
export interface Reallocated { paymentId: Id<'payment'>, before: Allocation, after: Allocation }

/** What a correction computed anew: charges by kind and posting day, with their amounts before and after, and payments that settle other parts now. */
export interface CorrectionChanges { charges: { kind: 'interest' | 'lateFee', toOn: CalendarDay, before: Minor, after: Minor }[], payments: Reallocated[] }
