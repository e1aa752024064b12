/**
 * What time adds to a debt: interest and late fees, by the terms it was placed under.
 *
 * Interest runs on the principal from the day after placement, or from the day the agreement names: a day's interest is added as the day begins in the debtor's calendar, so that the balance shown on a
 * day is what a payment on that day must cover. The rate is fixed, or follows a reference rate plus a margin, by any day count; interest bears interest
 * only where the agreement compounds. It is kept as an exact sum, and each posting brings what was posted to that sum, rounded: how often the night's
 * work runs, how late, or how often twice, changes no figure. A day that begins under a hold that stops interest earns none.
 *
 * Late fees are rules: when the debt is late beyond its days of grace, in steps if agreed, or when a payment came back unpaid; a sum, a share or a scale, within
 * bounds. A fee is never on a fee, never where nothing but fees is unpaid, and one event brings one fee.
 *
 * What the law allows is asked before anything is charged, again each half-year, and anew when a reference rate it rests on or the lender's type is found to be
 * another: every answer is kept, a charge names the one it rests on, and what is not known to be allowed is not charged. Where the law forbids interest on
 * interest, an agreement that compounds is charged simple interest.
 *
 * A debt is charged for the day its placement ends, and for none after it: if the night had not got so far, that is made up for when it ends, and leaves the
 * books at once where the lender took the debt back.
 *
 * The night's work takes schedules that are due, many a transaction, with their accounts locked; whoever changes a principal
 * (`payments`) brings the account up to date first, by `accrueThrough`, under the same lock. Every charge keeps all it was computed from.
 *
 * A fact that arrives late has the charges of later days computed anew (`payments` lives the debt again); those that differ are superseded.
 *
 * What must never happen: interest on interest that nobody agreed, a day charged twice, two fees for one event, a charge without its posting.
 */
export { ChargeSchema, api } from './api.ts'
export { accrueThrough, chargeForReturn, chargeToEnd, findChargedLife, replaceCharges } from './commands.ts'
export type { ChargedLife } from './commands.ts'
export { ChargeAlreadyWaived, ChargeNotOpen, ChargeSuperseded, WaiverTooEarly, changedCharges, waiverReasons } from './core.ts'
export type { NewCharge } from './core.ts'
export { findCharge, lockCharge, setChargeWaived, setWaiverUndone } from './db.ts'
export type { Charge } from './db.ts'
export { packsFor } from './limits.commands.ts'
export { agreedPercent } from './limits.core.ts'
export { listCases } from './limits.db.ts'
export { assessFees, feeReasons, statutoryFees, toCredit } from './lateFees.core.ts'
export type { FeeAmount } from './lateFees.core.ts'
export { askLimitsAnew, limitedBy } from './limits.commands.ts'
export { ChargeRefused, ChargeWaived, InterestAccrued, LateFeeAssessed } from './events.ts'
export * as jobs from './jobs.ts'
