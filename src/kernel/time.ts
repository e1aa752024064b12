import { Temporal } from 'temporal-polyfill'

/** A calendar day, `YYYY-MM-DD`. Days compare as text. */
export type CalendarDay = string

const dayText = /^\d{4}-\d{2}-\d{2}$/
const dayMs = 86_400_000

/** True for a day that exists. */
export const isDay = (text: string): boolean => dayText.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)

// A day is counted as its number since 1970 in UTC, where every day has the same length; no zone is involved.
const numberOf = (day: CalendarDay): number => Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8, 10))) / dayMs

/** The day `days` after another. */
export const addDays = (day: CalendarDay, days: number): CalendarDay => new Date((numberOf(day) + days) * dayMs).toISOString().slice(0, 10)

/** Days from `from` to `to`: zero on the same day, negative backwards. */
export const daysBetween = (from: CalendarDay, to: CalendarDay): number => numberOf(to) - numberOf(from)

/** The same day `months` later, or the last of that month when it has no such day. */
export const addMonths = (day: CalendarDay, months: number): CalendarDay => Temporal.PlainDate.from(day).add({ months }).toString()

const zones = new Map<string, Intl.DateTimeFormat>()

/** A formatter is dear to make and cheap to use. Throws a RangeError on a zone that does not exist. */
function formatterOf (zone: string): Intl.DateTimeFormat {
  let formatter = zones.get(zone)
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
    zones.set(zone, formatter)
  }
  return formatter
}

/** True for a time zone of the IANA database. */
export function isTimeZone (zone: string): boolean {
  try {
    formatterOf(zone)
    return true
  } catch {
    return false
  }
}

/** The calendar day it is in a zone at an instant. */
export const dayIn = (zone: string, instant: Date): CalendarDay => formatterOf(zone).format(instant)

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
