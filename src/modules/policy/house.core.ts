import { Type } from 'typebox'
import type { Static } from 'typebox'
import { CountryCode, Day, IdOf, OneOf, Text, addDays, closed, problem, uuidOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { borrowerTypes } from './facts.core.ts'
import { isFor, isInForce, library, nameOf, selectPacks } from './library.core.ts'
import type { Selection } from './library.core.ts'
import { readPack } from './pack.core.ts'
import type { Pack, Strength } from './pack.core.ts'

export const HouseRulesRefused = problem('house-rules-refused', 422, 'The rules are not ones that can be kept.', 'Correct what `errors` points to. Rules of your own only make the law stricter.')
export const HouseRulesPast = problem('house-rules-past', 422, 'Rules take effect from today on at the earliest.', 'Give an `effectiveFrom` that is not before today in the agency\'s calendar.')
export const RuleUnknown = problem('rule-unknown', 422, 'The pack has no such rule in force.', 'Read the pack with `getPolicyPack`: `rules` has their ids.')
export const RuleMandatory = problem('rule-mandatory', 422, 'Mandatory law is never set aside.', 'Nothing can be done: only rules that are voluntary, advisory or a presumption yield.')
export const ExemptionPeriodRefused = problem('exemption-period-refused', 422, 'An exemption lasts from today for a year at most.', 'Give an `expiresOn` between today and a year from now.')
export const ExemptionEnded = problem('exemption-ended', 409, 'The exemption has ended.', 'Nothing needs to be done: the rule holds.')

/** What an agency or a lender may add: rules that only ever forbid more, later or less. */
export const houseRuleKinds = ['timeWindow', 'frequency', 'cooldown', 'denyIf', 'denyChargeIf', 'rateCap', 'planLimit'] as const

const houseRulesMax = 50

const HouseRule = Type.Object({
  code: Type.String({ pattern: '^[A-Z][A-Z0-9]{0,19}$', description: 'Its name among these rules.', examples: ['SUNDAY'] }),
  says: Text(500, 'What it says, for whoever meets it.', ['No calls on Sundays.']),
  kind: OneOf(houseRuleKinds, 'Its kind, which says what parameters it has: those of the same kind in the packs.'),
}, {
  title: 'HouseRule', additionalProperties: true, description: 'A rule of one\'s own: its name, what it says, and the parameters of its kind as `getPolicyPack` shows them.',
  examples: [{ code: 'SUNDAY', says: 'No calls on Sundays.', kind: 'timeWindow', channels: ['call'], windows: [{ days: [1, 2, 3, 4, 5, 6], from: '09:00', to: '19:00' }] }],
})

/** Rules of an agency's, or of one lender's for its own debts, that come on top of the law. */
export const HouseRulesInput = Type.Object({
  code: Type.String({ pattern: '^[A-Z][A-Z0-9]{0,19}$', description: 'The name of the set. A set of the same name follows the one before.', examples: ['QUIET'] }),
  title: Text(200, 'What the set is called.', ['Quieter than the law']),
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'The lender whose debts it is for; every lender\'s when left out. A lender\'s key always speaks for itself.' })),
  jurisdiction: CountryCode,
  regions: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Z0-9]{1,3}$', description: 'A region, ISO 3166-2 without the country.' }), { minItems: 1, maxItems: 60, description: 'Only in these regions.' })),
  products: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,79}$', description: 'A product.' }), { minItems: 1, maxItems: 50, description: 'Only for these products.' })),
  borrowerTypes: Type.Optional(Type.Array(OneOf(borrowerTypes, 'A kind of borrower.'), { minItems: 1, maxItems: 5, description: 'Only for these borrowers.' })),
  effectiveFrom: Type.Unsafe<CalendarDay>({ ...Day, description: 'The first day it holds, by the borrower\'s calendar.' }),
  effectiveTo: Type.Optional(Type.Unsafe<CalendarDay>({ ...Day, description: 'The last day it holds. Left out: until another of the name follows.' })),
  rules: Type.Array(HouseRule, { maxItems: houseRulesMax, description: 'The rules; none: the set asks nothing from then on.' }),
}, {
  title: 'HouseRulesInput', ...closed, examples: [{
    code: 'QUIET', title: 'Quieter than the law', jurisdiction: 'CN', effectiveFrom: '2026-04-01',
    rules: [{ code: 'SUNDAY', says: 'No calls on Sundays.', kind: 'timeWindow', channels: ['call'], windows: [{ days: [1, 2, 3, 4, 5, 6], from: '09:00', to: '19:00' }] }],
  }],
})
export type HouseRulesInput = Static<typeof HouseRulesInput>

