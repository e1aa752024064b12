import { isTimeZone } from '#kernel'
import type { Action, Channel, Facts } from './facts.core.ts'
import { consentsFor, countsOf, groupsOf, isWithin, lacksOf, liftedBy, readConsents, readHistory } from './frequency.core.ts'
import type { Count, CountFacts, CountingRule, History, ReadConsent } from './frequency.core.ts'
import { fieldsOf } from './pack.core.ts'
import type { Pack, Rule, RuleOf, Strength } from './pack.core.ts'
import { compile } from './predicate.core.ts'
import type { Test } from './predicate.core.ts'
import { noPack, reasonOf, refusal, strengthOf, versionsOf } from './reason.core.ts'
import type { Missing } from './reason.core.ts'
import { horizonDays, instantText, localText, nextClosed, nextOpen, weekOf, without } from './windows.core.ts'
import type { Hours, Week } from './windows.core.ts'
import type { Reason, ReasonFacts, Verdict } from './verdict.core.ts'

/** A rule made ready to be asked often. */
type TimedRule = { rule: RuleOf<'timeWindow'>, week: Week } | { rule: RuleOf<'requestedWindow'> } | { rule: CountingRule, count: true }
interface DenyRule { rule: RuleOf<'denyIf'>, test: Test, fields: string[] }
interface Ready { timed: Map<Channel, TimedRule[]>, denies: DenyRule[], flags: ReadonlySet<string> }

const readied = new WeakMap<Pack, Ready>()

/** A pack made ready, once for as long as it lives. */
function ready (pack: Pack): Ready {
  const known = readied.get(pack)
  if (known !== undefined) return known
  const timed = new Map<Channel, TimedRule[]>()
  const denies: DenyRule[] = []
  const flags = new Set<string>()
  for (const rule of pack.rules) {
    if (rule.kind === 'denyIf' && rule.act === undefined) {
      const fields = fieldsOf(rule.when)
      denies.push({ rule, test: compile(rule.when), fields })
      for (const field of fields) if (field.startsWith('flags.')) flags.add(field.slice('flags.'.length))
    }
    const one = timedRule(rule)
    if (one === null) continue
    if (one.rule.kind === 'timeWindow' && one.rule.unlessFlag !== undefined) flags.add(one.rule.unlessFlag)
    for (const channel of one.rule.channels) timed.set(channel, [...timed.get(channel) ?? [], one])
  }
  const made = { timed, denies, flags }
  readied.set(pack, made)
  return made
}

function timedRule (rule: Rule): TimedRule | null {
  if (rule.kind === 'timeWindow') return { rule, week: weekOf(rule.windows) }
  if (rule.kind === 'frequency' || rule.kind === 'cooldown') return { rule, count: true }
  return rule.kind === 'requestedWindow' ? { rule } : null
}

/** One thing that must hold at the instant of a contact: a rule in one zone, and for one debt where it counts by debt. */
interface Constraint {
  /** The first instant at or after `at` at which it holds; null: never within the horizon. */
  next (at: number): number | null
  facts (at: number): ReasonFacts
}
/** A rule with all that it asks of this contact. */
interface Bound { pack: Pack, rule: Rule, constraints: Constraint[] }

/** A contact with its facts read once. `debts` are the names its debts count under. */
interface Case { facts: Facts, action: Action, asked: number, debts: readonly string[], zones: readonly string[], zonesMissing: boolean, history: History | null, consents: readonly ReadConsent[] }

function readCase (facts: Facts, action: Action, asked: number): Case {
  const zones = facts.timeZones ?? []
  const zonesMissing = zones.length === 0 || !zones.every(isTimeZone)
  return { facts, action, asked, zones, zonesMissing, debts: groupsOf(facts, action.debts), history: readHistory(facts), consents: readConsents(facts, asked) }
}

const isFirstReply = ({ replyTo, channel }: Action): boolean => replyTo !== undefined && replyTo.initiatedBy === 'borrower' && replyTo.channel === channel && replyTo.nthReply === 1

