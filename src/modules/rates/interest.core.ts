import {
  addDays, addMonths, addR, compareR, countDays, divR, formatR, isLeapYear, minor, mulR, powerCut, ratio, rational, rootR, roundR, roundToDecimals, sub, subR, wholeMonths, wholeR, zeroR,
} from '#kernel'
import type { CalendarDay, DayCount, DayCountOptions, Minor, Rational, RoundingMode } from '#kernel'

/** What a rate is a rate of: per cent a year, a month or a day, or parts in ten thousand a day (Fa Shi [2014] 8, article 1). */
export const rateUnits = ['pct_year', 'pct_month', 'pct_day', 'per10k_day'] as const
export type RateUnit = typeof rateUnits[number]

/** When a rate that follows an index takes its value: once, on a day (default, judgment), each 1 January and 1 July (BGB 247, 288), or daily. */
export const resets = ['frozen', 'floatingSemiannual', 'floatingDaily'] as const
export type Reset = typeof resets[number]

/** Whether the day from which interest runs, or days are counted, bears any or counts itself. */
export const startRules = ['excludeStartIncludeEnd', 'includeBoth'] as const

/** A value that holds from a day until the next one. */
export interface ValueFrom { from: CalendarDay, value: string }

/**
 * A rate: a fixed `value`, or an index plus a margin in percentage points (1.14 and 5 are 6.14, not 1.197). `cap` and `floor` bound the result.
 * Values are exact: decimals or fractions.
 */
export interface RateRule {
  unit: RateUnit, value?: string, index?: readonly ValueFrom[], marginPoints?: string, reset?: Reset, frozenOn?: CalendarDay, cap?: string, floor?: string
}

/** A rate as it holds from a day on, in its unit. */
export interface RateFrom { from: CalendarDay, rate: Rational }

const bounded = (rate: Rational, { cap, floor }: RateRule): Rational => {
  const capped = cap !== undefined && compareR(rate, rational(cap)) > 0 ? rational(cap) : rate
  return floor !== undefined && compareR(capped, rational(floor)) < 0 ? rational(floor) : capped
}

/** The value of an index on a day. Throws a RangeError before its first. */
function indexOn (index: readonly ValueFrom[], on: CalendarDay): Rational {
  const known = index.filter(({ from }) => from <= on).reduce<ValueFrom | undefined>((last, next) => last === undefined || next.from >= last.from ? next : last, undefined)
  if (known === undefined) throw new RangeError(`the index has no value on ${on}`)
  return rational(known.value)
}

/** The half-year a day lies in, by its first day. */
const halfYearOf = (day: CalendarDay): CalendarDay => `${day.slice(0, 4)}-${day.slice(5, 7) < '07' ? '01' : '07'}-01`

/** The first day on which a rate for the days after `from` asks its index; null of a rate without one. */
export function firstIndexDay ({ index, reset = 'frozen', frozenOn }: RateRule, from: CalendarDay): CalendarDay | null {
  const first = addDays(from, 1)
  if (index === undefined) return null
  return reset === 'frozen' ? frozenOn ?? first : reset === 'floatingSemiannual' ? halfYearOf(first) : first
}

/** The rates that hold for the days after `from` up to and including `to`: one that is fixed or frozen, or one for each stretch in which the index stood still. */
export function ratesOf (rule: RateRule, from: CalendarDay, to: CalendarDay): RateFrom[] {
  const { index, value, marginPoints = '0', reset = 'frozen' } = rule
  if (index === undefined) return [{ from, rate: bounded(addR(rational(value ?? '0'), rational(marginPoints)), rule) }]
  const on = (day: CalendarDay): Rational => bounded(addR(indexOn(index, day), rational(marginPoints)), rule)
  const first = addDays(from, 1)
  const initial = { from, rate: on(firstIndexDay(rule, from) ?? first) }
  if (reset === 'frozen') return [initial]
  const resetDays = reset === 'floatingDaily' ? [...new Set(index.map(entry => entry.from))].sort() : halfYearsBetween(first, to)
  return [initial, ...resetDays.filter(day => day > first && day <= to).map(day => ({ from: day, rate: on(day) }))]
}

function halfYearsBetween (first: CalendarDay, to: CalendarDay): CalendarDay[] {
  const halves: CalendarDay[] = []
  for (let half = halfYearOf(first); half <= to; half = addMonths(half, 6)) halves.push(half)
  return halves
}

/** A base as it stands after a day: what is paid on that day bears its interest still. */
export interface BaseAfter { after: CalendarDay, amount: Minor }

/** Days on which nothing is earned, both included: a dispute, a moratorium, a review. */
export interface Suspension { from: CalendarDay, to: CalendarDay }

