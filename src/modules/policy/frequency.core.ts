import { dayNumber, dayOfNumber } from '#kernel'
import type { Action, Attempt, Facts, GivenConsent } from './facts.core.ts'
import type { RuleOf } from './pack.core.ts'
import { dayAt, startOf } from './windows.core.ts'

/** Rules that count contacts of the past. */
export type CountingRule = RuleOf<'frequency'> | RuleOf<'cooldown'>
type ConsentRule = CountingRule | RuleOf<'timeWindow'>

/** The history with its instants read once; null when it is not known or cannot be read. */
export type History = readonly Seen[] | null
export interface Seen { readonly at: number, readonly attempt: Attempt }

/** Reads the history's instants; one that cannot be read makes the whole unreadable. */
export function readHistory ({ history }: Facts): History {
  if (history === undefined) return null
  const seen = history.map(attempt => ({ at: Date.parse(attempt.at), attempt }))
  return seen.some(({ at }) => Number.isNaN(at)) ? null : seen
}

/** The name a debt counts under: its group's, or its own. */
export const groupOf = ({ debtGroups }: Facts, debt: string): string => debtGroups !== undefined && Object.hasOwn(debtGroups, debt) ? debtGroups[debt]! : debt

/** What a count is about: the contact, and one of its debts when the rule counts by debt. */
export interface Subject { readonly facts: Facts, readonly action: Action, readonly asked: number, readonly debt: string | null, readonly history: readonly Seen[] }

const concernsDebt = (facts: Facts, debts: readonly string[], debt: string): boolean => debts.some(other => groupOf(facts, other) === debt)

/** Whether an attempt is of the person, debt, collector and number that a rule counts by. */
function isInScope ({ scope }: CountingRule, { facts, action, debt }: Subject, attempt: Attempt): boolean {
  for (const part of scope) {
    if (part === 'debt' ? debt !== null && !concernsDebt(facts, attempt.debts, debt) : attempt[part] !== action[part]) return false
  }
  return true
}

/** The facts a counting rule needs of the history and the contact and does not find. */
export function lacksOf (rule: CountingRule, { action }: Pick<Subject, 'action'>, history: History): string[] {
  if (history === null) return ['history']
  const { scope, channels } = rule
  if (scope.includes('number') && action.number === undefined) return ['action.number']
  const directions = rule.kind === 'frequency' ? rule.directions : rule.trigger.directions
  const countsOutcome = rule.kind === 'cooldown' || rule.outcomes !== undefined || rule.outcomesExcluded !== undefined
  const isUnreadable = history.some(({ attempt }) => channels.includes(attempt.channel) && directions.includes(attempt.direction) && (
    (countsOutcome && attempt.outcome === 'unknown') || (scope.includes('number') && attempt.number === undefined)))
  return isUnreadable ? ['history'] : []
}

/** The consents that lift a rule for the debts in question, given by the time asked about. */
export function consentsFor (rule: ConsentRule, { facts, action, asked, debt }: Omit<Subject, 'history'>): GivenConsent[] {
  const { unlessConsent } = rule
  if (unlessConsent === undefined || facts.consents === undefined) return []
  const needed = debt === null ? action.debts.map(name => groupOf(facts, name)) : [debt]
  return facts.consents.filter(consent => consent.type === unlessConsent && Date.parse(consent.at) <= asked &&
    (consent.channels === undefined || consent.channels.includes(action.channel)) &&
    (consent.debts === undefined || needed.every(name => concernsDebt(facts, consent.debts ?? [], name))))
}

/** Whether a consent holds at an instant: given, not run out, and not used up by a conversation where the rule says that ends it. */
function isInForce (rule: ConsentRule, consent: GivenConsent, at: number, zone: string, talks: readonly number[]): boolean {
  const given = Date.parse(consent.at)
  if (at < given || (consent.until !== undefined && !(at < Date.parse(consent.until)))) return false
  // The day consent was given is the first of its days.
  if (rule.consentDays !== undefined && dayAt(zone, at) >= dayAt(zone, given) + rule.consentDays) return false
  return rule.consentEndsWith === undefined || !talks.some(talk => talk > given && talk < at)
}

/** Whether any consent lifts a rule at an instant. */
export const isLifted = (rule: ConsentRule, consents: readonly GivenConsent[], at: number, zone: string, talks: readonly number[]): boolean =>
  consents.some(consent => isInForce(rule, consent, at, zone, talks))

