import { daysBetween } from '#kernel'
import type { CalendarDay } from '#kernel'
import { interruptions } from '../policy/limitation.facts.core.ts'

/** What may begin a limitation period anew, under one law or another. */
export const interruptionTypes = interruptions
export type InterruptionType = typeof interruptions[number]

/** How many days before the last day it is told that it comes. */
export const warningDays = [90, 30] as const

/**
 * How many days before the last day the next warning is given: the last one whose day has come, else the first to come. `warned` is the last given; null: none.
 * Null when there is nothing more to tell: no last day is known, it has passed, or all was told.
 */
export function nextWarning (lastOn: CalendarDay | null, today: CalendarDay, warned: number | null): number | null {
  if (lastOn === null || lastOn < today) return null
  const left = daysBetween(today, lastOn)
  const open = warningDays.filter(days => warned === null || days < warned)
  return open.findLast(days => left <= days) ?? open[0] ?? null
}
