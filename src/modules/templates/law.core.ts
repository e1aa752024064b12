import { Type } from 'typebox'
import type { Static } from 'typebox'
import { CountryCode, Nullable, OneOf } from '#kernel'
import type { Violation } from '#kernel'
import { decide } from '../policy/core.ts'
import type { Action, Channel, Facts } from '../policy/facts.core.ts'
import type { Pack, Predicate } from '../policy/pack.core.ts'
import type { Reason } from '../policy/verdict.core.ts'
import type { TemplateChannel } from './core.ts'
import { optOutMethods } from './disclosures.core.ts'
import { saysAlways } from './writing.core.ts'
import type { Template } from './writing.core.ts'

/** The places of a message among the communications about a debt. */
export const stages = ['initial', 'subsequent'] as const
export type Stage = typeof stages[number]

const borrowerTypes = ['consumer', 'business'] as const
export type BorrowerType = typeof borrowerTypes[number]

/** What was found a template to say in a place, whatever the debts, and the law it was held to. */
export const Checked = Type.Object({
  jurisdiction: CountryCode, stage: OneOf(stages, 'Its place among the communications.'),
  disclosures: Type.Array(Type.String(), { description: 'The disclosures it makes, whatever the debts.' }),
  optOutMethod: Nullable(OneOf(optOutMethods, 'How its recipient can stop the next one; null: not at all.')),
  packVersions: Type.Record(Type.String(), Type.String(), { description: 'The packs it was held to, each with its version.' }),
}, { title: 'TemplateChecked' })
export type Checked = Static<typeof Checked>

/** Something the law asks for that a template does not always say. */
export interface Lack { jurisdiction: string, stage: Stage, rule: string, clause: string, says: string, missing: string[] }

const channelOf: Record<TemplateChannel, Channel> = { email: 'email', sms: 'sms', letter: 'letter', callScript: 'call' }

/** The fields of a contact that the words of a message decide. */
const saidFields = ['action.disclosures', 'action.optOutMethod']

/** A contact about which nothing is known that could forbid it, but for what it says. */
const plainFacts = (borrowerType: BorrowerType): Facts => ({ timeZones: ['UTC'], borrowerType, history: [], consents: [], flags: {}, publicHolidays: [] })
const plainAction = (channel: TemplateChannel, stage: Stage, at: string): Action =>
  ({ at, channel: channelOf[channel], stage, debts: ['debt'], party: 'borrower', person: 'person', collector: 'collector', number: 'number', address: 'number', purpose: 'demandPayment' })

/** Puts a template before the law of a place at both stages: what it was found to say, and what it lacks. `packsFor` chooses the packs; where there are none nothing may be sent. */
export function checkLaw (template: Template, jurisdiction: string, packsFor: (borrowerType: BorrowerType) => readonly Pack[], at: string): { checked: Checked[], lacks: Lack[] } {
  const checked: Checked[] = []
  const lacks = new Map<string, Lack>()
  for (const stage of stages) {
    const { disclosures, optOutMethods: [optOutMethod] } = saysAlways(template, { channel: template.channel, language: template.language, jurisdiction, isInitial: stage === 'initial' })
    const versions: Record<string, string> = {}
    // A law may be for consumers alone. Whom it has nothing to say of is asked about again at each contact.
    const asked = borrowerTypes.map(borrowerType => ({ packs: packsFor(borrowerType), facts: plainFacts(borrowerType) }))
    const known = asked.filter(({ packs }) => packs.length > 0)
    for (const { packs, facts } of known.length > 0 ? known : asked) {
      const { reasons, packVersions } = decide(packs, facts, { ...plainAction(template.channel, stage, at), disclosures, ...optOutMethod !== undefined && { optOutMethod } })
      Object.assign(versions, packVersions)
      for (const reason of known.length > 0 ? reasons.filter(isAboutWords) : reasons) lacks.set(`${reason.rule} ${stage}`, lackOf(reason, packs, { jurisdiction, stage }, disclosures))
    }
    checked.push({ jurisdiction, stage, disclosures, optOutMethod: optOutMethod ?? null, packVersions: versions })
  }
  return { checked, lacks: [...lacks.values()] }
}

const isAboutWords = ({ facts }: Reason): boolean => facts.fields?.some(field => saidFields.includes(field)) === true

function lackOf ({ rule, pack, clause, says }: Reason, packs: readonly Pack[], place: Pick<Lack, 'jurisdiction' | 'stage'>, disclosures: readonly string[]): Lack {
  const found = packs.find(({ id }) => id === pack)?.rules.find(({ id }) => id === rule)
  const asked = found?.kind === 'denyIf' ? wordsIn(found.when) : []
  return { ...place, rule, clause, says, missing: [...new Set(asked)].filter(word => !disclosures.includes(word)) }
}

/** The disclosures, and the ways to opt out, that a condition names. */
function wordsIn (when: Predicate): string[] {
  if ('all' in when) return when.all.flatMap(wordsIn)
  if ('any' in when) return when.any.flatMap(wordsIn)
  if ('not' in when) return wordsIn(when.not)
  if (!saidFields.includes(when.field)) return []
  return 'has' in when ? [when.has] : 'lacksAnyOf' in when ? when.lacksAnyOf : 'in' in when ? when.in : []
}

/** What is lacking, pointed at the jurisdictions asked for. */
export const lackFaults = (lacks: readonly Lack[], jurisdictions: readonly string[]): Violation[] => lacks.map(({ jurisdiction, stage, rule, clause, says, missing }) => ({
  pointer: `/jurisdictions/${jurisdictions.indexOf(jurisdiction)}`,
  message: `${stage}: ${clause} (${rule}): ${says}${missing.length === 0 ? '' : ` Missing: ${missing.join(', ')}.`}`,
}))
