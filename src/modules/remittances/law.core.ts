import { addDays, addMonths } from '#kernel'
import type { CalendarDay } from '#kernel'

/** When the law wants collected money passed on. */
export interface RemitRule {
  /** ISO 3166: a country, or a country and its part. */
  jurisdiction: string
  /** Days after the end of the calendar month in which the money was collected. */
  daysAfterMonth: number
  clause: string, source: string
}

/** The deadlines that are known, each with its clause. Where none is here, none is claimed: the agreement's own schedule is then all there is. */
export const remitRules: readonly RemitRule[] = [
  { jurisdiction: 'US-WA', daysAfterMonth: 30, clause: 'RCW 19.16.210', source: 'https://app.leg.wa.gov/RCW/default.aspx?cite=19.16.210' },
]

/** The rule of a jurisdiction, or of the country it is part of; null when none is known. */
export const remitRuleOf = (jurisdiction: string): RemitRule | null =>
  remitRules.find(rule => rule.jurisdiction === jurisdiction) ?? remitRules.find(rule => rule.jurisdiction === jurisdiction.slice(0, 2)) ?? null

/** The last day on which money collected on a day is passed on in time. */
export const remitBy = ({ daysAfterMonth }: RemitRule, collectedOn: CalendarDay): CalendarDay =>
  addDays(addDays(addMonths(`${collectedOn.slice(0, 7)}-01`, 1), -1), daysAfterMonth)
