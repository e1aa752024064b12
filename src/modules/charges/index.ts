/**
 * What time adds to a debt: interest and a late fee, by the terms it was placed under.
 *
 * Interest is simple, on the principal alone, from the day after placement: a day's interest is added as the day begins in the debtor's
 * calendar, so that the balance shown on a day is what a payment on that day must cover. It is kept as an exact sum (principal times days, times
 * an exact daily rate), and each posting brings what was posted to that sum, rounded half up: how often the night's work runs, how late, or
 * how often twice, changes no figure. A day that begins under a hold that stops interest earns none. There is one late fee an account, on the
 * first day after the days of grace on which no hold stops it.
 *
 * The night's work takes schedules that are due, many a transaction, with their accounts locked; whoever changes a principal
 * (`payments`) brings the account up to date first, by `accrueThrough`, under the same lock. Every charge keeps all it was computed from.
 *
 * A fact that arrives late has the charges of later days computed anew (`payments` lives the debt again); those that differ are superseded.
 *
 * Still thin: one rate for life, no caps by law.
 * What must never happen: interest on interest, a day charged twice, a second late fee, a charge without its posting.
 */
export { api } from './api.ts'
export { accrueThrough, findChargedLife, replaceCharges } from './commands.ts'
export type { ChargedLife } from './commands.ts'
export { changedCharges } from './core.ts'
export { annualPercent, compoundInterest, compoundings, dailyPercent, equivalentRate, firstIndexDay, interestSegments, postingOf, rateUnits, ratesOf, resets, roundedPerDay, yearDaysOf } from './interest.core.ts'
export type { Segment } from './interest.core.ts'
export { assessFees, bandFaults, feeReasons, statutoryFees, toCredit } from './lateFees.core.ts'
export type { FeeAmount } from './lateFees.core.ts'
export { ChargeWaived, InterestAccrued, LateFeeAssessed } from './events.ts'
export * as jobs from './jobs.ts'