/** A set as a pack, which evaluators read like any other. Throws `HouseRulesRefused`, pointing at the rule that is wrong. */
export function housePack ({ code, title, jurisdiction, regions, products, borrowerTypes, effectiveFrom, effectiveTo, rules }: HouseRulesInput, lenderId: Id<'lender'> | null, edition: number): Pack {
  const id = `ZZ.${lenderId === null ? 'OWN' : uuidOf(lenderId).slice(-12).toUpperCase()}.${code}`
  const refuse = (message: string, index: number | null): never => { throw HouseRulesRefused({}, { violations: [{ pointer: index === null ? '/rules' : `/rules/${index}`, message }] }) }
  if (effectiveTo !== undefined && effectiveTo < effectiveFrom) throw HouseRulesRefused({}, { violations: [{ pointer: '/effectiveTo', message: 'is before effectiveFrom' }] })
  const head = { id, version: `${effectiveFrom}.${edition}`, title, jurisdiction, ...regions !== undefined && { regions }, authority: 'house', strength: 'voluntary', evidence: 'primary', effectiveFrom, effectiveTo: effectiveTo ?? null, applies: { ...products !== undefined && { products }, ...borrowerTypes !== undefined && { borrowerTypes } } }
  const known = rules.map(({ code: name, ...rule }, i) => {
    const full = { ...rule, id: `${id}.${name}`, clause: `${title}: ${name}`, strength: 'voluntary', evidence: 'primary', source: 'house rules' }
    try {
      readPack({ ...head, rules: [full] })
    } catch (error) {
      refuse(error instanceof Error ? error.message.replace(/^policy pack [^:]*: /, '') : 'is not valid', i)
    }
    if ('act' in rule || 'isFloor' in rule) refuse('is about another act than contacts and charges', i)
    return full
  })
  if (new Set(known.map(({ id }) => id)).size !== known.length) refuse('two rules have one code', null)
  return readPack({ ...head, rules: known })
}

/** A set that is kept: whose debts it is for (null: every lender's), and its edition among those of the name. */
export interface HouseRules { readonly pack: Pack, readonly lenderId: Id<'lender'> | null, readonly edition: number }

/** A rule of the law set aside for a while, of every lender's debts or one's. */
export interface Exemption { readonly packId: string, readonly ruleId: string, readonly lenderId: Id<'lender'> | null, readonly from: CalendarDay, readonly expiresOn: CalendarDay }

/** The law as it holds in an agency: the packs, its own rules on top, and what was set aside. */
export interface Law { readonly own: readonly HouseRules[], readonly exemptions: readonly Exemption[] }

/** The law alone, where an agency has added nothing and set nothing aside. */
export const plainLaw: Law = { own: [], exemptions: [] }

const isOf = (lenderId: Id<'lender'> | null, asked: Id<'lender'> | null): boolean => lenderId === null || lenderId === asked

/** A pack without rules that were set aside; its version names them. */
export function without (pack: Pack, ruleIds: readonly string[]): Pack {
  const gone = pack.rules.map(({ id }) => id).filter(id => ruleIds.includes(id)).sort()
  return gone.length === 0 ? pack : shortened(pack, gone)
}

const shorter = new WeakMap<Pack, Map<string, Pack>>()

/** The same object for the same rules, so that it is made ready once. */
function shortened (pack: Pack, gone: readonly string[]): Pack {
  const known = shorter.get(pack) ?? new Map<string, Pack>()
  const version = `${pack.version}-${gone.join('-')}`
  const made = known.get(version) ?? { ...pack, version, rules: pack.rules.filter(({ id }) => !gone.includes(id)) }
  shorter.set(pack, known.set(version, made))
  return made
}

/**
 * The packs in force for a case in an agency: the law's, without what was set aside, and the agency's and the lender's own. Own rules alone are no law: where we have
 * none, there are none.
 */