/**
 * What interest is computed from, its parts in any order; of two changes after one day the later in the list holds. `from` is the day it starts to run
 * and bears none itself; `to` is the last day that does. With `ACT/ACT ICMA` and no reference period, `from` to `to` is the period.
 */
export interface InterestInput {
  from: CalendarDay, to: CalendarDay, base: Minor, changes?: readonly BaseAfter[], suspensions?: readonly Suspension[], rate: RateRule, dayCount: DayCount, options?: DayCountOptions
}

/** One stretch of days on which neither base nor rate nor the length of the year changed. `from` and `to` are its first and last day; `exact` is in minor units. */
export interface Segment { from: CalendarDay, to: CalendarDay, base: Minor, rate: string, unit: RateUnit, dayCount: DayCount, days: number, exact: Rational }

/** The last day of a year's days, by conventions that divide by the year's own length: ISDA counts the day begun, not the day reached. */
const yearEnds: Partial<Record<DayCount, (year: number) => CalendarDay>> = { 'ACT/ACT ISDA': year => `${year + 1}-01-01`, 'ACT/calendar-year': year => `${year}-12-31` }

/**
 * Simple interest, stretch by stretch; never on interest. Pure, so that computing it again with another fact gives what should have been from the start.
 * With a day count that counts real days the stretches of two spans are those of the whole; one that makes months equal is only exact when cut at ends of months.
 */
export function interestSegments (input: InterestInput): Segment[] {
  const { from, to, suspensions = [], rate: rule, dayCount } = input
  if (to <= from) return []
  const changes = [...input.changes ?? []].sort((a, b) => a.after < b.after ? -1 : a.after > b.after ? 1 : 0)
  const options = dayCount === 'ACT/ACT ICMA' ? { reference: { from, to }, ...input.options } : input.options
  const rates = ratesOf(rule, from, to)
  const cuts = new Set<CalendarDay>([to, ...changes.map(({ after }) => after), ...rates.map(({ from: since }) => addDays(since, -1)), ...suspensions.flatMap(pause => [addDays(pause.from, -1), pause.to])])
  const yearEnd = yearEnds[dayCount]
  if (yearEnd !== undefined) for (let year = Number(from.slice(0, 4)); year <= Number(to.slice(0, 4)); year++) cuts.add(yearEnd(year))
  let begun = from
  const segments: Segment[] = []
  for (const end of [...cuts].filter(day => day > from && day <= to).sort()) {
    const first = addDays(begun, 1)
    const base = changes.filter(({ after }) => after < first).reduce((amount, change) => change.amount, input.base)
    const { rate } = rates.filter(({ from: since }) => since <= first).at(-1)!
    const isSuspended = suspensions.some(pause => pause.from <= first && end <= pause.to)
    const { days, years } = countDays(dayCount, begun, end, options)
    const earning = isSuspended ? zeroR : rate
    segments.push({ from: first, to: end, base, rate: formatR(earning), unit: rule.unit, dayCount, days, exact: mulR(wholeR(base), factorOf(earning, rule.unit, days, years)) })
    begun = end
  }
  return segments
}

/** What one unit of base earns at a rate. Months are twelfths of the years counted. */
function factorOf (rate: Rational, unit: RateUnit, days: number, years: Rational): Rational {
  if (unit === 'pct_year') return mulR(ratio(rate.n, rate.d * 100n), years)
  if (unit === 'pct_month') return mulR(ratio(rate.n, rate.d * 100n), mulR(years, wholeR(12)))
  return mulR(ratio(rate.n, rate.d * (unit === 'pct_day' ? 100n : 10_000n)), wholeR(days))
}

/** A rate as per cent a day, over a year of so many days. */
export function dailyPercent (rate: Rational, unit: RateUnit, yearDays: Rational): Rational {
  if (unit === 'pct_year') return divR(rate, yearDays)
  if (unit === 'pct_month') return divR(mulR(rate, wholeR(12)), yearDays)
  return unit === 'pct_day' ? rate : divR(rate, wholeR(100))
}

/** A rate as per cent a year of so many days. */
export const annualPercent = (rate: Rational, unit: RateUnit, yearDays: Rational): Rational => unit === 'pct_year' ? rate : mulR(dailyPercent(rate, unit, yearDays), yearDays)

const fixedYears: Partial<Record<DayCount, Rational>> = {
  'ACT/365F': wholeR(365), 'ACT/360': wholeR(360), 'ACT/366': wholeR(366), 'ACT/365.25': ratio(1_461n, 4n), 'NL/365': wholeR(365), '30E/360': wholeR(360), '30E/360 ISDA': wholeR(360),
  '30/360': wholeR(360), '30U/360': wholeR(360), '30E/365': wholeR(365),
}

