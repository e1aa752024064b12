import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { Currency, Day, OneOf, Ratio, closed } from '#kernel'
import { debtCriteria, lawParts } from './allocation.facts.core.ts'
import { ChargeFacts, SumCharge, chargeFlagMeanings, components, rateNames } from './charges.facts.core.ts'
import { Action, Facts, WeeklyWindow, borrowerTypes, channels, consentTypes, flagMeanings, outcomes } from './facts.core.ts'
import { interruptions } from './limitation.facts.core.ts'
import { entrustmentFlagMeanings, recordKinds } from './retention.facts.core.ts'

/** How far a rule binds, the weakest first: wording that advises, a voluntary or industry standard, a presumption that can be rebutted, mandatory law. */
export const strengths = ['advisory', 'voluntary', 'presumption', 'mandatory'] as const
export type Strength = (typeof strengths)[number]

/** How well the text of a rule was read: the official text, a reproduction of the clause, or a description of it. The best first. */
export const evidences = ['primary', 'reproduction', 'secondary'] as const

/** What kinds of text bind: from statutes to voluntary codes, and the rules an agency or lender sets itself. */
export const authorities = [
  'statute', 'statuteAndRegulation', 'directive', 'stateRegulation', 'departmentRule', 'judicialInterpretation', 'regulatorRule',
  'regulatorCircular', 'regulatorGuideline', 'nationalStandard', 'industryGuideline', 'voluntaryCode', 'house',
] as const

/** A condition over the contact (`action.`), the facts (`facts.`) and the claims (`flags.`). */
export type Predicate =
  | { all: Predicate[] } | { any: Predicate[] } | { not: Predicate }
  | { field: string, eq: string | boolean } | { field: string, in: string[] } | { field: string, has: string } | { field: string, lacksAnyOf: string[] }
  | { field: string, gte: number } | { field: string, lt: number } | { field: string, inFacts: 'optedOutAddresses' }

const word = { pattern: '^[a-z][A-Za-z0-9]{0,79}$' }
const Word = Type.String(word)
const Words = Type.Array(Word, { minItems: 1 })
const Field = Type.String({ pattern: '^(action|facts|flags)\\.[a-z][A-Za-z0-9]{0,79}$' })
const Whole = Type.Integer({ minimum: 0 })

const Condition = Type.Unsafe<Predicate>(Type.Cyclic({
  Condition: Type.Union([
    Type.Object({ all: Type.Array(Type.Ref('Condition'), { minItems: 1 }) }, closed),
    Type.Object({ any: Type.Array(Type.Ref('Condition'), { minItems: 1 }) }, closed),
    Type.Object({ not: Type.Ref('Condition') }, closed),
    Type.Object({ field: Field, eq: Type.Union([Word, Type.Boolean()]) }, closed),
    Type.Object({ field: Field, in: Words }, closed),
    Type.Object({ field: Field, has: Word }, closed),
    Type.Object({ field: Field, lacksAnyOf: Words }, closed),
    Type.Object({ field: Field, gte: Whole }, closed),
    Type.Object({ field: Field, lt: Whole }, closed),
    Type.Object({ field: Field, inFacts: Type.Literal('optedOutAddresses') }, closed),
  ]),
}, 'Condition'))

/** To whom a pack, or a rule, applies. What is left out, or not known of a case, applies. */
const Applies = Type.Object({
  borrowerTypes: Type.Optional(Type.Array(OneOf(borrowerTypes, 'A kind of borrower.'), { minItems: 1, description: 'Kinds of borrower.' })),
  lenderTypes: Type.Optional(Type.Array(Type.String({ ...word, description: 'A kind of lender.' }), { minItems: 1, description: 'Kinds of lender.' })),
  products: Type.Optional(Type.Array(Type.String({ ...word, description: 'A product.' }), { minItems: 1, description: 'Products.' })),
  collectorRoles: Type.Optional(Type.Array(OneOf(['agency', 'lender', 'servicer'], 'A role.'), { minItems: 1, description: 'Roles of whoever collects.' })),
}, { ...closed, description: 'To whom it applies: everybody, but for what is listed.' })
export type Applies = Static<typeof Applies>

