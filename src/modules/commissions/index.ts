/**
 * What the agency earns: a share of what it recovers, by the terms the debt was placed under.
 *
 * Commission is booked with its payment, in the payment's own transaction: on the parts of the debt the agreement names, at its rate or at
 * that of the band the debt's age at placement falls into, rounded once; VAT on the commission, rounded once. When the agreement remits net and
 * the agency holds the money, it is withheld from trust money (never more than the payment itself brought); else it goes on the lender's
 * account, to be invoiced. Each entry keeps all it was computed from and can explain itself.
 *
 * When a payment is reversed, its commission is given back as the exact opposite of what was booked; nothing is computed again. When a late fact
 * changes what a payment settles, what it earned is given back and it earns anew: both are entries, for the next statement to show.
 * What must never happen: commission without a payment, a figure that cannot be explained, one client's money paying for another.
 */
export { api } from './api.ts'
export { accrueCommission, clawBackCommission, recomputeCommission } from './commands.ts'
export { adjusted, boundedFee, boundedTotal, feeOf, shareOfWhole } from './fees.core.ts'
export { Adjustment, Method, checkMethod } from './plan.core.ts'
export { CommissionAccrued, CommissionClawedBack } from './events.ts'
