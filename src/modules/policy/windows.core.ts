import { dayOfNumber, offsetRunAt } from '#kernel'
import type { WeeklyWindow } from './facts.core.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** Part of a local day, half-open, in milliseconds since its midnight. */
export interface Span { readonly from: number, readonly to: number }

/** The open spans of each day of the week, Monday first; ordered and apart. */
export type Week = readonly (readonly Span[])[]

/** How far ahead an opening is looked for. What does not open within a year and a month does not open. */
export const horizonDays = 400

const timeOf = (text: string): number => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))) * minuteMs

/** The week that windows open. A window that ends at or before it begins runs into the next day. */
export function weekOf (windows: readonly WeeklyWindow[]): Week {
  const week: Span[][] = Array.from({ length: 7 }, () => [])
  for (const window of windows) {
    const from = timeOf(window.from)
    const to = timeOf(window.to)
    for (const day of window.days) {
      week[day - 1]!.push({ from, to: to > from ? to : dayMs })
      if (to <= from && to > 0) week[day % 7]!.push({ from: 0, to })
    }
  }
  return week.map(join)
}

/** Orders spans and joins those that touch. */
function join (spans: readonly Span[]): Span[] {
  const joined: Span[] = []
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last !== undefined && span.from <= last.to) joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
    else joined.push(span)
  }
  return joined
}

/** What is left of a week without what is closed. */
export const without = (open: Week, closed: Week): Week => open.map((spans, day) => closed[day]!.reduce<readonly Span[]>((left, shut) => left.flatMap(span => [
  { from: span.from, to: Math.min(span.to, shut.from) }, { from: Math.max(span.from, shut.to), to: span.to },
].filter(({ from, to }) => from < to)), spans))

/** Days that are closed whatever the week says. */
export type Closed = ReadonlySet<string> | null

/** A clock of the week: where and when something is open, by local time in one zone. */
export interface Hours { readonly week: Week, readonly zone: string, readonly closed: Closed }

/** The calendar day, counted since 1970, that it is in a zone at an instant (epoch milliseconds). */
export const dayAt = (zone: string, at: number): number => Math.floor((at + offsetRunAt(zone, at).offsetMs) / dayMs)

// The first of January 1970 was a Thursday.
const spansOn = ({ week, closed }: Hours, day: number): readonly Span[] =>
  closed !== null && closed.has(dayOfNumber(day)) ? [] : week[((day + 3) % 7 + 7) % 7]!

/**
 * The first instant at or after `at` that is open by the local clock (epoch milliseconds), or null when none is within the horizon.
 * Exact by definition: an instant is open when the clock on the wall shows a time within a window, so a skipped hour opens at the
 * clock change and a repeated hour is open twice.
 */
export function nextOpen (hours: Hours, at: number): number | null {
  const limit = at + horizonDays * dayMs
  for (let from = at; from <= limit;) {
    const run = offsetRunAt(hours.zone, from)
    const wall = from + run.offsetMs
    const opening = openingFrom(hours, wall, Math.min(run.until, limit) + run.offsetMs)
    if (opening !== null && opening - run.offsetMs < run.until) return opening - run.offsetMs
    from = run.until
  }
  return null
}

/** The first open wall-clock time from `wall` up to `wallMax`. */
function openingFrom (hours: Hours, wall: number, wallMax: number): number | null {
  let day = Math.floor(wall / dayMs)
  let time = wall - day * dayMs
  for (; day * dayMs <= wallMax; day++, time = 0) {
    for (const { from, to } of spansOn(hours, day)) if (time < to) return day * dayMs + Math.max(from, time)
  }
  return null
}

/** The first instant after `at`, itself open, that is closed; null when nothing closes within the horizon. */
export function nextClosed (hours: Hours, at: number): number | null {
  const limit = at + horizonDays * dayMs
  for (let from = at; from <= limit;) {
    const run = offsetRunAt(hours.zone, from)
    const wall = from + run.offsetMs
    const day = Math.floor(wall / dayMs)
    const span = spansOn(hours, day).find(({ from, to }) => from <= wall - day * dayMs && wall - day * dayMs < to)
    if (span === undefined) return from
    from = Math.min(day * dayMs + span.to - run.offsetMs, run.until)
  }
  return null
}

/** The first instant at or after `at` on a calendar day of `day` or later, in a zone. */
export function startOf (zone: string, day: number, at: number): number {
  for (let from = at; ;) {
    const run = offsetRunAt(zone, from)
    const start = Math.max(from, day * dayMs - run.offsetMs)
    if (start < run.until) return start
    from = run.until
  }
}

/** Local date and time in a zone, such as `2026-04-09T10:00:00`. */
export const localText = (zone: string, at: number): string => new Date(at + offsetRunAt(zone, at).offsetMs).toISOString().slice(0, 19)

/** An instant (epoch milliseconds) as the wire carries it: RFC 3339 in UTC, milliseconds only where there are any. */
export const instantText = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')
