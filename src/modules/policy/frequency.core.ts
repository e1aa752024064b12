import { dayNumber, dayOfNumber } from '#kernel'
import type { Action, Attempt, Facts } from './facts.core.ts'
import type { RuleOf } from './pack.core.ts'
import { dayAt, instantText, startOf } from './windows.core.ts'

/** Rules that count contacts of the past. */
export type CountingRule = RuleOf<'frequency'> | RuleOf<'cooldown'>
type ConsentRule = CountingRule | RuleOf<'timeWindow'>

/** A past contact with its instant and the names of its debts read once. */
interface Seen { readonly at: number, readonly attempt: Attempt, readonly debts: readonly string[], readonly index: number }
/** The history, read once. `daysIn` is the calendar day, in a zone, of each contact by its index. */
export interface History { readonly seen: readonly Seen[], daysIn (zone: string): readonly number[] }

/** The name a debt counts under: its group's, or its own. */
const groupOf = ({ debtGroups }: Facts, debt: string): string => debtGroups !== undefined && Object.hasOwn(debtGroups, debt) ? debtGroups[debt]! : debt

/** The names debts count under, each once. */
export const groupsOf = (facts: Facts, debts: readonly string[]): string[] => [...new Set(debts.map(debt => groupOf(facts, debt)))]

/** Reads the history; null when it is not known, or when an instant of it cannot be read. */
export function readHistory (facts: Facts): History | null {
  if (facts.history === undefined) return null
  const seen = facts.history.map((attempt, index) => ({ at: Date.parse(attempt.at), attempt, debts: groupsOf(facts, attempt.debts), index }))
  if (seen.some(({ at }) => Number.isNaN(at))) return null
  const days = new Map<string, number[]>()
  return {
    seen,
    daysIn (zone) {
      const known = days.get(zone) ?? seen.map(({ at }) => dayAt(zone, at))
      days.set(zone, known)
      return known
    },
  }
}

/** A consent with its instants and debts read once; `debts` null: for all. */
export interface ReadConsent { readonly type: string, readonly given: number, readonly until: number, readonly debts: ReadonlySet<string> | null, readonly channels: readonly string[] | null }

/** Reads the consents given by the instant asked about; one whose instants cannot be read counts for nothing. */
export const readConsents = (facts: Facts, asked: number): ReadConsent[] => facts.consents === undefined
  ? []
  : facts.consents.map(({ type, at, until, debts, channels }) => ({
    type, given: Date.parse(at), until: until === undefined ? Infinity : Date.parse(until), debts: debts === undefined ? null : new Set(groupsOf(facts, debts)), channels: channels ?? null,
  })).filter(({ given, until }) => given <= asked && given < until)

/** The consents that lift a rule on a channel for all of some debts. */
export const consentsFor = ({ unlessConsent }: ConsentRule, consents: readonly ReadConsent[], { channel }: Action, debts: readonly string[]): ReadConsent[] => unlessConsent === undefined
  ? []
  : consents.filter(consent => consent.type === unlessConsent && consent.channels?.includes(channel) !== false && debts.every(debt => consent.debts?.has(debt) !== false))

/** Half-open stretches of time, ordered and apart, in epoch milliseconds. */
type Stretches = readonly { readonly from: number, readonly to: number }[]

/**
 * When consents lift a rule: from when each was given, until it runs out or, where the rule says so, a conversation uses it up.
 * `talks` are the instants of conversations, in order.
 */
export function liftedBy (rule: ConsentRule, consents: readonly ReadConsent[], zone: string, talks: readonly number[]): Stretches {
  const { consentDays, consentEndsWith } = rule
  const lifted: { from: number, to: number }[] = []
  for (const { given, until } of [...consents].sort((a, b) => a.given - b.given)) {
    // The day consent was given is the first of its days. A conversation is itself still had by consent.
    const days = consentDays === undefined ? Infinity : startOf(zone, dayAt(zone, given) + consentDays, given)
    const talk = consentEndsWith === undefined ? undefined : talks[firstAbove(talks, given)]
    const to = Math.min(until, days, talk === undefined ? Infinity : talk + 1)
    const last = lifted.at(-1)
    if (last !== undefined && given <= last.to) last.to = Math.max(last.to, to)
    else lifted.push({ from: given, to })
  }
  return lifted
}

/** Whether an instant lies in one of the stretches. */
export function isWithin (stretches: Stretches, at: number): boolean {
  for (const { from, to } of stretches) if (at < to) return at >= from
  return false
}