const Channels = Type.Array(OneOf(channels, 'A channel.'), { minItems: 1, uniqueItems: true })
const Places = Type.Array(OneOf(['home', 'workplace', 'public', 'other'], 'A place.'), { minItems: 1 })
const Directions = Type.Array(OneOf(['out', 'in'], 'A direction.'), { minItems: 1 })
const Outcomes = Type.Array(OneOf(outcomes, 'An outcome.'), { minItems: 1 })
const ScopeOf = Type.Array(OneOf(['person', 'debt', 'collector', 'number'], 'What is counted apart.'), { minItems: 1, uniqueItems: true })
const unlessConsent = {
  unlessConsent: Type.Optional(OneOf(consentTypes, 'The consent that lifts it.')),
  consentDays: Type.Optional(Type.Integer({ minimum: 1 })),
  consentEndsWith: Type.Optional(Type.Literal('conversation')),
}
const Sum = Type.Integer({ minimum: 0 })
const rates = Object.keys(rateNames) as (keyof typeof rateNames)[]
const Base = OneOf(rates, 'The rate it is made of.')
const Components = Type.Array(OneOf(components, 'A component.'), { minItems: 1, uniqueItems: true })
const Record = OneOf(recordKinds, 'What is kept.')
const Claim = OneOf(Object.keys(chargeFlagMeanings) as (keyof typeof chargeFlagMeanings)[], 'A claim.')
const head = {
  id: Type.String({ pattern: '^[A-Z]{2}[A-Z0-9_.]{0,60}$' }), clause: Type.String({ minLength: 1 }), says: Type.String({ minLength: 1 }),
  strength: OneOf(strengths, 'How far it binds.'), evidence: OneOf(evidences, 'How well its text was read.'), source: Type.String({ minLength: 1 }),
}
/** Only rules about money say for themselves to whom they apply; for the others the pack does. */
const applies = { applies: Type.Optional(Applies) }
const rule = <K extends string, P extends Record<string, TSchema>>(kind: K, parameters: P) => Type.Object({ ...head, kind: Type.Literal(kind), ...parameters }, closed)

/** Days of rest from which a last day moves to the next workday: weekends and public holidays; `restDaysByDecree`: but for weekends that a decree makes workdays. */
const movesOff = { movesOff: Type.Optional(OneOf(['restDays', 'restDaysByDecree'], 'From which last days it moves to the next workday.')) }

/** What an order yields to, and the general rules of its pack that it stands in for. */
const ordering = { unless: Type.Optional(Type.Literal('agreement')), replaces: Type.Optional(Type.Array(Type.String(), { minItems: 1 })) }

