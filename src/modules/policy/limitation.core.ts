import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Day, Nullable, OneOf, addDays, addMonths, dayNumber } from '#kernel'
import type { CalendarDay } from '#kernel'
import { RuleCited } from './allocation.core.ts'
import type { LimitationFacts, PeriodAsked } from './limitation.facts.core.ts'
import type { Pack, Rule, RuleOf } from './pack.core.ts'
import { noPack, noRule, reasonOf, refusal, strengthOf, versionsOf } from './reason.core.ts'
import type { Missing } from './reason.core.ts'
import { Verdict } from './verdict.core.ts'
import type { Reason } from './verdict.core.ts'

const { reasons, packVersions, strength } = Verdict.properties

const lastOn = (description: string) => Type.Unsafe<CalendarDay | null>({ ...Nullable(Day), description })

/** What the law says of one period. */
export const LimitationVerdict = Type.Object({
  verdict: OneOf(['allowed', 'denied'], '`allowed`: the claim is in time; of a validation period: its end is known. `denied`: the claim is barred, or facts are missing.'),
  lastOn: lastOn('The last day of the period, of several the earliest. Null: not known, or an obstacle goes on and no end can be told.'),
  periods: Type.Array(Type.Object({
    ...RuleCited.properties,
    lastOn: lastOn('The last day by this rule; null: an obstacle goes on.'), movedFrom: lastOn('The day of rest it would have been, had the law not moved it to the next workday; null: it was not moved.'),
    missing: Type.Array(Type.String(), { description: 'Facts without which nobody knows whether the law moves the last day: it was not moved, which is the debtor\'s benefit of the doubt.' }),
  }), { description: 'The rules that set a period, each with its last day.' }),
  strength, reasons: Type.Unsafe<Reason[]>({ ...reasons, description: 'Every rule by which it is barred, or cannot be told.' }), packVersions,
}, { title: 'LimitationVerdict' })
export type LimitationVerdict = Static<typeof LimitationVerdict>

const yearsAfter = (day: CalendarDay, years: number): CalendarDay => addMonths(day, 12 * years)
const later = (a: CalendarDay, b: CalendarDay): CalendarDay => a > b ? a : b

type LimitationRule = RuleOf<'limitation'>
/** A period running: `interrupt` begins it anew, obstacles in its last months put off its end. */
type Running = Pick<LimitationRule, 'years' | 'interrupt' | 'suspendLastMonths' | 'suspendTailMonths'>

interface Turn { on: CalendarDay, turn (end: CalendarDay): CalendarDay | null }

/** What changes the end of a period, in the order of its days: what is later than the day asked about has not happened. */
function turnsOf ({ years, interrupt, suspendLastMonths, suspendTailMonths }: Running, { events = [], suspensions = [] }: LimitationFacts, asked: CalendarDay): Turn[] {
  // Anew in full, from the end of proceedings; never sooner than it would have ended. Nothing revives a period that is over.
  const anew = events.filter(({ type, on }) => interrupt.includes(type) && on <= asked).map(({ on, endedOn }) => ({ on, turn: (end: CalendarDay) => on > end ? end : later(end, yearsAfter(later(on, endedOn ?? on), years)) }))
  if (suspendLastMonths === undefined || suspendTailMonths === undefined) return anew.sort(byDay)
  const obstacles = suspensions.filter(({ from }) => from <= asked).map(({ from, to }) => ({
    on: from,
    turn: (end: CalendarDay) => {
      if (from > end || (to !== null && to < addMonths(end, -suspendLastMonths))) return end
      return to === null ? null : later(end, addMonths(to, suspendTailMonths))
    },
  }))
  return [...anew, ...obstacles].sort(byDay)
}
const byDay = (a: Turn, b: Turn): number => a.on < b.on ? -1 : a.on > b.on ? 1 : 0

/** A last day: null while an obstacle goes on. `movedFrom` is the day of rest it would have been; `missing` what is not known to move it. */
interface LastDay { on: CalendarDay | null, movedFrom: CalendarDay | null, missing: string[] }

type Resting = Pick<LimitationRule, 'movesOff'>

/** How many days of rest may follow each other. */
const restMax = 60

/**
 * A last day, off days of rest where the law moves it to the next workday (BGB 193; Civil Code of China 203). Later is to the debtor's disfavour: it stays where the
 * calendar of a year it passes through is not known.
 */
function offRest (day: CalendarDay, { movesOff }: Resting, { publicHolidays, workedWeekends }: LimitationFacts): LastDay & { on: CalendarDay } {
  const stays = (missing: string[]) => ({ on: day, movedFrom: null, missing })
  if (movesOff === undefined) return stays([])
  const holidays = new Set(publicHolidays)
  const worked = new Set(movesOff === 'restDaysByDecree' ? workedWeekends : [])
  let on = day
  for (let passed = 0; passed < restMax; passed++) {
    if (!publicHolidays?.some(holiday => holiday.slice(0, 4) === on.slice(0, 4))) return stays(['facts.publicHolidays'])
    if (isWeekend(on) && !holidays.has(on) && movesOff === 'restDaysByDecree' && workedWeekends === undefined) return stays(['facts.workedWeekends'])
    if (!holidays.has(on) && (!isWeekend(on) || worked.has(on))) break
    on = addDays(on, 1)
  }
  return { on, movedFrom: on === day ? null : day, missing: [] }
}

