/**
 * Money that comes in, what it settles, and money that goes back.
 *
 * A debtor pays the agency, or the lender directly, who reports it. The debt is first charged up to the day of the payment; then the payment
 * settles its parts in their order, never more than a part owes. What is left is overpaid: in the agency's hands it is the debtor's
 * money, held in trust; in the lender's hands it is recorded and not booked, for money the agency never held touches no trust account.
 * Booking, commission and the events are one transaction under the account's lock, and a debt that owes nothing any more is closed in it.
 *
 * The order is decided once for a placement: what was agreed, unless mandatory law goes before it (BGB 497(3) has the interest on a consumer loan paid last); where nothing was
 * agreed, what the law says, and where it is silent costs, penalties, interest, principal. What the law said is kept. Principal that is not due yet comes after all that is due, and
 * what is disputed last (Regulation Z, comment 53-3), on every day on whose end the dispute is open, however late a payment of that day is told of.
 *
 * Money for the agency may be on its way when it is recorded (a card, a debit, a cheque): it settles the debt at once, is held apart (`T.CLEARING`) and is not
 * passed on. It clears once, when the bank is said to have it or on the day given; or it comes back and is undone, as it was booked.
 *
 * Money that nobody can place is a receipt: it is in trust (`T.UNAPPLIED`) and no lender's, until payments are made of it or it is given back. A payment made of it
 * by mistake goes back to it. It may be shared out among several debts of one borrower with one lender, by a rule that was agreed or as the law has it (BGB 366, the Civil Code of China,
 * article 560): all of the payments are made or none.
 *
 * What was overpaid into the agency's hands is given back by refunds, never more than that and never before it has arrived. A refund is a fact: a debt lived again leaves it where it is, and when the bank
 * takes a refunded payment back, what was refunded is the agency's loss.
 *
 * A reference names a payment once with its lender: sent again it is answered, not booked. A reversal (returned unpaid, charged back, a
 * mistake, given back) is the exact opposite of what was booked, once, effective not before the payment; its commission goes back with it,
 * and a debt closed for owing nothing is worked again: interest on what is owed again runs from the day after.
 *
 * A fact that arrives late (a payment or its undoing, a hold that began earlier, a reference rate that was corrected) has the debt's life lived again from its facts, by a
 * pure function: charges, allocations and commission from that day on. The difference to what was posted goes into one entry whose lines carry the
 * days they belong to; what was computed before is superseded and stays, and nothing issued changes. In whatever order facts arrive, they end the same.
 *
 * A placement that has ended takes what was received up to its last day, told whenever, and in its tail what was received after it (`tailDays` of the commission plan). What a
 * lender took back is on `C.RECALLED`: a payment of the tail takes it back from there, up to what no other has settled, and its undoing returns it. After the tail money
 * is refused: a receipt keeps it until it is given back.
 *
 * What must never happen: a part below zero, a payment booked twice, a reversal that computes anything anew, trust money without an owner.
 */
export { api } from './api.ts'
export { allocateHistory, legalOrders, precedences } from './allocation.core.ts'
export type { AllocationFact, Waterfall } from './allocation.core.ts'
export { checkBegun } from './checks.commands.ts'
export { receivePayment, reversePayment } from './commands.ts'
export { allocate, isSettled } from './core.ts'
export { moveDebt, undoMovement } from './movements.commands.ts'
export type { Moved } from './movements.commands.ts'
export { LedgerCorrected, PaymentCleared, PaymentPosted, PaymentReversed, RefundMade, ReceiptApplied, ReceiptCleared, ReceiptReceived, ReceiptReturned, RecoveryRecorded } from './events.ts'
export { orderOf } from './orders.commands.ts'
export * as jobs from './jobs.ts'