/** Every kind of rule with its parameters. The first five are about contacts. */
const kinds = {
  timeWindow: rule('timeWindow', {
    channels: Channels, windows: Type.Array(WeeklyWindow, { minItems: 1 }), holidays: Type.Optional(Type.Literal('closed')), placeOnly: Type.Optional(Places), placeNot: Type.Optional(Places),
    unlessReply: Type.Optional(Type.Literal(true)), unlessFlag: Type.Optional(Word), alsoClosed: Type.Optional(Type.Literal('inconvenientWindows')), ...unlessConsent,
  }),
  requestedWindow: rule('requestedWindow', { channels: Channels }),
  frequency: rule('frequency', {
    channels: Channels, directions: Directions, outcomes: Type.Optional(Outcomes), outcomesExcluded: Type.Optional(Outcomes), limit: Type.Integer({ minimum: 1 }),
    window: Type.Union([
      Type.Object({ type: Type.Literal('rollingDays'), days: Type.Integer({ minimum: 1, maximum: 366 }) }, closed),
      Type.Object({ type: Type.Literal('calendarDay') }, closed), Type.Object({ type: Type.Literal('calendarMonth') }, closed),
    ]),
    scope: ScopeOf, ...unlessConsent,
  }),
  cooldown: rule('cooldown', {
    channels: Channels, trigger: Type.Object({ directions: Directions, outcomes: Outcomes }, closed), days: Type.Integer({ minimum: 1, maximum: 366 }),
    firstDay: OneOf(['triggerDay', 'nextDay'], 'The first of the days.'), scope: ScopeOf, ...unlessConsent,
  }),
  denyIf: rule('denyIf', { act: Type.Optional(OneOf(['keepPersonalData', 'subEntrust'], 'What is denied, when it is not a contact.')), when: Condition, lift: Type.Union([Type.String(), Type.Null()]) }),
  denyChargeIf: rule('denyChargeIf', { when: Condition, lift: Type.Union([Type.String(), Type.Null()]) }),
  rateCap: rule('rateCap', { ...applies, effectiveFrom: Type.Optional(Day), base: OneOf([...rates, 'constant'], 'The rate it is made of.'), constant: Type.Optional(Ratio), multiply: Type.Optional(Ratio), add: Type.Optional(Ratio), components: Components, unless: Type.Optional(Claim) }),
  rateCapDefault: rule('rateCapDefault', { ...applies, when: OneOf(['noTermRate', 'noTermRateAndNoOverdueRate', 'termRateAndNoOverdueRate'], 'What was not agreed.'), base: OneOf([...rates, 'zero'], 'The rate it is made of.'), multiply: Type.Optional(Ratio), components: Components }),
  statutoryRate: rule('statutoryRate', { ...applies, base: Base, add: Ratio, components: Components }),
  compoundCap: rule('compoundCap', { ...applies, base: Base, multiply: Ratio }),
  principalRule: rule('principalRule', { ...applies, principal: Type.Literal('amountActuallyDisbursed') }),
  fixedSum: rule('fixedSum', { ...applies, currency: Currency, bands: Type.Array(Type.Object({ below: Type.Union([Sum, Type.Null()]), sum: Sum }, closed), { minItems: 1 }), isFloor: Type.Optional(Type.Literal(true)) }),
  agencyCostCap: rule('agencyCostCap', {
    currency: Currency, factors: Type.Object({ uncontestedSimple: Ratio, uncontestedNormal: Ratio, hard: Ratio }, closed), flat: Type.Object({ share: Ratio, max: Sum }, closed),
    versions: Type.Array(Type.Object({
      from: Day, to: Type.Union([Day, Type.Null()]), first: Type.Object({ upTo: Sum, fee: Sum }, closed), steps: Type.Array(Type.Object({ upTo: Sum, each: Sum, fee: Sum }, closed)),
      small: Type.Union([Type.Object({ upTo: Sum, fee: Type.Union([Sum, Type.Null()]) }, closed), Type.Null()]), feeMin: Sum, note: Type.Optional(Type.String()), source: Type.String(),
    }, closed), { minItems: 1 }),
  }),
  liabilityCap: rule('liabilityCap', { cap: Type.Literal('estateValue'), zeroIf: Claim }),
  planLimit: rule('planLimit', { monthsMax: Type.Integer({ minimum: 1 }) }),
  allocation: rule('allocation', { ...applies, ...ordering, order: Type.Array(OneOf(lawParts, 'A part.'), { minItems: 3, maxItems: 3, uniqueItems: true }) }),
  allocationDebts: rule('allocationDebts', { ...applies, ...ordering, order: Type.Array(OneOf(debtCriteria, 'What decides.'), { minItems: 1, uniqueItems: true }) }),
  limitation: rule('limitation', {
    years: Type.Integer({ minimum: 1 }), start: OneOf(['dueDate', 'endOfYear'], 'When it begins.'), instalments: Type.Optional(Type.Literal('fromLastDue')), interrupt: Type.Array(OneOf(interruptions, 'What begins it anew.'), { minItems: 1, uniqueItems: true }), restart: Type.Literal('full'),
    suspendLastMonths: Type.Optional(Type.Integer({ minimum: 1 })), suspendTailMonths: Type.Optional(Type.Integer({ minimum: 1 })), ...movesOff,
  }),
  limitationTitled: rule('limitationTitled', { years: Type.Integer({ minimum: 1 }), ...movesOff }),
  retention: rule('retention', { record: Record, years: Type.Integer({ minimum: 1 }), from: OneOf(['recordDate', 'lastCollectionActivity'], 'When its term begins.') }),
  retentionEvent: rule('retentionEvent', { record: Record, until: Type.Literal('debtSettled') }),
  deadline: rule('deadline', { receiptBusinessDays: Type.Integer({ minimum: 0 }), days: Type.Integer({ minimum: 1 }) }),
} as const

type Kinds = typeof kinds
export type RuleKind = keyof Kinds
/** A rule of a kind, as a pack writes it. */
export type RuleOf<K extends RuleKind> = Static<Kinds[K]>
export type Rule = { [K in RuleKind]: RuleOf<K> }[RuleKind]

/** What a pack says of itself, beside its rules. */
export const packHead = {
  id: Type.String({ pattern: '^[A-Z]{2}(\\.[A-Z0-9]+)*$', maxLength: 60, description: 'The law, code or standard.', examples: ['US.FDCPA'] }),
  version: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}\\.[0-9]{1,4}$', description: 'The day the text took effect, and our edition of it.', examples: ['2021-11-30.1'] }),
  title: Type.String({ minLength: 1, description: 'Its title.' }),
  jurisdiction: Type.String({ pattern: '^[A-Z]{2}$', description: 'Where it is law: ISO 3166-1, or `EU`.', examples: ['US'] }),
  regions: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Z0-9]{1,3}$', description: 'A region.' }), { minItems: 1, description: 'The regions it is law in, by ISO 3166-2 without the country. Left out: all.' })),
  authority: OneOf(authorities, 'What kind of text it is.'),
  strength: OneOf(strengths, 'How far its rules bind unless one says otherwise.'),
  evidence: OneOf(evidences, 'How well the least well read of its rules was read.'),
  effectiveFrom: Type.String({ format: 'date', description: 'The first day it is in force.' }),
  effectiveTo: Type.Union([Type.String({ format: 'date' }), Type.Null()], { description: 'The last day it is in force; null: no end is known.' }),
  note: Type.Optional(Type.String({ description: 'What a reader must know of its dating or reach.' })),
  applies: Applies,
}

