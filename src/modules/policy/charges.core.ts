import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Balance, Currency, Nullable, OneOf, Ratio, addR, compareR, formatR, minor, mulR, ratio, rational, roundR, sumR, wholeR, zeroR } from '#kernel'
import type { Rational } from '#kernel'
import { componentOf, components, typeOf } from './charges.facts.core.ts'
import type { Charge, ChargeFacts, ChargeType, Component, RateName } from './charges.facts.core.ts'
import { fieldsOf, strengths } from './pack.core.ts'
import type { Pack, Rule, RuleOf } from './pack.core.ts'
import { compile } from './predicate.core.ts'
import { concerns, noPack, reasonOf, refusal, strengthOf, unreadOf, versionsOf } from './reason.core.ts'
import type { Missing } from './reason.core.ts'
import { feeOf } from './agencyFees.core.ts'
import { Verdict } from './verdict.core.ts'
import type { Reason } from './verdict.core.ts'

const { reasons, packVersions, unreadFlags, strength } = Verdict.properties

/** So much of what is charged: a yearly rate, a sum, or months. */
export const Quantity = Type.Union([
  Type.Object({ ratePercent: Type.Unsafe<string>({ ...Ratio, description: 'A rate in percent a year, exactly.', examples: ['12.4'] }) }),
  Type.Object({ amount: Balance, currency: Currency }),
  Type.Object({ months: Type.Integer({ description: 'Months.' }) }),
], { title: 'ChargeQuantity', description: 'So much of what is charged.' })
export type Quantity = Static<typeof Quantity>

const Limit = Type.Object({
  rule: Type.String({ description: 'The rule.' }), pack: Type.String({ description: 'The pack it is from.' }), clause: Type.String({ description: 'Where the law says so.' }), says: Type.String({ description: 'What it says.' }),
  strength: OneOf(strengths, 'How far it binds.'), of: Type.Array(Type.String(), { description: 'What it limits: the components it sums, or the kind of charge.' }),
  asked: Type.Unsafe<Quantity>({ ...Quantity, description: 'What is asked for, of that.' }), maximum: Type.Unsafe<Quantity>({ ...Quantity, description: 'The most the rule allows.' }),
}, { title: 'ChargeLimit' })
type Limit = Static<typeof Limit>

/** What the law says of one charge. */
export const ChargeVerdict = Type.Object({
  verdict: OneOf(['allowed', 'denied'], '`allowed`: as asked. `denied`: more than the maximum, forbidden, or not known to be allowed.'),
  maximum: Type.Unsafe<Quantity | null>({ ...Nullable(Quantity), description: 'The least of all limits; zero when it is forbidden. Null: no rule asked sets one, or facts are missing.' }),
  limits: Type.Array(Limit, { description: 'Every rule that sets a maximum, kept or not.' }),
  strength, reasons: Type.Unsafe<Reason[]>({ ...reasons, description: 'Every rule that stands in the way.' }), packVersions, unreadFlags,
}, { title: 'ChargeVerdict' })
export type ChargeVerdict = Static<typeof ChargeVerdict>

/** A rule that says how much, made of one charge: so much is asked, so much is allowed, in the charge's own unit. A floor gives way to any other limit. */
interface Bound { of: string[], asked: Rational, maximum: Rational, isFloor?: boolean }
type Answer = Bound | Missing | null

const hundred = wholeR(100)
const exact = (text: string | undefined): Rational => rational(text ?? '1')

/** A rate as a rule makes it, in percent, zero or more; the name of the rate that is missing. */
function rateOf (base: RateName | 'constant' | 'zero', { constant, multiply, add }: { constant?: string, multiply?: string, add?: string }, { rates }: ChargeFacts): Rational | Missing {
  if (base === 'zero') return zeroR
  const known = base === 'constant' ? null : rates?.[base]
  if (known === undefined) return { missing: [`facts.rates.${base}`] }
  const percent = known === null ? mulR(exact(constant), hundred) : rational(known)
  const rate = addR(mulR(percent, exact(multiply)), mulR(rational(add ?? '0'), hundred))
  return rate.n < 0n ? zeroR : rate
}

const both = (...all: (boolean | Missing)[]): boolean | Missing => {
  if (all.includes(false)) return false
  const missing = all.flatMap(one => typeof one === 'boolean' ? [] : one.missing)
  return missing.length === 0 || { missing }
}
const negated = (known: boolean | Missing): boolean | Missing => typeof known === 'boolean' ? !known : known
const claimOf = (known: boolean | undefined, name: string): boolean | Missing => known ?? { missing: [`facts.${name}`] }

/** Whether an agreement left open what a rule then sets. */
function isLeftOpen (when: RuleOf<'rateCapDefault'>['when'], { isTermRateAgreed, isOverdueRateAgreed }: ChargeFacts): boolean | Missing {
  const term = claimOf(isTermRateAgreed, 'isTermRateAgreed')
  const overdue = claimOf(isOverdueRateAgreed, 'isOverdueRateAgreed')
  if (when === 'noTermRate') return negated(term)
  return both(negated(overdue), when === 'termRateAndNoOverdueRate' ? term : negated(term))
}

