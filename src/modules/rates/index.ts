/**
 * What money costs: reference rates, and interest by any convention.
 *
 * Laws and contracts name a rate that somebody publishes: the loan prime rate, a central bank's, a Treasury yield. An operator imports its values, each
 * from its day until the next. Published rates turn out wrong (the Minnesota courts published 4 % for 2 % for 2002, and corrected it in 2007 for all active
 * judgments): so every value has the day it holds from and the instant it was recorded, a correction is another record, and what was known at any
 * instant can be told. A debt whose interest follows a rate that was corrected is computed anew (`payments` lives it again).
 *
 * Interest is a pure function of its facts (`interest.core.ts`): stretches of days on which neither base nor rate nor the length of the year changed.
 *
 * What must never happen: a value overwritten, a rate rounded, a debt left on a value that was corrected.
 */
export { api } from './api.ts'
export { RateName, knownIndices } from './core.ts'
export { findValues as findRateValues } from './db.ts'
export { ReferenceRateChanged } from './events.ts'
export { annualPercent, compoundInterest, compoundings, dailyPercent, equivalentRate, firstIndexDay, interestSegments, postingOf, rateUnits, ratesOf, resets, roundedPerDay, startRules, yearDaysOf } from './interest.core.ts'
export type { Compounding, InterestInput, RateRule, RateUnit, Reset, Segment, Suspension, ValueFrom } from './interest.core.ts'
