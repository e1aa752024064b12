/**
 * What changes what is owed and is no payment.
 *
 * The agency advances costs: the debtor owes them, and they are recovered first of what comes in. The lender forgoes a part (a discount, only on its word), gives one up (a
 * write-off), or finds that the balance was wrong. A charge is taken back. Each is a fact with a day and a reason, recorded once under its reference, never more than a part of
 * the debt owes; it is undone once, as it was booked. One dated back has the debt's life computed anew, as a late payment has (see payments).
 *
 * A debt that then owes nothing is closed; one that owes again because an adjustment was undone is worked again.
 *
 * What must never happen: a part below zero, a discount without the lender's word, an adjustment counted twice.
 */
export { api } from './api.ts'
export { BalanceAdjusted } from './events.ts'
