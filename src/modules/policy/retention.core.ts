import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Day, Nullable, addDays, addMonths } from '#kernel'
import type { CalendarDay } from '#kernel'
import { fieldsOf } from './pack.core.ts'
import type { Pack, Rule, RuleOf } from './pack.core.ts'
import { compile } from './predicate.core.ts'
import { noPack, reasonOf, refusal, strengthOf, unreadOf, versionsOf } from './reason.core.ts'
import type { DataAct, RetentionFacts } from './retention.facts.core.ts'
import { Verdict } from './verdict.core.ts'
import type { Reason } from './verdict.core.ts'

const { verdict, reasons, packVersions, unreadFlags, strength } = Verdict.properties

/** What the law says of one act with records or personal data. */
export const RetentionVerdict = Type.Object({
  verdict: Type.Unsafe<Verdict['verdict']>({ ...verdict, description: '`allowed`: on that day. `wait`: from `earliestOn` on. `denied`: not until something changes, or is known.' }),
  earliestOn: Type.Unsafe<CalendarDay | null>({ ...Nullable(Day), description: 'The first day it may be done, when it must wait; otherwise null.' }),
  strength, reasons: Type.Unsafe<Reason[]>({ ...reasons, description: 'Every rule that stands in the way.' }), packVersions, unreadFlags,
}, { title: 'RetentionVerdict' })
export type RetentionVerdict = Static<typeof RetentionVerdict>

/** Why an act may not be done, and the first day it may as far as one rule goes; null: no day can be told. */
interface Obstacle { reason: Reason, until: CalendarDay | null }

const factOf = { recordDate: 'recordedOn', lastCollectionActivity: 'lastCollectionActivityOn' } as const

function keptFor (rule: RuleOf<'retention'>, pack: Pack, facts: RetentionFacts, on: CalendarDay): Obstacle | null {
  const fact = factOf[rule.from]
  const from = facts[fact]
  if (from === undefined) return { reason: refusal(pack, rule, [`facts.${fact}`]), until: null }
  const last = addMonths(from, 12 * rule.years)
  return on > last ? null : { reason: reasonOf(pack, rule, { fields: [`facts.${fact}`], windowFrom: from, windowTo: last }, null), until: addDays(last, 1) }
}

function keptUntil (rule: RuleOf<'retentionEvent'>, pack: Pack, { settledOn }: RetentionFacts, on: CalendarDay): Obstacle | null {
  if (settledOn === undefined) return { reason: refusal(pack, rule, ['facts.settledOn']), until: null }
  const fields = ['facts.settledOn']
  if (settledOn === null) return { reason: reasonOf(pack, rule, { fields }, null, 'the debt is settled'), until: null }
  return on > settledOn ? null : { reason: reasonOf(pack, rule, { fields, windowTo: settledOn }, null), until: addDays(settledOn, 1) }
}

function obstacleBy (rule: Rule, pack: Pack, facts: RetentionFacts, asked: DataAct): Obstacle | null {
  if (asked.act !== 'delete') {
    if (rule.kind !== 'denyIf' || rule.act !== asked.act || !compile(rule.when)(facts, asked)) return null
    return { reason: reasonOf(pack, rule, { fields: fieldsOf(rule.when) }, null, rule.lift), until: null }
  }
  if (rule.kind === 'retention' && rule.record === asked.record) return keptFor(rule, pack, facts, asked.on)
  return rule.kind === 'retentionEvent' && rule.record === asked.record ? keptUntil(rule, pack, facts, asked.on) : null
}

const claimsRead = (packs: readonly Pack[]): Set<string> =>
  new Set(packs.flatMap(({ rules }) => rules).flatMap(rule => rule.kind === 'denyIf' && rule.act !== undefined ? fieldsOf(rule.when).map(field => field.replace(/^flags\./, '')) : []))

/**
 * Whether a record may be deleted on a day, and from when; whether personal data may be kept or entrusted further. Of several terms the longest
 * holds; denied when a term has no end yet or a fact is missing. Pure: the same packs, facts and act give the same bytes.
 */
export function retentionVerdict (packs: readonly Pack[], facts: RetentionFacts, asked: DataAct): RetentionVerdict {
  const obstacles: Obstacle[] = packs.length === 0 ? [{ reason: noPack, until: null }] : packs.flatMap(pack => pack.rules.flatMap(rule => obstacleBy(rule, pack, facts, asked) ?? []))
  const days = obstacles.map(({ until }) => until)
  const isEndless = days.includes(null)
  const found = obstacles.map(({ reason }) => reason)
  return {
    verdict: obstacles.length === 0 ? 'allowed' : isEndless ? 'denied' : 'wait', earliestOn: obstacles.length === 0 || isEndless ? null : days.reduce((a, b) => a! > b! ? a : b)!,
    strength: strengthOf(found), reasons: found, packVersions: versionsOf(packs), unreadFlags: unreadOf(facts.flags, claimsRead(packs)),
  }
}
