/**
 * What the agency earns: a share of what it recovers, by the terms the debt was placed under.
 *
 * A plan of the lender says how: rows that each match a situation (the debt's age and balance at placement, whether it was placed before, how long
 * after and into whose hands it was paid), the first that matches with its method; bounds, VAT. The newest plan on the day of placement holds for a
 * debt's whole life; without one the agreement's own terms are read as a plan, so that commission is computed in one way.
 *
 * Commission is booked with its payment, in the payment's own transaction, rounded once; VAT on the commission, rounded once. When it is to be
 * withheld and the agency holds the money, it is withheld from trust money (never more than the payment itself brought); else it goes on the lender's
 * account, to be invoiced. Each entry keeps all it was computed from and can explain itself.
 *
 * A scale may count by the month: all that came in for the lender in the calendar month of a payment's day, over all its debts with such a scale. What a payment earns is then the scale of all with it
 * less the scale of all before it, each rounded, so that a month earns the scale of its total. A payment that is told late, or undone, has the later ones of its month earn anew,
 * whosever debt they were for: the lender's lock is held, after the account's.
 *
 * A plan may have a fee for a debt that its lender takes back.
 *
 * When a payment is reversed, its commission is given back as the exact opposite of what was booked; nothing is computed again. When a late fact
 * changes what a payment settles, what it earned is given back and it earns anew: both are entries, for the next statement to show.
 * What must never happen: commission without a payment, a figure that cannot be explained, one client's money paying for another.
 */
export { api } from './api.ts'
export { accrueCommission, clawBackCommission, planFor, restateCommission } from './commands.ts'
export type { Changed } from './commands.ts'
export { findAccrual } from './db.ts'
export type { CommissionEntry } from './db.ts'
export { adjusted, boundedFee, boundedTotal, feeOf, shareOfWhole } from './fees.core.ts'
export { Adjustment, Method, checkMethod } from './plan.core.ts'
export * as jobs from './jobs.ts'
export { CommissionAccrued, CommissionClawedBack, CommissionPlanCreated } from './events.ts'
