import { addDays, dayIn } from '#kernel'
import { countsAt } from '../policy/core.ts'
import { packsOf } from '../policy/house.core.ts'
import type { Attempt, ContactRequest, Pack, RuleCount } from '../policy/index.ts'
import type { PastContact } from './asking.core.ts'
import type { AttemptChannel, Direction } from './core.ts'

/** Contacts with a person by one channel and in one direction: today, and in the 7 and 30 days that end today, by the borrower's calendar. */
export interface Pressure { channel: AttemptChannel, direction: Direction, today: number, last7Days: number, last30Days: number }

/** What a person has had of contacts, whichever debt they were about, by channel and direction. What was permitted and is not yet recorded is among them. */
export function pressureOf (history: readonly PastContact[], personKey: string, timeZone: string, now: Date): Pressure[] {
  const today = dayIn(timeZone, now)
  const [week, month] = [addDays(today, -6), addDays(today, -29)]
  const made = new Map<string, Pressure>()
  for (const { channel, direction, at, personKey: person } of history) {
    const day = dayIn(timeZone, new Date(at))
    if (person !== personKey || day < month || day > today) continue
    const name = `${channel} ${direction}`
    const one = made.get(name) ?? { channel, direction, today: 0, last7Days: 0, last30Days: 0 }
    made.set(name, { ...one, today: one.today + Number(day === today), last7Days: one.last7Days + Number(day >= week), last30Days: one.last30Days + 1 })
  }
  return [...made.values()].sort((a, b) => b.last30Days - a.last30Days || (`${a.channel} ${a.direction}` < `${b.channel} ${b.direction}` ? -1 : 1))
}

const isSame = (a: RuleCount, b: RuleCount): boolean => a.rule === b.rule && a.debt === b.debt && a.timeZone === b.timeZone

/** The counts that a contact brought to one below their limit: one more fits, and then no other. */
export const lastPlaces = (before: readonly RuleCount[], after: readonly RuleCount[]): RuleCount[] =>
  after.filter(one => one.count === one.limit - 1 && one.count > (before.find(other => isSame(other, one))?.count ?? 0))

/** The counts that a contact brings to one below their limit, after others that were made of the same person since it was asked about. */
export function lastPlacesOf ({ packs, facts, action }: Pick<ContactRequest, 'packs' | 'facts' | 'action'>, before: readonly Attempt[], made: Attempt): RuleCount[] {
  const history = [...facts.history ?? [], ...before]
  return lastPlaces(countsAt(packs, { ...facts, history }, action), countsAt(packs, { ...facts, history: [...history, made] }, action))
}

/** A decision on a contact as it was kept. */
export interface KeptDecision extends Pick<ContactRequest, 'facts' | 'action'> { packVersions: Readonly<Record<string, string>> }

/** The packs a decision was made by, the agency's `own` among them. */
export const packsDecidedBy = ({ packVersions }: KeptDecision, own: readonly Pack[]): readonly Pack[] => packsOf(packVersions, own)

/** A limit by which a person has one place left: for each debt apart where the rule counts by debt. */
export const alertName = ({ rule, debt }: Pick<RuleCount, 'rule' | 'debt'>): string => `${rule} ${debt ?? ''}`.trim()

/** Alerts, each person, limit and window once: the first. */
export function firstOf<T extends { personKey: string, count: RuleCount }> (alerts: readonly T[]): T[] {
  const seen = new Set<string>()
  return alerts.filter(({ personKey, count }) => {
    const name = `${personKey} ${alertName(count)} ${count.windowTo}`
    return !seen.has(name) && seen.add(name)
  })
}