type RateRule = RuleOf<'rateCap'> | RuleOf<'rateCapDefault'> | RuleOf<'statutoryRate'>

/** What a rule on rates says: its components are summed before they are compared. A sum is no rate and cannot be compared with one. */
function boundRate (rule: RateRule, facts: ChargeFacts, charge: Charge): Answer {
  const of = rule.components.filter(component => charge.act === 'chargeRate' ? charge.rates[component] !== undefined : charge.act === 'chargeSum' && componentOf(charge.chargeType) === component)
  if (of.length === 0) return null
  const isConcerned = rule.kind === 'rateCapDefault' ? isLeftOpen(rule.when, facts) : true
  if (isConcerned === false) return null
  const applies = concerns(rule.applies, facts)
  // A limit concerns whoever it may concern; a rate that the law grants is granted to those it names alone.
  if (rule.kind !== 'statutoryRate' && applies === false) return null
  if (rule.kind === 'statutoryRate' && typeof applies !== 'boolean') return applies
  if (rule.kind === 'rateCap' && rule.effectiveFrom !== undefined && facts.contractOn !== undefined && facts.contractOn < rule.effectiveFrom) return null
  if (rule.kind === 'rateCap' && rule.unless !== undefined && facts.flags?.[rule.unless] === true) return null
  if (typeof isConcerned !== 'boolean') return isConcerned
  if (charge.act !== 'chargeRate') return { missing: ['action.rates'] }
  const maximum = applies === false ? zeroR : rateOf(rule.base, rule, facts)
  if ('missing' in maximum) return maximum
  return { of, asked: sumR(of.map(component => rational(charge.rates[component]!))), maximum, ...rule.kind === 'statutoryRate' && { isFloor: true } }
}

type SumRule = RuleOf<'fixedSum'> | RuleOf<'agencyCostCap'> | RuleOf<'compoundCap'> | RuleOf<'principalRule'> | RuleOf<'liabilityCap'>
const isSumRule = (rule: Rule): rule is SumRule => Object.hasOwn(limited, rule.kind)

/** What each rule limits. What a collection costs is limited by whatever name it goes. */
const limited: Record<SumRule['kind'], readonly ChargeType[]> = {
  fixedSum: ['latePaymentFixedSum'], agencyCostCap: ['collectionCost', 'collectionFee', 'collectionFeeInNameOfCollection'], compoundCap: ['rolledOverTotal'], principalRule: ['principal'], liabilityCap: ['heirLiability'],
}

const known = (amount: number | undefined, name: string): Rational | Missing => amount === undefined ? { missing: [`facts.${name}`] } : wholeR(amount)

/** The most that a rule on sums allows, exactly, in minor units. */
function sumAllowed (rule: SumRule, facts: ChargeFacts): Rational | Missing | null {
  switch (rule.kind) {
    case 'principalRule': return known(facts.disbursedAmount, 'disbursedAmount')
    case 'liabilityCap': return facts.flags?.[rule.zeroIf] === true ? zeroR : known(facts.estateValue, 'estateValue')
    case 'agencyCostCap': return feeOf(rule, facts)
    case 'compoundCap': {
      if (concerns(rule.applies, facts) === false) return null
      const rate = rateOf(rule.base, rule, facts)
      const { originalPrincipal, totalYears } = facts
      const missing = [...'missing' in rate ? rate.missing : [], ...originalPrincipal === undefined ? ['facts.originalPrincipal'] : [], ...totalYears === undefined ? ['facts.totalYears'] : []]
      if ('missing' in rate || originalPrincipal === undefined || totalYears === undefined) return { missing }
      return mulR(wholeR(originalPrincipal), addR(wholeR(1), mulR(mulR(rate, ratio(1n, 100n)), rational(totalYears))))
    }
    case 'fixedSum': {
      const applies = concerns(rule.applies, facts)
      if (applies !== true) return applies === false ? zeroR : applies
      const [first] = rule.bands
      if (rule.bands.length === 1 && first!.below === null) return wholeR(first!.sum)
      const debt = facts.debtAmount
      if (debt === undefined) return { missing: ['facts.debtAmount'] }
      const band = rule.bands.find(({ below }) => below === null || debt < below)
      return band === undefined ? { missing: ['rules.bands'] } : wholeR(band.sum)
    }
  }
}

function boundSum (rule: SumRule, facts: ChargeFacts, charge: Charge): Answer {
  if (charge.act !== 'chargeSum' || !limited[rule.kind].includes(charge.chargeType)) return null
  if ('currency' in rule && rule.currency !== charge.currency) return { missing: [`action.currency (${rule.currency})`] }
  const maximum = sumAllowed(rule, facts)
  if (maximum === null || 'missing' in maximum) return maximum
  return { of: [charge.chargeType], asked: wholeR(charge.amount), maximum, ...rule.kind === 'fixedSum' && rule.isFloor === true && { isFloor: true } }
}