/** Whether the hours of a rule concern a contact at this place, of this case. */
function isConcerned ({ placeOnly, placeNot, unlessFlag, unlessReply }: RuleOf<'timeWindow'>, { facts, action }: Case): boolean {
  const { place } = action
  if (placeOnly !== undefined && (place === undefined || !placeOnly.includes(place))) return false
  if (placeNot !== undefined && place !== undefined && placeNot.includes(place)) return false
  if (unlessFlag !== undefined && facts.flags !== undefined && Object.hasOwn(facts.flags, unlessFlag) && facts.flags[unlessFlag] === true) return false
  return unlessReply !== true || !isFirstReply(action)
}

/** The opening hours a rule sets in each zone; the facts it lacks, when they cannot be known; null when it sets none for this case. */
function hoursOf (timed: TimedRule, of: Case): Hours[] | Missing | null {
  const { facts, zones } = of
  if (timed.rule.kind === 'requestedWindow') {
    const { requestedWindows } = facts
    if (requestedWindows === undefined || requestedWindows.length === 0) return null
    if (of.zonesMissing) return { missing: ['facts.timeZones'] }
    const week = weekOf(requestedWindows)
    return zones.map(zone => ({ week, zone, closed: null }))
  }
  if (!('week' in timed) || !isConcerned(timed.rule, of)) return null
  const { rule } = timed
  if (of.zonesMissing) return { missing: ['facts.timeZones'] }
  if (rule.holidays === 'closed' && facts.publicHolidays === undefined) return { missing: ['facts.publicHolidays'] }
  const closed = rule.holidays === 'closed' ? new Set(facts.publicHolidays) : null
  const shut = rule.alsoClosed === undefined ? undefined : facts.inconvenientWindows
  const week = shut === undefined || shut.length === 0 ? timed.week : without(timed.week, weekOf(shut))
  return zones.map(zone => ({ week, zone, closed }))
}

const openingOf = (hours: Hours): Constraint => ({ next: at => nextOpen(hours, at), facts: at => ({ timeZone: hours.zone, localAt: localText(hours.zone, at) }) })

/** What a time rule asks of a case; the facts it lacks instead, when it cannot be judged; null when it does not concern the case. */
function constraintsOf (timed: TimedRule, of: Case): Constraint[] | Missing | null {
  if ('count' in timed) return countedBy(timed.rule, of)
  const hours = hoursOf(timed, of)
  if (hours === null || 'missing' in hours) return hours
  const { rule } = timed
  const consents = rule.kind === 'timeWindow' ? consentsFor(rule, of.consents, of.action, of.debts) : []
  if (rule.kind !== 'timeWindow' || consents.length === 0) return hours.map(openingOf)
  return hours.map(one => {
    const opening = openingOf(one)
    const lifted = liftedBy(rule, consents, one.zone, [])
    return { ...opening, next: at => isWithin(lifted, at) ? at : opening.next(at) }
  })
}

function countedBy (rule: CountingRule, of: Case): Count[] | Missing {
  if (of.zonesMissing) return { missing: ['facts.timeZones'] }
  const { history } = of
  const missing = lacksOf(rule, of.action, history)
  return missing.length > 0 || history === null ? { missing } : countsOf(rule, { ...of, history })
}

/** Asks every rule of the packs: what refuses at once, and what must hold at the instant of the contact. */
function ask (packs: readonly Pack[], of: Case): { refused: Reason[], bounds: Bound[] } {
  const refused: Reason[] = []
  const bounds: Bound[] = []
  for (const pack of packs) {
    const { timed, denies } = ready(pack)
    for (const { rule, test, fields } of denies) if (test(of.facts, of.action)) refused.push(reasonOf(pack, rule, { fields }, null, rule.lift))
    for (const one of timed.get(of.action.channel) ?? []) {
      const constraints = constraintsOf(one, of)
      if (constraints === null) continue
      if ('missing' in constraints) refused.push(refusal(pack, one.rule, constraints.missing))
      else if (constraints.length > 0) bounds.push({ pack, rule: one.rule, constraints })
    }
  }
  return { refused, bounds }
}

/** The longest chain of openings and closings that is followed; each step passes at least one. */
const stepsMax = 20_000

/**
 * The first instant at or after `at` at which all constraints hold together: the least fixpoint of them all, so that a rest ending at midnight
 * still waits for the morning. Null when there is none within the horizon. `onMove` hears which of them moved it.
 */
