import { addDays, dayIn, startOfDay } from '#kernel'
import type { CalendarDay } from '#kernel'
import type { Suspension } from '../rates/interest.core.ts'

/** A time during which a hold stops interest or late fees: from an instant, up to another or without end. */
export interface Pause { startsAt: string, endsAt: string | null, stopsInterest: boolean, stopsLateFees: boolean }

type Effect = 'stopsInterest' | 'stopsLateFees'

/** The end of what has none. */
export const forever: CalendarDay = '9999-12-31'

/** The days of holds in the debtor's calendar: a day belongs to a hold that is active as the day begins. */
export const pausedDays = (pauses: readonly Pause[], effect: Effect, timeZone: string): Suspension[] => pauses.filter(pause => pause[effect]).map(({ startsAt, endsAt }) => {
  const began = dayIn(timeZone, new Date(startsAt))
  const from = startOfDay(began, timeZone).getTime() >= Date.parse(startsAt) ? began : addDays(began, 1)
  return { from, to: endsAt === null ? forever : dayIn(timeZone, new Date(Date.parse(endsAt) - 1)) }
}).filter(({ from, to }) => from <= to)

/** The first of the days from one to another that no hold keeps; null when all are kept. */
export function firstFreeDay (paused: readonly Suspension[], from: CalendarDay, to: CalendarDay): CalendarDay | null {
  let day = from
  for (let hold; (hold = paused.find(pause => pause.from <= day && day <= pause.to)) !== undefined;) {
    if (hold.to >= to) return null
    day = addDays(hold.to, 1)
  }
  return day <= to ? day : null
}
