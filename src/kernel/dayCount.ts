import { addMonths, dayNumber, dayNumberOf, daysBetween } from './time.ts'
import type { CalendarDay } from './time.ts'
import { addR, ratio, wholeR, zeroR } from './rational.ts'
import type { Rational } from './rational.ts'

/**
 * How days become parts of a year. `ACT` counts the days of the calendar, `30` makes every month thirty days long in one of five ways, `NL` leaves out
 * every 29 February; what follows the stroke is the year. Sources: ISDA 2006 definitions, section 4.16; ICMA rule 251.1; AFB master agreement, 1994.
 */
export const dayCounts = [
  'ACT/365F', 'ACT/360', 'ACT/365.25', 'ACT/366', 'ACT/calendar-year', 'ACT/ACT ISDA', 'ACT/ACT ICMA', 'ACT/ACT AFB', 'NL/365',
  '30E/360', '30E/360 ISDA', '30/360', '30U/360', '30E/365', 'months',
] as const
export type DayCount = typeof dayCounts[number]

/** What some conventions need beside the two days. */
export interface DayCountOptions {
  /** `30E/360 ISDA`: the day the debt ends; a February's last day that is this day stays as it is. */
  termination?: CalendarDay
  /** `30U/360`: whether the last day of February counts as the 30th. True when left out. */
  endOfMonth?: boolean
  /** `ACT/ACT ICMA`: the regular period that the days are a part of; the days themselves when left out. */
  reference?: { from: CalendarDay, to: CalendarDay }
}

/** Days counted by a convention, and the part of a year they are, exactly. */
export interface DaysOfYear { days: number, years: Rational }

/**
 * Counts the days after `from` up to and including `to`. On equal days it is zero; `to` before `from` throws a RangeError. Whole months (`months`) have
 * as many days as the calendar, and what is left of a month is no part of the year.
 */
export function countDays (convention: DayCount, from: CalendarDay, to: CalendarDay, options: DayCountOptions = {}): DaysOfYear {
  if (to < from) throw new RangeError('days are counted forwards')
  const days = daysBetween(from, to)
  switch (convention) {
    case 'ACT/365F': return { days, years: over(days, 365) }
    case 'ACT/360': return { days, years: over(days, 360) }
    case 'ACT/366': return { days, years: over(days, 366) }
    case 'ACT/365.25': return { days, years: ratio(BigInt(days) * 4n, 1_461n) }
    case 'ACT/calendar-year': return { days, years: byCalendarYear(from, to, 1) }
    case 'ACT/ACT ISDA': return { days, years: byCalendarYear(from, to, 0) }
    case 'ACT/ACT ICMA': return { days, years: byReferencePeriod(from, to, options.reference ?? { from, to }) }
    case 'ACT/ACT AFB': return { days, years: byWholeYears(from, to) }
    case 'NL/365': return thirtyLike(days - leapDaysIn(from, to), 365)
    case '30E/360': return thirtyLike(thirty(from, to, eurobond), 360)
    case '30E/365': return thirtyLike(thirty(from, to, eurobond), 365)
    case '30/360': return thirtyLike(thirty(from, to, bondBasis), 360)
    case '30U/360': return thirtyLike(thirty(from, to, options.endOfMonth === false ? bondBasis : american), 360)
    case '30E/360 ISDA': return thirtyLike(thirty(from, to, eurobondIsda(options.termination)), 360)
    case 'months': return { days, years: over(wholeMonths(from, to), 12) }
  }
}

const over = (days: number, year: number): Rational => ratio(BigInt(days), BigInt(year))
const thirtyLike = (days: number, year: number): DaysOfYear => ({ days, years: over(days, year) })

interface Parts { y: number, m: number, d: number }
const partsOf = (day: CalendarDay): Parts => ({ y: Number(day.slice(0, 4)), m: Number(day.slice(5, 7)), d: Number(day.slice(8, 10)) })

/** True for a year with a 29 February. */
export const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const isEndOfFebruary = ({ y, m, d }: Parts): boolean => m === 2 && d === (isLeapYear(y) ? 29 : 28)
const yearOf = (day: CalendarDay): number => Number(day.slice(0, 4))
const inYear = (year: number, rest: string): CalendarDay => `${String(year).padStart(4, '0')}-${rest}`

/** The 30-day rules: what the two days of the month count as. */
type ThirtyRule = (from: Parts, to: Parts, toDay: CalendarDay) => [from: number, to: number]
const eurobond: ThirtyRule = (from, to) => [Math.min(from.d, 30), Math.min(to.d, 30)]
const bondBasis: ThirtyRule = (from, to) => [Math.min(from.d, 30), from.d >= 30 ? Math.min(to.d, 30) : to.d]
const american: ThirtyRule = (from, to) => {
  const first = isEndOfFebruary(from) ? 30 : from.d
  const last = isEndOfFebruary(from) && isEndOfFebruary(to) ? 30 : to.d
  return [Math.min(first, 30), first >= 30 ? Math.min(last, 30) : last]
}
const eurobondIsda = (termination: CalendarDay | undefined): ThirtyRule => (from, to, toDay) =>
  [isEndOfFebruary(from) ? 30 : Math.min(from.d, 30), isEndOfFebruary(to) && toDay !== termination ? 30 : Math.min(to.d, 30)]