function settle (constraints: readonly Constraint[], at: number, onMove?: (mover: Constraint) => void): number | null {
  const limit = at + horizonDays * 86_400_000
  for (let steps = 0, i = 0, held = 0; held < constraints.length; i = (i + 1) % constraints.length) {
    const constraint = constraints[i]!
    const next = constraint.next(at)
    if (next === null || next > limit || ++steps > stepsMax) {
      onMove?.(constraint)
      return null
    }
    if (next === at) {
      held++
    } else {
      at = next
      held = 1
      onMove?.(constraint)
    }
  }
  return at
}

/** A rule that does not hold at the instant asked about: the constraint that lasts longest speaks for it. */
function reasonFor ({ pack, rule, constraints }: Bound, asked: number): Reason {
  const ends = settle(constraints, asked)
  const endOf = (constraint: Constraint): number => constraint.next(asked) ?? Infinity
  const spokesman = constraints.reduce((a, b) => endOf(b) > endOf(a) ? b : a)
  return reasonOf(pack, rule, spokesman.facts(asked), ends)
}

/** A rule that holds at the instant asked about and moved the answer on when the others had ended. */
function laterReason ({ pack, rule, constraints }: Bound, movers: ReadonlySet<Constraint>, asked: number, earliest: number | null): Reason {
  const spokesman = constraints.find(constraint => movers.has(constraint))
  return reasonOf(pack, rule, spokesman?.facts(asked) ?? {}, earliest)
}

/** Channels named as alternatives when one is closed. */
const alternatives: readonly Channel[] = ['call', 'robocall', 'sms', 'email', 'im', 'letter', 'visit']

/** Channels other than the one asked about that are open now, for the same purpose, if what is sent is itself in order. */
function openChannels (packs: readonly Pack[], of: Case): Channel[] {
  // Said of the contact asked about, not of another: how its recipient opts out, its form, its address, the collectors who go.
  const { address, medium, replyTo, entersPrivatePremises, ...same } = of.action
  return alternatives.filter(channel => channel !== of.action.channel && isOpen(packs, { ...of, action: { ...same, channel, optOutMethod: 'replyStop', collectors: 2 } }))
}

/** Whether a contact is allowed at the instant asked about. */
function isOpen (packs: readonly Pack[], of: Case): boolean {
  for (const pack of packs) {
    for (const one of ready(pack).timed.get(of.action.channel) ?? []) {
      const constraints = constraintsOf(one, of)
      if (constraints !== null && ('missing' in constraints || constraints.some(({ next }) => next(of.asked) !== of.asked))) return false
    }
  }
  return !packs.some(pack => ready(pack).denies.some(({ test }) => test(of.facts, of.action)))
}

function unreadFlags (packs: readonly Pack[], { flags }: Facts): string[] {
  if (flags === undefined) return []
  return Object.keys(flags).filter(flag => !packs.some(pack => ready(pack).flags.has(flag))).sort()
}

/**
 * What the laws say of one contact. Any rule that denies, and any fact missing that a rule needs, denies; otherwise the answer is the earliest
 * instant at which all time rules hold together, in every zone the borrower may be in. Pure: the same packs, facts and contact give the same
 * bytes, whenever and wherever it is asked. Throws a RangeError on an instant that cannot be read.
 */