/** The last day of a period that would end on `end` if nothing happened. */
function lastDayOf (running: Running & Resting, facts: LimitationFacts, asked: CalendarDay, end: CalendarDay): LastDay {
  let last = offRest(end, running, facts)
  for (const { turn } of turnsOf(running, facts, asked)) {
    const next = turn(last.on)
    if (next === null) return { on: null, movedFrom: null, missing: [] }
    if (next !== last.on) last = offRest(next, running, facts)
  }
  return last
}

/** The last day of a claim by one rule; what is missing, when it cannot be told. */
function limitationOf (rule: LimitationRule, facts: LimitationFacts, asked: CalendarDay): LastDay | Missing {
  const { dueOn, lastInstalmentDueOn } = facts
  const from = rule.instalments === 'fromLastDue' ? lastInstalmentDueOn ?? dueOn : dueOn
  if (from === undefined) return { missing: ['facts.dueOn'] }
  return lastDayOf(rule, facts, asked, yearsAfter(rule.start === 'endOfYear' ? `${from.slice(0, 4)}-12-31` : from, rule.years))
}

/** A claim established by a title runs by its own term; what interrupts is what interrupts any claim under the same law, after the title. */
function titledOf (rule: RuleOf<'limitationTitled'>, pack: Pack, facts: LimitationFacts, titledOn: CalendarDay, asked: CalendarDay): LastDay {
  const untitled = pack.rules.find((one): one is LimitationRule => one.kind === 'limitation')
  const events = facts.events?.filter(({ on }) => on > titledOn) ?? []
  return lastDayOf({ years: rule.years, interrupt: untitled?.interrupt ?? [], ...rule.movesOff !== undefined && { movesOff: rule.movesOff } }, { ...facts, events, suspensions: [] }, asked, yearsAfter(titledOn, rule.years))
}

const isWeekend = (day: CalendarDay): boolean => (dayNumber(day) % 7 + 10) % 7 >= 5
const isWorkday = (day: CalendarDay, holidays: ReadonlySet<string>): boolean => !isWeekend(day) && !holidays.has(day)

/** The day so many business days after another: Saturdays, Sundays and holidays do not count. */
function businessDaysAfter (day: CalendarDay, days: number, holidays: ReadonlySet<string>): CalendarDay {
  for (let left = days; left > 0;) {
    day = addDays(day, 1)
    if (isWorkday(day, holidays)) left--
  }
  return day
}

/** The last day of the period that a rule sets; undefined when the rule is about something else. */
function periodBy (rule: Rule, pack: Pack, facts: LimitationFacts, { act, on }: PeriodAsked): LastDay | Missing | undefined {
  const { titledOn, publicHolidays } = facts
  if (act === 'endValidationPeriod') {
    if (rule.kind !== 'deadline') return undefined
    return publicHolidays === undefined ? { missing: ['facts.publicHolidays'] } : { on: addDays(businessDaysAfter(on, rule.receiptBusinessDays, new Set(publicHolidays)), rule.days), movedFrom: null, missing: [] }
  }
  if (titledOn === undefined) return rule.kind === 'limitation' ? limitationOf(rule, facts, on) : undefined
  return rule.kind === 'limitationTitled' ? titledOf(rule, pack, facts, titledOn, on) : undefined
}

const questions: Record<PeriodAsked['act'], string> = { fileClaim: 'until when such a claim can be brought', endValidationPeriod: 'until when a borrower can dispute' }

/**
 * Until when a claim can be brought to court, and whether it still can on a day; or when the borrower's time to dispute ends. Denied when it is
 * barred by any rule, or cannot be told. Pure: the same packs, facts and question give the same bytes.
 */
export function limitationVerdict (packs: readonly Pack[], facts: LimitationFacts, asked: PeriodAsked): LimitationVerdict {
  const refused: Reason[] = packs.length === 0 ? [noPack] : []
  const periods: LimitationVerdict['periods'] = []
  let isUnknown = false
  for (const pack of packs) {
    for (const rule of pack.rules) {
      const last = periodBy(rule, pack, facts, asked)
      if (last === undefined) continue
      if (!('on' in last)) {
        refused.push(refusal(pack, rule, last.missing))
        isUnknown = true
        continue
      }
      const { id, clause, says, strength } = rule
      const { on, movedFrom, missing } = last
      periods.push({ rule: id, pack: pack.id, clause, says, strength, lastOn: on, movedFrom, missing })
      if (asked.act === 'fileClaim' && on !== null && asked.on > on) refused.push(reasonOf(pack, rule, { windowTo: on, ...missing.length > 0 && { missing } }, null))
    }
  }
  if (refused.length === 0 && periods.length === 0) refused.push(noRule(questions[asked.act]))
  const known = periods.flatMap(({ lastOn: last }) => last === null ? [] : [last]).sort()
  return { verdict: refused.length === 0 ? 'allowed' : 'denied', lastOn: isUnknown ? null : known[0] ?? null, periods, strength: strengthOf(refused), reasons: refused, packVersions: versionsOf(packs) }
}
