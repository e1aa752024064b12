import { addDays, dayIn } from '#kernel'
import type { RuleCount } from '../policy/index.ts'
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