/** What stands against a contact by counting, in one zone and for one debt. */
export interface Count {
  /** The first instant at or after `at` that the rule allows. */
  next (at: number): number
  /** What the rule saw at an instant. */
  facts (at: number): CountFacts
}
export interface CountFacts { timeZone: string, debt?: string, count?: number, limit?: number, windowFrom?: string, windowTo?: string, conversationAt?: string }

const talksOf = (rule: CountingRule, subject: Subject): number[] => rule.consentEndsWith === undefined
  ? []
  : subject.history.filter(({ attempt }) => attempt.outcome === 'conversation' && rule.channels.includes(attempt.channel) && isInScope(rule, subject, attempt)).map(({ at }) => at)

/** A counting rule against a contact's history, by the calendar of one zone. */
export function countOf (rule: CountingRule, subject: Subject, zone: string): Count {
  const consents = consentsFor(rule, subject)
  const talks = consents.length === 0 ? [] : talksOf(rule, subject)
  const isFree = (at: number): boolean => consents.length > 0 && isLifted(rule, consents, at, zone, talks)
  const named = { timeZone: zone, ...subject.debt !== null && { debt: subject.debt } }
  return rule.kind === 'frequency' ? frequencyOf(rule, subject, zone, isFree, named) : cooldownOf(rule, subject, zone, isFree, named)
}

function frequencyOf (rule: RuleOf<'frequency'>, subject: Subject, zone: string, isFree: (at: number) => boolean, named: CountFacts): Count {
  const { channels, directions, outcomes, outcomesExcluded, limit, window } = rule
  const counts = ({ channel, direction, outcome }: Attempt): boolean => channels.includes(channel) && directions.includes(direction) &&
    (outcome === 'pending' || ((outcomes === undefined || outcomes.includes(outcome)) && outcomesExcluded?.includes(outcome) !== true))
  // A contact made by consent does not count either.
  const days = subject.history.filter(({ at, attempt }) => counts(attempt) && isInScope(rule, subject, attempt) && !isFree(at)).map(({ at }) => dayAt(zone, at)).sort((a, b) => a - b)
  const windowAt = (day: number): { first: number, last: number } => {
    if (window.type === 'calendarMonth') {
      const month = dayOfNumber(day).slice(0, 8)
      return { first: dayNumber(`${month}01`), last: nextMonth(month) - 1 }
    }
    return { first: window.type === 'rollingDays' ? day - window.days + 1 : day, last: day }
  }
  const within = (day: number): number[] => {
    const { first, last } = windowAt(day)
    return days.filter(other => other >= first && other <= last)
  }
  return {
    next (at) {
      for (;;) {
        const day = dayAt(zone, at)
        const counted = within(day)
        if (counted.length < limit || isFree(at)) return at
        // The oldest that must leave the window for one more to fit.
        const leaves = counted[counted.length - limit]!
        at = startOf(zone, window.type === 'calendarMonth' ? windowAt(day).last + 1 : leaves + (window.type === 'rollingDays' ? window.days : 1), at)
      }
    },
    facts (at) {
      const day = dayAt(zone, at)
      const { first, last } = windowAt(day)
      return { ...named, count: within(day).length, limit, windowFrom: dayOfNumber(first), windowTo: dayOfNumber(last) }
    },
  }
}

/** The number of the first day of the month after one written `YYYY-MM-`. */
const nextMonth = (month: string): number => Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1) / 86_400_000

function cooldownOf (rule: RuleOf<'cooldown'>, subject: Subject, zone: string, isFree: (at: number) => boolean, named: CountFacts): Count {
  const { channels, trigger, firstDay } = rule
  const length = rule.days + (firstDay === 'nextDay' ? 1 : 0)
  const triggers = subject.history.filter(({ attempt }) => channels.includes(attempt.channel) && trigger.directions.includes(attempt.direction) &&
    trigger.outcomes.includes(attempt.outcome) && isInScope(rule, subject, attempt)).map(({ at }) => ({ at, day: dayAt(zone, at) }))
  const running = (day: number): { at: number, day: number } | null => {
    let latest = null
    for (const begun of triggers) if (begun.day <= day && day < begun.day + length && (latest === null || begun.at > latest.at)) latest = begun
    return latest
  }
  return {
    next (at) {
      for (;;) {
        const begun = running(dayAt(zone, at))
        if (begun === null || isFree(at)) return at
        at = startOf(zone, begun.day + length, at)
      }
    },
    facts (at) {
      const begun = running(dayAt(zone, at))
      return { ...named, ...begun !== null && { conversationAt: new Date(begun.at).toISOString() } }
    },
  }
}
