import { addDays, daysBetween, problem } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { library } from '../policy/library.core.ts'
import type { Law, Pack } from '../policy/index.ts'
import type { AttemptChannel } from './core.ts'

export const ReportTooLong = problem('report-too-long', 422, 'A report is of 92 days at most, and ends no earlier than it begins.', 'Ask for a shorter range, or for several.')

/** How many days a report is of at most. */
const reportDaysMax = 92

/** Checks the range of a report. Throws `ReportTooLong`. */
export function checkRange (from: CalendarDay, to: CalendarDay): void {
  const days = daysBetween(from, to) + 1
  if (days < 1 || days > reportDaysMax) throw ReportTooLong({ daysMax: reportDaysMax }, { violations: [{ pointer: '/to', message: days < 1 ? 'is before from' : `is more than ${reportDaysMax} days from there` }] })
}

/** The windows in which rules count: a calendar day, so many days that end with the day, or the calendar month up to the day. */
export const capWindows = ['calendarDay', 'rollingDays', 'calendarMonth'] as const

/** A rule that counts contacts, where and when it does. `outcomes` null: all but those of `excluded`. */
export interface Cap {
  rule: string, pack: string, clause: string, limit: number, window: typeof capWindows[number], days: number, jurisdiction: string, regions: readonly string[] | null, lenderId: Id<'lender'> | null
  from: CalendarDay, to: CalendarDay | null, channels: readonly string[], outcomes: readonly string[] | null, excluded: readonly string[], isByDebt: boolean, isByNumber: boolean
}

/** Windows look back this far at most. */
export const lookBackDays = 31

function capsOfPack (pack: Pack, lenderId: Id<'lender'> | null, to: CalendarDay | null): Cap[] {
  return pack.rules.flatMap((rule): Cap[] => rule.kind !== 'frequency' || !rule.directions.includes('out') ? [] : [{
    rule: rule.id, pack: pack.id, clause: rule.clause, limit: rule.limit, window: rule.window.type, days: rule.window.type === 'rollingDays' ? Math.min(rule.window.days, lookBackDays) : 1,
    jurisdiction: pack.jurisdiction, regions: pack.regions ?? null, lenderId, from: pack.effectiveFrom, to, channels: rule.channels, outcomes: rule.outcomes ?? null, excluded: rule.outcomesExcluded ?? [],
    isByDebt: rule.scope.includes('debt'), isByNumber: rule.scope.includes('number'),
  }])
}

/** The day before the next of versions that follow each other begins, or the pack's own last day. */
function lastDay (pack: Pack, followers: readonly CalendarDay[]): CalendarDay | null {
  const next = followers.filter(day => day > pack.effectiveFrom).sort()[0]
  const ends = [pack.effectiveTo, next === undefined ? null : addDays(next, -1)].filter(day => day !== null).sort()
  return ends[0] ?? null
}

/** The rules that count contacts, of the law and of the agency's own, that are in force within a range. */
export function capsWithin ({ own }: Pick<Law, 'own'>, from: CalendarDay, to: CalendarDay): Cap[] {
  const law = library.map(pack => ({ pack, lenderId: null, followers: library.filter(({ id }) => id === pack.id).map(({ effectiveFrom }) => effectiveFrom) }))
  // An edition of one's own rules stands until a later one begins, and gives way to a later one of the same day.
  const house = own.filter(({ pack, edition }) => !own.some(later => later.pack.id === pack.id && later.edition > edition && later.pack.effectiveFrom <= pack.effectiveFrom))
    .map(({ pack, lenderId, edition }) => ({ pack, lenderId, followers: own.filter(later => later.pack.id === pack.id && later.edition > edition).map(({ pack }) => pack.effectiveFrom) }))
  return [...law, ...house].flatMap(({ pack, lenderId, followers }) => capsOfPack(pack, lenderId, lastDay(pack, followers))).filter(cap => cap.from <= to && (cap.to === null || cap.to >= from))
}

/** What a day was like on one channel: the agency's own contacts, those with people, and how many one person had on the day and within the seven days that end with it, at most. */
export interface PressureDay { on: CalendarDay, channel: AttemptChannel, attempts: number, persons: number, highestPerDay: number, highestPerWeek: number, breaches: number }

/** How near people were to a limit on a day: the highest count, and how many had one place left, or none. */
export interface LimitDay { on: CalendarDay, rule: string, highest: number, personsOneBelow: number, personsAtLimit: number }

/** The least limit that counted on a day and channel, within a day and within seven: of the rules that counted anybody then; null: none did. */
export function tightest (caps: readonly Cap[], limits: readonly LimitDay[], { on, channel }: Pick<PressureDay, 'on' | 'channel'>): { limitPerDay: number | null, limitPerWeek: number | null } {
  const counted = caps.filter(cap => cap.channels.includes(channel) && limits.some(limit => limit.on === on && limit.rule === cap.rule))
  const least = (of: readonly Cap[]): number | null => of.reduce<number | null>((min, { limit }) => min === null || limit < min ? limit : min, null)
  return { limitPerDay: least(counted.filter(({ window }) => window === 'calendarDay')), limitPerWeek: least(counted.filter(({ window, days }) => window === 'rollingDays' && days === 7)) }
}