export function decide (packs: readonly Pack[], facts: Facts, action: Action): Verdict {
  const asked = Date.parse(action.at)
  if (Number.isNaN(asked)) throw new RangeError('the instant of a contact cannot be read')
  const of = readCase(facts, action, asked)
  const localTimes = of.zones.filter(isTimeZone).map(timeZone => ({ timeZone, localAt: localText(timeZone, asked) }))
  const packVersions = versionsOf(packs)
  const answer = (verdict: Verdict['verdict'], earliest: number | null, reasons: Reason[], laterReasons: Reason[]): Verdict => ({
    verdict, earliestAllowedAt: earliest === null ? null : instantText(earliest),
    strength: strengthOf(reasons),
    reasons, laterReasons, otherChannels: verdict === 'allowed' || packs.length === 0 ? [] : openChannels(packs, of),
    localTimes, packVersions, unreadFlags: unreadFlags(packs, facts),
  })
  if (packs.length === 0) return answer('denied', null, [noPack], [])
  const { refused, bounds } = ask(packs, of)
  if (refused.length > 0) return answer('denied', null, refused, [])
  const movers = new Set<Constraint>()
  const earliest = settle(bounds.flatMap(({ constraints }) => constraints), asked, mover => { movers.add(mover) })
  if (earliest === asked) return answer('allowed', null, [], [])
  const isClosed = ({ constraints }: Bound): boolean => constraints.some(({ next }) => next(asked) !== asked)
  const reasons = bounds.filter(isClosed).map(bound => reasonFor(bound, asked))
  const later = bounds.filter(bound => !isClosed(bound) && bound.constraints.some(constraint => movers.has(constraint))).map(bound => laterReason(bound, movers, asked, earliest))
  return answer(earliest === null ? 'denied' : 'wait', earliest, reasons, later)
}

/** What a rule that counts has counted for a contact, this one not included. */
export interface RuleCount { rule: string, pack: string, clause: string, strength: Strength, timeZone: string, debt?: string, count: number, limit: number, windowFrom: string, windowTo: string }

/** What was counted for a contact by every rule with a limit that concerns it: in each zone, and for each debt where the rule counts by debt. Nothing for what was never counted. */
export function countsAt (packs: readonly Pack[], facts: Facts, action: Action): RuleCount[] {
  const asked = Date.parse(action.at)
  const of = readCase(facts, action, asked)
  return packs.flatMap(pack => (ready(pack).timed.get(action.channel) ?? []).flatMap(timed => {
    if (!('count' in timed) || timed.rule.kind !== 'frequency') return []
    const { id: rule, clause, strength } = timed.rule
    const counts = countedBy(timed.rule, of)
    return 'missing' in counts ? [] : counts.map(one => ({ rule, pack: pack.id, clause, strength, ...one.facts(asked) as Required<CountFacts> }))
  }))
}

/** When a channel is open by the hours of the law alone. Instants, RFC 3339; `closesAt` null: it does not close. */
export interface OpenWindow { readonly opensAt: string, readonly closesAt: string | null }

/** What hours may depend on beside the zones. */
export type HoursFacts = Pick<Facts, 'publicHolidays' | 'inconvenientWindows' | 'requestedWindows' | 'flags'> & Pick<Action, 'place'>

/**
 * The next stretch, from `at` on, in which a channel is open in all the zones by time windows alone: for queues and schedulers that plan before
 * they ask. History, consent and denials are not looked at. Null when no hour can be promised: no pack, an unknown zone, a holiday calendar missing, or never open.
 */
export function openWindow (packs: readonly Pack[], zones: readonly string[], channel: Channel, at: Date, { place, ...facts }: HoursFacts = {}): OpenWindow | null {
  const asked = at.getTime()
  const action: Action = { at: at.toISOString(), channel, debts: [], party: 'borrower', person: '', collector: '', ...place !== undefined && { place } }
  const of = readCase({ ...facts, timeZones: [...zones], history: [] }, action, asked)
  if (packs.length === 0 || of.zonesMissing) return null
  const hours: Hours[] = []
  for (const pack of packs) {
    for (const timed of ready(pack).timed.get(channel) ?? []) {
      const known = hoursOf(timed, of)
      if (known === null) continue
      if ('missing' in known) return null
      hours.push(...known)
    }
  }
  const opens = settle(hours.map(openingOf), asked)
  if (opens === null) return null
  const closes = hours.map(one => nextClosed(one, opens)).reduce((a, b) => a === null ? b : b === null ? a : Math.min(a, b), null)
  return { opensAt: instantText(opens), closesAt: closes === null ? null : instantText(closes) }
}

/** The first lawful moment for a channel by time windows alone, at or after `at`; null as `openWindow`. */
export const nextLawfulMoment = (packs: readonly Pack[], zones: readonly string[], channel: Channel, at: Date, known: HoursFacts = {}): string | null =>
  openWindow(packs, zones, channel, at, known)?.opensAt ?? null