/** The days by which a convention divides a yearly rate on a day that bears interest; null where that depends on more than the day. */
export function yearDaysOf (dayCount: DayCount, on: CalendarDay): Rational | null {
  if (yearEnds[dayCount] === undefined) return fixedYears[dayCount] ?? null
  const counted = dayCount === 'ACT/ACT ISDA' ? addDays(on, -1) : on
  return wholeR(isLeapYear(Number(counted.slice(0, 4))) ? 366 : 365)
}

/**
 * Interest rounded for each day and multiplied, as some courts and statutes count (a day at 12.25 % on 5,000.00 is 1.68, 101 of them 169.68; once
 * rounded it would be 169.49). Within a stretch every day is alike.
 */
export const roundedPerDay = (segments: readonly Segment[], mode: RoundingMode): { perDay: bigint, total: bigint } => {
  const daily = segments.map(({ exact, days }) => ({ days: BigInt(days), amount: days === 0 ? 0n : roundR(divR(exact, wholeR(days)), mode) }))
  return { perDay: daily.at(-1)?.amount ?? 0n, total: daily.reduce((sum, { days, amount }) => sum + days * amount, 0n) }
}

/**
 * What is to be posted so that everything posted comes to the exact sum so far, rounded: never more than half a minor unit away from it in a half mode,
 * however often it is posted; negative when a late fact made the sum smaller.
 */
export const postingOf = (exactSoFar: Rational, posted: Minor, mode: RoundingMode = 'half_up'): Minor => sub(minor(roundR(exactSoFar, mode)), posted)

/** How often interest is added to what bears it, by periods a year; `none` is simple interest. */
export const compoundings = ['none', 'daily', 'monthly', 'quarterly', 'semiannually', 'annually'] as const
export type Compounding = typeof compoundings[number]
const monthsOf: Record<Exclude<Compounding, 'none' | 'daily'>, number> = { monthly: 1, quarterly: 3, semiannually: 6, annually: 12 }

/** Decimals of a minor unit that a capital keeps each time interest is added: exact fractions would grow with every period, and no cent is that fine. */
const capitalDecimals = 40

/** The capital at which compounding ends: twice what a safe integer holds, so that its interest is beyond it too. */
const capitalMax = 2n ** 54n

/** One addition of interest to the capital, and the part of a period after the last. Exact, in minor units. */
export interface Compounded { through: CalendarDay, capital: Rational, interest: Rational }

/**
 * Compound interest on one base at one yearly rate: whole periods at their part of the yearly rate (5 CFR 1315.10: r/12 a month), each added to the
 * capital, and the days after the last simple by the day count. Ends early when the capital has grown beyond `capitalMax`, which no sum of ours can hold.
 */
export function compoundInterest (
  base: Minor, yearlyPercent: Rational, from: CalendarDay, to: CalendarDay, every: Exclude<Compounding, 'none'>, dayCount: DayCount, options?: DayCountOptions,
): Compounded[] {
  const rate = divR(yearlyPercent, wholeR(100))
  const steps: Compounded[] = []
  let capital = wholeR(base)
  let reached = from
  const grow = (through: CalendarDay, years: Rational): void => {
    const interest = mulR(capital, mulR(rate, years))
    steps.push({ through, capital, interest })
    capital = roundToDecimals(addR(capital, interest), capitalDecimals)
    reached = through
  }
  const isCountable = (): boolean => compareR(capital, wholeR(capitalMax)) <= 0
  if (every === 'daily') {
    while (reached < to && isCountable()) grow(addDays(reached, 1), countDays(dayCount, reached, addDays(reached, 1), options).years)
    return steps
  }
  const months = monthsOf[every]
  const whole = Math.floor(wholeMonths(from, to) / months)
  for (let n = 1; n <= whole && isCountable(); n++) grow(addMonths(from, months * n), ratio(BigInt(months), 12n))
  if (reached < to && isCountable()) grow(to, countDays(dayCount, reached, to, options).years)
  return steps
}

/**
 * The rate that earns as much when interest is added `to` times a year as another does `from` times: m * ((1 + r/n)^(n/m) - 1). `to` null asks for the
 * simple rate over a term in years. Exact where power and root are short; otherwise to 40 decimals. Rates are fractions, zero or more: 0.08 is 8 %.
 */
export function equivalentRate (rate: Rational, from: number, to: number | null, termYears: Rational): Rational {
  const period = addR(wholeR(1), divR(rate, wholeR(from)))
  if (to === null) {
    const { n, d } = mulR(wholeR(from), termYears)
    return divR(subR(rooted(powerCut(period, Number(n)), Number(d)), wholeR(1)), termYears)
  }
  const { n, d } = ratio(BigInt(from), BigInt(to))
  return mulR(wholeR(to), subR(rooted(powerCut(period, Number(n)), Number(d)), wholeR(1)))
}

const rooted = (value: Rational, degree: number): Rational => degree === 1 ? value : rootR(value, degree)