function thirty (from: CalendarDay, to: CalendarDay, rule: ThirtyRule): number {
  const a = partsOf(from)
  const b = partsOf(to)
  const [first, last] = rule(a, b, to)
  return 360 * (b.y - a.y) + 30 * (b.m - a.m) + last - first
}

/** How many 29 Februaries lie after `from`, up to and including `to`. */
function leapDaysIn (from: CalendarDay, to: CalendarDay): number {
  let count = 0
  for (let year = yearOf(from); year <= yearOf(to); year++) {
    const leapDay = inYear(year, '02-29')
    if (isLeapYear(year) && leapDay > from && leapDay <= to) count++
  }
  return count
}

/** Each calendar year's days over its own length. `shift` 1: the days charged, of which `to` is the last; 0: the days before them, as ISDA counts. */
function byCalendarYear (from: CalendarDay, to: CalendarDay, shift: 0 | 1): Rational {
  let years = zeroR
  const first = dayNumber(from) + shift
  const end = dayNumber(to) + shift
  for (let year = yearOf(from); year <= yearOf(to) + shift; year++) {
    const days = Math.min(end, dayNumberOf(year + 1, 1, 1)) - Math.max(first, dayNumberOf(year, 1, 1))
    if (days > 0) years = addR(years, over(days, isLeapYear(year) ? 366 : 365))
  }
  return years
}

/** AFB: whole years counted back from the end, and the rest over 366 when a 29 February lies in it, else over 365. */
function byWholeYears (from: CalendarDay, to: CalendarDay): Rational {
  let whole = 0
  let end = to
  for (;;) {
    const { y, m, d } = partsOf(end)
    // A year before 28 February of a year after a leap year is the leap day.
    const earlier = m === 2 && d === 28 && isLeapYear(y - 1) ? inYear(y - 1, '02-29') : addMonths(end, -12)
    if (earlier < from || end === from) break
    end = earlier
    whole++
  }
  return addR(wholeR(whole), over(daysBetween(from, end), leapDaysFrom(from, end) > 0 ? 366 : 365))
}

/** How many 29 Februaries lie from `from` on, before `to`. */
const leapDaysFrom = (from: CalendarDay, to: CalendarDay): number =>
  [yearOf(from), yearOf(to)].filter(year => isLeapYear(year) && inYear(year, '02-29') >= from && inYear(year, '02-29') < to).length

/** The number of the day so many months after another, at most the last of its month; the year may be any. */
function monthsAfter ({ y, m, d }: Parts, months: number): number {
  const index = 12 * y + m - 1 + months
  const first = dayNumberOf(Math.floor(index / 12), index - 12 * Math.floor(index / 12) + 1, 1)
  const next = dayNumberOf(Math.floor((index + 1) / 12), index + 1 - 12 * Math.floor((index + 1) / 12) + 1, 1)
  return Math.min(first + d, next) - 1
}

/**
 * ICMA: the part of a regular period, times that period's part of a year; periods before and after are laid on from it. Those that hold none of the
 * days are passed over, so a period far away costs no more than a near one.
 */
function byReferencePeriod (from: CalendarDay, to: CalendarDay, reference: { from: CalendarDay, to: CalendarDay }): Rational {
  if (from === to) return zeroR
  const length = daysBetween(reference.from, reference.to)
  if (length <= 0) throw new RangeError('a reference period has days')
  const months = Math.round(12 * length / 365)
  if (months === 0) return byReferencePeriod(from, to, { from, to: inYear(yearOf(from) + 1, from.endsWith('02-29') ? '02-28' : from.slice(5)) })
  const [a, b, first, last] = [partsOf(reference.from), partsOf(reference.to), dayNumber(from), dayNumber(to)]
  let years = zeroR
  const add = (start: number, end: number): void => {
    const days = Math.min(last, end) - Math.max(first, start)
    if (days > 0) years = addR(years, ratio(BigInt(months * days), 12n * BigInt(end - start)))
  }
  add(dayNumber(reference.from), dayNumber(reference.to))
  // Periods that end where the reference begins or before, from the last that can hold `to` back to the one that holds `from`.
  for (let n = -periodsBetween(to, a, months); monthsAfter(a, months * n) > first; n--) add(monthsAfter(a, months * (n - 1)), monthsAfter(a, months * n))
  // Periods that begin where the reference ends or after, from the first that can hold `from`.
  for (let n = periodsBetween(reference.to, partsOf(from), months); monthsAfter(b, months * n) < last; n++) add(monthsAfter(b, months * n), monthsAfter(b, months * (n + 1)))
  return years
}

/** How many periods lie surely between a day and a later one; zero when it is not later. */
const periodsBetween = (day: CalendarDay, later: Parts, months: number): number => {
  const { y, m } = partsOf(day)
  return Math.max(0, Math.floor((12 * (later.y - y) + later.m - m - 1) / months))
}

/** How many whole months lie between two days. */
export function wholeMonths (from: CalendarDay, to: CalendarDay): number {
  const a = partsOf(from)
  const b = partsOf(to)
  const months = 12 * (b.y - a.y) + b.m - a.m
  return addMonths(from, months) > to ? months - 1 : months
}
