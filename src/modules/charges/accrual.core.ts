import { addDays, addMonths, addR, countDays, divR, formatR, lesser, minor, ratio, roundR, subR, wholeMonths, wholeR, zero, zeroR } from '#kernel'
import type { CalendarDay, DayCount, Minor, Rational } from '#kernel'
import type { AgreementTerms } from '../lenders/core.ts'
import { interestSegments } from '../rates/interest.core.ts'
import type { RateRule, Segment, Suspension, ValueFrom } from '../rates/interest.core.ts'
import type { NewCharge } from './core.ts'
import { within } from './limits.core.ts'
import type { Limit } from './limits.core.ts'
import { forever } from './pauses.core.ts'

/** An agreement's terms of interest with the values of the index they name, as they are known. */
export type InterestRules = NonNullable<AgreementTerms['interest']> & { values: readonly ValueFrom[] }

/**
 * How far a debt's interest has got. `exact` is what it comes to so far, `posted` what of that has been posted. `capitalized` is the interest that bears interest itself.
 * Some conventions count days otherwise when a span is cut: for those `stretch` keeps where the days on the present base began, and the exact sum before.
 */
export interface Accrual { exact: Rational, posted: Minor, capitalized: Minor, stretch: Stretch | null }
export interface Stretch { from: CalendarDay, base: Minor, cap: string | null, before: Rational }

/** Nothing accrued yet. */
export const noAccrual: Accrual = { exact: zeroR, posted: zero, capitalized: zero, stretch: null }

/** Conventions under which the days of two spans are those of the whole, wherever it is cut. */
const additive: readonly DayCount[] = ['ACT/365F', 'ACT/360', 'ACT/366', 'ACT/365.25', 'ACT/calendar-year', 'ACT/ACT ISDA', 'NL/365', '30E/360', '30E/365']

/** When the debt was due, placed and, if it was, judged: rates may be frozen on any of these days, and interest may run from it. */
export interface Dates { dueOn: CalendarDay, placedOn: CalendarDay, judgedOn?: CalendarDay | null }

/** The first day that bears interest by the agreement; null when none does. */
export function firstInterestDay ({ from = 'placement', startRule = 'excludeStartIncludeEnd' }: InterestRules, { dueOn, placedOn, judgedOn = null }: Dates): CalendarDay | null {
  const start = from === 'placement' ? placedOn : from === 'dueDate' ? dueOn : judgedOn
  return start === null || startRule === 'includeBoth' ? start : addDays(start, 1)
}

/** Days that bear no interest yet. */
export function daysBefore (terms: InterestRules | null, dates: Dates): Suspension[] {
  const first = terms === null ? null : firstInterestDay(terms, dates)
  return terms === null || (first !== null && first <= addDays(dates.placedOn, 1)) ? [] : [{ from: addDays(dates.placedOn, 1), to: first === null ? forever : addDays(first, -1) }]
}

/**
 * The rule of a debt's rate, and when it begins to hold. A rate that follows an index earns nothing on days for which no value of it is known, however the days are cut into calls:
 * `since` is the first day it has one, null when there is none.
 */
function ruleFor (terms: InterestRules, { dueOn, placedOn, judgedOn = null }: Dates): { rule: RateRule, since: CalendarDay | null } {
  const { unit, rate, index, marginPoints, reset = 'frozenAtDefault', cap, floor } = terms
  const bounds = { ...cap !== undefined && { cap }, ...floor !== undefined && { floor } }
  if (index === undefined) return { rule: { unit, value: rate ?? '0', ...bounds }, since: firstDay }
  const frozenOn = reset === 'frozenAtDefault' ? dueOn : reset === 'frozenAtPlacement' ? placedOn : reset === 'frozenAtJudgment' ? judgedOn : undefined
  const first = terms.values.reduce<CalendarDay | null>((earliest, { from }) => earliest === null || from < earliest ? from : earliest, null)
  if (frozenOn === null || first === null || (frozenOn !== undefined && frozenOn < first)) return { rule: { unit, value: '0' }, since: null }
  const rule: RateRule = {
    unit, index: [{ from: firstDay, value: '0' }, ...terms.values], ...marginPoints !== undefined && { marginPoints }, ...bounds,
    ...frozenOn !== undefined ? { reset: 'frozen', frozenOn } : { reset: reset === 'floatingDaily' ? reset : 'floatingSemiannual' },
  }
  return { rule, since: frozenOn !== undefined ? firstDay : reset === 'floatingDaily' ? first : firstHalfYear(first) }
}