export function packsIn ({ own, exemptions }: Law, selection: Selection, lenderId: Id<'lender'> | null): readonly Pack[] {
  const { on } = selection
  const law = selectPacks(selection)
  if (law.length === 0 || (own.length === 0 && exemptions.length === 0)) return law
  const set = exemptions.filter(one => isOf(one.lenderId, lenderId) && one.from <= on && on <= one.expiresOn)
  const latest = new Map<string, HouseRules>()
  for (const one of own) {
    if (one.pack.effectiveFrom <= on && one.edition > (latest.get(one.pack.id)?.edition ?? 0)) latest.set(one.pack.id, one)
  }
  const house = [...latest.values()].filter(one => isOf(one.lenderId, lenderId) && isInForce(one.pack, on) && isFor(one.pack, selection)).map(({ pack }) => pack)
  return [...law.map(pack => without(pack, set.filter(one => one.packId === pack.id).map(({ ruleId }) => ruleId))), ...house.filter(({ rules }) => rules.length > 0)]
}

/** The packs of exactly these versions, for deciding again what was decided. Throws a plain Error when one is gone. */
export const packsOf = (versions: Readonly<Record<string, string>>, own: readonly Pack[] = []): readonly Pack[] => Object.entries(versions).map(([id, version]) => {
  const [, plain = version, gone = ''] = /^([0-9-]{10}\.[0-9]+)-(.*)$/.exec(version) ?? []
  const found = [...own, ...library].find(pack => pack.id === id && pack.version === plain)
  if (found === undefined) throw new Error(`a pack of a stored decision is gone: ${nameOf({ id, version })}`)
  return gone === '' ? found : without(found, gone.split('-'))
})

/** Why a rule of the law is set aside. */
export const exemptionReasons = ['partiesAgreed', 'regulatorAllowed', 'legalOpinion', 'ruleDoesNotApply', 'other'] as const

export const ExemptionInput = Type.Object({
  packId: Type.String({ pattern: '^[A-Z]{2}(\\.[A-Z0-9]+)*$', maxLength: 60, description: 'The pack.', examples: ['CN.GBT45251'] }),
  ruleId: Type.String({ pattern: '^[A-Z]{2}[A-Z0-9_.]{0,60}$', description: 'The rule of it that is set aside.', examples: ['CN.GBT.FREQ.INTERACTIVE'] }),
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'The lender for whose debts alone; every lender\'s when left out.' })),
  reason: OneOf(exemptionReasons, 'Why.'), explanation: Text(2_000, 'The grounds, for whoever audits it.', ['Counsel\'s opinion of 2 March 2026: the standard is not binding on members of the association.']),
  expiresOn: Type.Unsafe<CalendarDay>({ ...Day, description: 'The last day on which the rule is set aside: within a year.' }),
}, {
  title: 'PolicyExemptionInput', ...closed,
  examples: [{ packId: 'CN.GBT45251', ruleId: 'CN.GBT.FREQ.INTERACTIVE', reason: 'legalOpinion', explanation: 'Counsel\'s opinion of 2 March 2026.', expiresOn: '2026-12-31' }],
})
export type ExemptionInput = Static<typeof ExemptionInput>

const exemptionDaysMax = 366

/** Checks that a rule may be set aside; answers how far it binds and where it is said. Throws `RuleUnknown`, `RuleMandatory` and `ExemptionPeriodRefused`. */
export function checkExemption ({ packId, ruleId, expiresOn }: ExemptionInput, today: CalendarDay): { strength: Strength, clause: string } {
  const rule = library.findLast(({ id, effectiveFrom, effectiveTo }) => id === packId && effectiveFrom <= today && (effectiveTo === null || today <= effectiveTo))?.rules.find(({ id }) => id === ruleId)
  if (rule === undefined) throw RuleUnknown({ packId, ruleId })
  if (rule.strength === 'mandatory') throw RuleMandatory({ ruleId, clause: rule.clause })
  if (expiresOn < today || expiresOn > addDays(today, exemptionDaysMax)) throw ExemptionPeriodRefused({ today }, { violations: [{ pointer: '/expiresOn', message: 'is not within a year from today' }] })
  return { strength: rule.strength, clause: rule.clause }
}