/** The index of the first value above another, in ordered values; their number when there is none. */
function firstAbove (ordered: readonly number[], value: number): number {
  let low = 0
  let high = ordered.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ordered[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}

/** What a counting rule saw. */
export interface CountFacts { timeZone: string, debt?: string, count?: number, limit?: number, windowFrom?: string, windowTo?: string, conversationAt?: string }

/** What stands against a contact by counting, in one zone and for one debt. */
export interface Count {
  /** The first instant at or after `at` that the rule allows. */
  next (at: number): number
  /** What the rule saw at an instant. */
  facts (at: number): CountFacts
}

/** A contact to count for, with its facts read once. */
export interface Counted { readonly action: Action, readonly debts: readonly string[], readonly zones: readonly string[], readonly history: History, readonly consents: readonly ReadConsent[] }

/** The facts a counting rule needs of the history and the contact and does not find. */
export function lacksOf (rule: CountingRule, action: Action, history: History | null): string[] {
  if (history === null) return ['facts.history']
  const { scope, channels } = rule
  const countsNumber = scope.includes('number')
  if (countsNumber && action.number === undefined) return ['action.number']
  const directions = rule.kind === 'frequency' ? rule.directions : rule.trigger.directions
  const countsOutcome = rule.kind === 'cooldown' || rule.outcomes !== undefined || rule.outcomesExcluded !== undefined
  const isUnreadable = history.seen.some(({ attempt }) => channels.includes(attempt.channel) && directions.includes(attempt.direction) && (
    (countsOutcome && attempt.outcome === 'unknown') || (countsNumber && attempt.number === undefined)))
  return isUnreadable ? ['facts.history'] : []
}

/** Whether a rule counts an attempt with this channel, direction and outcome. What is permitted and not yet recorded counts wherever it could, but begins no rest. */
function isCounted (rule: CountingRule, { channel, direction, outcome }: Attempt): boolean {
  if (!rule.channels.includes(channel)) return false
  if (rule.kind === 'cooldown') return rule.trigger.directions.includes(direction) && rule.trigger.outcomes.includes(outcome)
  if (!rule.directions.includes(direction)) return false
  return outcome === 'pending' || ((rule.outcomes === undefined || rule.outcomes.includes(outcome)) && rule.outcomesExcluded?.includes(outcome) !== true)
}

/** Whether an attempt is of the person, collector and number that a rule counts by. Debts are looked at apart. */
function isSame ({ scope }: CountingRule, action: Action, attempt: Attempt): boolean {
  for (const part of scope) if (part !== 'debt' && attempt[part] !== action[part]) return false
  return true
}

/** What a counting rule asks of a contact: one count for each zone, and each debt where it counts by debt. Nothing for what was never counted. */
export function countsOf (rule: CountingRule, of: Counted): Count[] {
  const { action, debts, zones, history, consents } = of
  const counted = history.seen.filter(({ attempt }) => isCounted(rule, attempt) && isSame(rule, action, attempt))
  if (counted.length === 0) return []
  const talks = rule.consentEndsWith === undefined || consents.length === 0
    ? []
    : history.seen.filter(({ attempt }) => attempt.outcome === 'conversation' && rule.channels.includes(attempt.channel) && isSame(rule, action, attempt))
  const isOf = (debt: string | null) => (seen: Seen): boolean => debt === null || seen.debts.includes(debt)
  return (rule.scope.includes('debt') ? debts : [null]).flatMap(debt => {
    const mine = counted.filter(isOf(debt))
    if (mine.length === 0) return []
    const lifting = consentsFor(rule, consents, action, debt === null ? debts : [debt])
    const ended = talks.filter(isOf(debt)).map(({ at }) => at).sort((a, b) => a - b)
    return zones.map(zone => {
      const lifted = lifting.length === 0 ? [] : liftedBy(rule, lifting, zone, ended)
      const place: Place = { zone, lifted, days: history.daysIn(zone), named: { timeZone: zone, ...debt !== null && { debt } } }
      return rule.kind === 'frequency' ? frequencyOf(rule, mine, place) : cooldownOf(rule, mine, place)
    })
  })
}

/** Where a count is made: the zone's calendar, when consent lifts the rule there, and how its facts begin. */
interface Place { zone: string, lifted: Stretches, days: readonly number[], named: CountFacts }

function frequencyOf ({ limit, window }: RuleOf<'frequency'>, counted: readonly Seen[], { zone, lifted, days, named }: Place): Count {
  // A contact made by consent does not count either.
  const counts = counted.filter(({ at }) => !isWithin(lifted, at)).map(({ index }) => days[index]!).sort((a, b) => a - b)
  const windowAt = (day: number): { first: number, last: number } => {
    if (window.type === 'calendarMonth') {
      const month = dayOfNumber(day).slice(0, 8)
      return { first: dayNumber(`${month}01`), last: nextMonth(month) - 1 }
    }
    return { first: window.type === 'rollingDays' ? day - window.days + 1 : day, last: day }
  }
  const within = (day: number): { from: number, to: number, last: number } => {
    const { first, last } = windowAt(day)
    return { from: firstAbove(counts, first - 1), to: firstAbove(counts, last), last }
  }
  return {
    next (at) {
      for (;;) {
        const { from, to, last } = within(dayAt(zone, at))
        if (to - from < limit || isWithin(lifted, at)) return at
        // The last of those that must leave the window for one more to fit.
        const leaves = counts[to - limit]!
        at = startOf(zone, window.type === 'rollingDays' ? leaves + window.days : last + 1, at)
      }
    },
    facts (at) {
      const day = dayAt(zone, at)
      const { first, last } = windowAt(day)
      const { from, to } = within(day)
      return { ...named, count: to - from, limit, windowFrom: dayOfNumber(first), windowTo: dayOfNumber(last) }
    },
  }
}

/** The number of the first day of the month after one written `YYYY-MM-`. */
const nextMonth = (month: string): number => Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1) / 86_400_000

function cooldownOf (rule: RuleOf<'cooldown'>, triggers: readonly Seen[], { zone, lifted, days, named }: Place): Count {
  const length = rule.days + (rule.firstDay === 'nextDay' ? 1 : 0)
  const begun = triggers.map(({ at, index }) => ({ at, day: days[index]! })).sort((a, b) => a.day - b.day || a.at - b.at)
  const beginnings = begun.map(({ day }) => day)
  // Of those begun by a day, the last rests longest.
  const running = (day: number): { at: number, day: number } | null => {
    const last = begun[firstAbove(beginnings, day) - 1]
    return last !== undefined && day < last.day + length ? last : null
  }
  return {
    next (at) {
      for (;;) {
        const rest = running(dayAt(zone, at))
        if (rest === null || isWithin(lifted, at)) return at
        at = startOf(zone, rest.day + length, at)
      }
    },
    facts (at) {
      const rest = running(dayAt(zone, at))
      return { ...named, ...rest !== null && { conversationAt: instantText(rest.at) } }
    },
  }
}