/** Before all that is ever charged. */
const firstDay: CalendarDay = '0001-01-01'

/** The first day of the first half-year that begins on a day or after it. */
const firstHalfYear = (day: CalendarDay): CalendarDay => {
  const year = Number(day.slice(0, 4))
  return [`${day.slice(0, 4)}-01-01`, `${day.slice(0, 4)}-07-01`].find(begins => begins >= day) ?? `${String(year + 1).padStart(4, '0')}-01-01`
}

const monthsOf: Record<string, number> = { monthly: 1, quarterly: 3, semiannually: 6, annually: 12 }

/** The next day after one, at most `to`, at whose end open interest begins to bear interest; null when there is none. */
export function nextCapitalization ({ compounding = 'none' }: InterestRules, placedOn: CalendarDay, after: CalendarDay, to: CalendarDay): CalendarDay | null {
  if (compounding === 'none') return null
  if (compounding === 'daily') return addDays(after, 1)
  const months = monthsOf[compounding]!
  const next = addMonths(placedOn, months * (Math.floor(wholeMonths(placedOn, after < placedOn ? placedOn : after) / months) + 1))
  return next <= to ? next : null
}

/** What bears interest: the principal, and of open interest what was added to it. */
export const baseOf = (principal: Minor, interest: Minor, capitalized: Minor): Minor => minor(principal + lesser(interest, capitalized))

/**
 * Accrues the days after `from` up to and including `to`, during which neither the base nor what the law allows (`limit`) changed: one charge for each stretch on which the rate stood still.
 * What has been posted is the exact sum so far, rounded, and never less than it was; however the days are cut into calls, it ends the same.
 */
export function accrueInterest (
  accrual: Accrual, base: Minor, agreed: InterestRules, limit: Limit | null, dates: Dates, paused: readonly Suspension[], from: CalendarDay, to: CalendarDay, room: Minor,
): { accrual: Accrual, charges: NewCharge[] } {
  const terms = within(agreed, limit ?? undefined)
  const cap = terms.cap ?? null
  const isAdditive = additive.includes(terms.dayCount)
  const { stretch } = accrual
  const begun = !isAdditive && stretch?.base === base && stretch.cap === cap ? stretch : { from, base, cap, before: accrual.exact }
  const { rule, since } = ruleFor(terms, dates)
  const first = addDays(begun.from, 1)
  const unknown: Suspension[] = since !== null && since <= first ? [] : [{ from: first, to: since === null || since > to ? to : addDays(since, -1) }]
  const segments = base === zero ? [] : interestSegments({ from: begun.from, to, base, suspensions: [...paused, ...unknown], rate: rule, dayCount: terms.dayCount })
  let { exact, posted } = accrual
  let sum = begun.before
  let left = room
  const charges: NewCharge[] = []
  for (const segment of segments) {
    sum = addR(sum, earnedIn(segment, terms))
    if (segment.to <= from) continue
    const earned = subR(sum, exact)
    exact = sum
    if (earned.n === 0n) continue
    const due = roundR(sum, terms.rounding?.mode) - BigInt(posted)
    const amount = due <= 0n ? zero : due > BigInt(left) ? left : minor(due)
    posted = minor(posted + amount)
    left = minor(left - amount)
    charges.push({
      kind: 'interest', fromOn: segment.from > from ? segment.from : addDays(from, 1), toOn: segment.to, base, rate: segment.rate, rateUnit: segment.unit, dayCount: segment.dayCount,
      days: segment.days - countedBefore(segment, from), exact: formatR(earned), amount, causedBy: segment.to, policyDecisionId: limit?.decisionId ?? null,
    })
  }
  return { accrual: { ...accrual, exact, posted, stretch: isAdditive ? null : begun }, charges }
}



/** What a stretch earned: exactly, or as days rounded each by itself. */
function earnedIn ({ exact, days }: Segment, { rounding }: InterestRules): Rational {
  if (rounding?.when !== 'perDay' || days === 0) return exact
  return ratio(roundR(divR(exact, wholeR(days)), rounding.mode) * BigInt(days), 1n)
}

/** How many of a stretch's days were counted up to a day that lies in it. */
const countedBefore = ({ from, dayCount }: Segment, day: CalendarDay): number => day < from ? 0 : countDays(dayCount, addDays(from, -1), day).days