/** A version of a pack as a decision names it: rules of it that were set aside follow it. */
export const PackVersion = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}\\.[0-9]{1,4}(-[A-Z][A-Z0-9_.]*)*$', description: 'The version of a pack, and the rules of it that were set aside.', examples: ['2021-11-30.1'] })

const Head = Type.Object({ ...packHead, rules: Type.Array(Type.Unknown()) }, closed)

/** A law as data: dated, versioned, never edited once in force. */
export interface Pack extends Omit<Static<typeof Head>, 'rules'> { readonly rules: readonly Rule[] }

/** The stronger of two: mandatory over presumption over voluntary over advisory. */
export const stronger = (a: Strength, b: Strength): Strength => strengths.indexOf(a) >= strengths.indexOf(b) ? a : b

const contactFields = new Set([
  'action.type', ...Object.keys(Action.properties).map(name => `action.${name}`), ...Object.keys(Facts.properties).map(name => `facts.${name}`), ...Object.keys(flagMeanings).map(name => `flags.${name}`),
])

const chargeFields = new Set([
  ...Object.keys(SumCharge.properties).map(name => `action.${name}`), ...Object.keys(ChargeFacts.properties).map(name => `facts.${name}`), ...Object.keys(chargeFlagMeanings).map(name => `flags.${name}`),
])

const entrustmentFields = new Set(Object.keys(entrustmentFlagMeanings).map(name => `flags.${name}`))

/** What a rule with a condition is about, and the fields that has. */
function subjectOf (rule: Rule): { when: Predicate, of: string, fields: ReadonlySet<string> } | null {
  if (rule.kind === 'denyIf' && rule.act === undefined) return { when: rule.when, of: 'contact', fields: contactFields }
  if (rule.kind === 'denyIf') return { when: rule.when, of: 'act with personal data', fields: entrustmentFields }
  return rule.kind === 'denyChargeIf' ? { when: rule.when, of: 'charge', fields: chargeFields } : null
}

/** The fields a condition reads, each once, in its order. */
export function fieldsOf (when: Predicate): string[] {
  if ('all' in when) return [...new Set(when.all.flatMap(fieldsOf))]
  if ('any' in when) return [...new Set(when.any.flatMap(fieldsOf))]
  if ('not' in when) return fieldsOf(when.not)
  return [when.field]
}

/** Reads a pack from data, whole or not at all. Throws a plain Error that names the rule and what is wrong with it: a wrong pack stops the boot. */
export function readPack (data: unknown): Pack {
  const fail = (where: string, why: string): never => { throw new Error(`policy pack ${where}: ${why}`) }
  if (!Value.Check(Head, data)) return fail(nameOf(data), faultOf(Head, data))
  const rules = data.rules.map(candidate => {
    const where = `${data.id} ${nameOf(candidate)}`
    const kind = (candidate as { kind?: unknown } | null)?.kind
    if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) return fail(where, `unknown kind of rule ${String(kind)}`)
    // A named boundary: data becomes a rule once its kind's schema accepts it.
    const schema: TSchema = kinds[kind as RuleKind]
    if (!Value.Check(schema, candidate)) return fail(where, faultOf(schema, candidate))
    const read = candidate as Rule
    const subject = subjectOf(read)
    const strange = subject === null ? undefined : fieldsOf(subject.when).find(field => !subject.fields.has(field))
    if (strange !== undefined) return fail(where, `reads ${strange}, which no ${subject!.of} has`)
    if (read.kind === 'timeWindow' && read.unlessFlag !== undefined && !Object.hasOwn(flagMeanings, read.unlessFlag)) return fail(where, `reads the unknown flag ${read.unlessFlag}`)
    return read
  })
  const ids = rules.map(({ id }) => id)
  if (new Set(ids).size !== ids.length) return fail(data.id, 'two rules have one id')
  const strange = rules.flatMap(rule => 'replaces' in rule ? rule.replaces ?? [] : []).find(id => !ids.includes(id))
  if (strange !== undefined) return fail(data.id, `a rule replaces ${strange}, which is not there`)
  if (rules.length === 0 && data.authority !== 'house') return fail(data.id, 'has no rules')
  const worst = rules.length === 0 ? data.evidence : evidences[Math.max(...rules.map(({ evidence }) => evidences.indexOf(evidence)))]!
  if (worst !== data.evidence) return fail(data.id, `evidence is ${data.evidence}, but a rule's is ${worst}`)
  return { ...data, rules }
}

const nameOf = (data: unknown): string => String((data as { id?: unknown } | null)?.id ?? 'without an id')

function faultOf (schema: TSchema, data: unknown): string {
  const fault = Value.Errors(schema, data)[0]
  return fault === undefined ? 'not valid' : `${fault.instancePath} ${fault.message} ${JSON.stringify(fault.params)}`
}