function boundBy (rule: Rule, facts: ChargeFacts, charge: Charge): Answer {
  if (rule.kind === 'planLimit') return charge.act === 'agreePlan' ? { of: ['plan'], asked: wholeR(charge.months), maximum: wholeR(rule.monthsMax) } : null
  if (rule.kind === 'rateCap' || rule.kind === 'rateCapDefault' || rule.kind === 'statutoryRate') return boundRate(rule, facts, charge)
  return isSumRule(rule) ? boundSum(rule, facts, charge) : null
}

/** What a charge is charged as: a rate as each of its components. */
const typesOf = (charge: Charge): string[] =>
  charge.act === 'chargeSum' ? [charge.chargeType] : charge.act === 'chargeRate' ? components.filter((name: Component) => charge.rates[name] !== undefined).map(name => typeOf[name]) : []

/** Whether a rule forbids a charge, or any part of it. */
function isForbidden ({ when }: RuleOf<'denyChargeIf'>, facts: ChargeFacts, charge: Charge): boolean {
  const test = compile(when)
  return typesOf(charge).some(chargeType => test(facts, { ...charge, chargeType }))
}

/** The most that an exact integer can say. */
const most = wholeR(Number.MAX_SAFE_INTEGER)

/** An exact value in the unit of a charge: a sum is what whole minor units there are in it. */
function quantityOf (value: Rational, charge: Charge): Quantity {
  if (charge.act === 'chargeRate') return { ratePercent: formatR(value) }
  const whole = minor(roundR(compareR(value, most) > 0 ? most : value, 'down'))
  return charge.act === 'chargeSum' ? { amount: whole, currency: charge.currency } : { months: whole }
}

function claimsRead (packs: readonly Pack[]): Set<string> {
  const read = new Set<string>()
  for (const rule of packs.flatMap(({ rules }) => rules)) {
    if (rule.kind === 'denyChargeIf') for (const field of fieldsOf(rule.when)) if (field.startsWith('flags.')) read.add(field.slice('flags.'.length))
    if (rule.kind === 'rateCap' && rule.unless !== undefined) read.add(rule.unless)
    if (rule.kind === 'liabilityCap') read.add(rule.zeroIf)
  }
  return read
}

/** What each rule says of how much; a floor gives way where another rule limits the same. */
function boundsBy (packs: readonly Pack[], facts: ChargeFacts, charge: Charge): { pack: Pack, rule: Rule, answer: Bound | Missing }[] {
  const all = packs.flatMap(pack => pack.rules.flatMap(rule => {
    const answer = boundBy(rule, facts, charge)
    return answer === null ? [] : [{ pack, rule, answer }]
  }))
  const isFloor = (rule: Rule): boolean => rule.kind === 'statutoryRate' || (rule.kind === 'fixedSum' && rule.isFloor === true)
  return all.some(({ rule }) => !isFloor(rule)) ? all.filter(({ rule }) => !isFloor(rule)) : all
}

/**
 * What the laws say of one charge: denied when a rule forbids it, when it is more than the least of all maxima, or when a fact is missing that a
 * rule needs; components are summed before they are compared. Pure: the same packs, facts and charge give the same bytes.
 */
export function chargeVerdict (packs: readonly Pack[], facts: ChargeFacts, charge: Charge): ChargeVerdict {
  const forbidden = packs.flatMap(pack => pack.rules.flatMap(rule => rule.kind === 'denyChargeIf' && isForbidden(rule, facts, charge) ? [reasonOf(pack, rule, { fields: fieldsOf(rule.when) }, null, rule.lift)] : []))
  const bounds = boundsBy(packs, facts, charge)
  const refused: Reason[] = packs.length === 0 ? [noPack] : [...forbidden]
  const limits: Limit[] = []
  let least: Rational | null = forbidden.length > 0 ? zeroR : null
  let isUnknown = packs.length === 0
  for (const { pack, rule, answer } of bounds) {
    if ('missing' in answer) {
      refused.push(refusal(pack, rule, answer.missing))
      isUnknown = true
      continue
    }
    const { id, clause, says, strength } = rule
    const { of, asked, maximum } = answer
    limits.push({ rule: id, pack: pack.id, clause, says, strength, of, asked: quantityOf(asked, charge), maximum: quantityOf(maximum, charge) })
    if (least === null || compareR(maximum, least) < 0) least = maximum
    if (compareR(asked, maximum) > 0) refused.push(reasonOf(pack, rule, { fields: of }, null))
  }
  return {
    verdict: refused.length === 0 ? 'allowed' : 'denied', maximum: least === null || (isUnknown && forbidden.length === 0) ? null : quantityOf(least, charge), limits,
    strength: strengthOf(refused), reasons: refused, packVersions: versionsOf(packs), unreadFlags: unreadOf(facts.flags, claimsRead(packs)),
  }
}
