import { Temporal } from 'temporal-polyfill'

/** A calendar day, `YYYY-MM-DD`. Days compare as text. */
export type CalendarDay = string

const dayText = /^\d{4}-\d{2}-\d{2}$/
const dayMs = 86_400_000

/** True for a day that exists. */
export const isDay = (text: string): boolean => dayText.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)

/** The number since 1970 of a day given by its year, month (1 to 12) and day. Plain arithmetic in Gregorian years, those before 1582 and beyond 9999 as well. */
export function dayNumberOf (year: number, month: number, day: number): number {
  // Years that begin in March end with the leap day.
  const shifted = month <= 2 ? year - 1 : year
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400)
  return 365 * shifted + leapDays + Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1 - 719_468
}

/** A day as its number since 1970, where every day has the same length; no zone is involved. */
export const dayNumber = (day: CalendarDay): number => dayNumberOf(Number(day.slice(0, 4)), Number(day.slice(5, 7)), Number(day.slice(8, 10)))

/** The day with a number since 1970. */
export const dayOfNumber = (number: number): CalendarDay => new Date(number * dayMs).toISOString().slice(0, 10)

/** The day `days` after another. */
export const addDays = (day: CalendarDay, days: number): CalendarDay => dayOfNumber(dayNumber(day) + days)

/** Days from `from` to `to`: zero on the same day, negative backwards. */
export const daysBetween = (from: CalendarDay, to: CalendarDay): number => dayNumber(to) - dayNumber(from)

/** The same day `months` later, or the last of that month when it has no such day. */
export const addMonths = (day: CalendarDay, months: number): CalendarDay => Temporal.PlainDate.from(day).add({ months }).toString()

/** True for a time zone of the IANA database. */
export function isTimeZone (zone: string): boolean {
  try {
    offsetRunAt(zone, 0)
    return true
  } catch {
    return false
  }
}

/** The calendar day it is in a zone at an instant. Throws a RangeError on a zone that does not exist. */
export function dayIn (zone: string, instant: Date): CalendarDay {
  const at = instant.getTime()
  return dayOfNumber(Math.floor((at + offsetRunAt(zone, at).offsetMs) / dayMs))
}

const starts = new Map<string, number>()
/** Starts of days kept: the same few days are asked for again and again. */
const startsMax = 20_000

/** The instant a day begins in a zone: midnight, or the first instant after a clock change that skips it. */
export function startOfDay (day: CalendarDay, zone: string): Date {
  const name = `${day}${zone}`
  let start = starts.get(name)
  if (start === undefined) {
    start = Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds
    if (starts.size >= startsMax) starts.clear()
    starts.set(name, start)
  }
  return new Date(start)
}

/** The next beginning of a day in a zone, after an instant. */
export const nextMidnight = (zone: string, after: Date): Date => startOfDay(addDays(dayIn(zone, after), 1), zone)

/** A stretch of time through which a zone keeps one distance from UTC: from `from` to just before `until`, all in epoch milliseconds. */
export interface OffsetRun { readonly from: number, readonly until: number, readonly offsetMs: number }

const runs = new Map<string, OffsetRun[]>()
/** Zones, and runs of one zone, that are kept: far more than honest callers ask for. */
const runZonesMax = 1_000
const runsMax = 64

/** The run of a zone that an instant (epoch milliseconds) falls in; known runs are looked up without building a date. Throws a RangeError on a zone that does not exist. */
export function offsetRunAt (zone: string, at: number): OffsetRun {
  const known = runs.get(zone)
  if (known !== undefined) for (const run of known) if (at >= run.from && at < run.until) return run
  const run = findRun(zone, at)
  if (known === undefined) {
    if (runs.size >= runZonesMax) runs.clear()
    runs.set(zone, [run])
  } else {
    if (known.length >= runsMax) known.length = 0
    known.push(run)
  }
  return run
}

function findRun (zone: string, at: number): OffsetRun {
  const there = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  // One millisecond on, so that a change at this very instant counts as the beginning of its run.
  const from = there.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds
  const until = there.getTimeZoneTransition('next')?.epochMilliseconds
  return { from: from ?? -Infinity, until: until ?? Infinity, offsetMs: there.offsetNanoseconds / 1_000_000 }
}
