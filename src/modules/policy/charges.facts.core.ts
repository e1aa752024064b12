import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Currency, OneOf, Ratio, closed } from '#kernel'
import { DayOf, SumOf, caseFields } from './case.facts.core.ts'
import { Claims, flagMeanings } from './facts.core.ts'

/** Rates that limits are made of, in percent a year. */
export const rateNames = {
  contractRate: 'the rate of the contract', termRate: 'the rate agreed for the term', lpr1yAtContract: 'the one-year loan prime rate on the day of the contract',
  lpr1yNow: 'the one-year loan prime rate now', basiszinssatz: 'the base rate of section 247 BGB', boeReference: 'the reference rate of the Bank of England for the half-year',
  ecbMroReference: 'the reference rate of the European Central Bank for the half-year',
} as const
export type RateName = keyof typeof rateNames

/** What a yearly cost is made of. */
export const components = ['interest', 'overdueInterest', 'penalty', 'fees', 'guaranteeFee'] as const
export type Component = (typeof components)[number]

/** What a sum is charged as. The last three are not added to a debt but are the debt. */
export const chargeTypes = [
  'interest', 'overdueInterest', 'interestOnInterest', 'penalty', 'fee', 'charge', 'guaranteeFee', 'collectionFee', 'collectionFeeInNameOfCollection', 'collectionCost', 'latePaymentFixedSum',
  'principal', 'rolledOverTotal', 'heirLiability',
] as const
export type ChargeType = (typeof chargeTypes)[number]

/** What each component of a rate is charged as. */
export const typeOf: Readonly<Record<Component, ChargeType>> = { interest: 'interest', overdueInterest: 'overdueInterest', penalty: 'penalty', fees: 'fee', guaranteeFee: 'guaranteeFee' }

/** The component of a yearly cost that a sum is part of; null when it is none. */
export function componentOf (type: ChargeType): Component | null {
  switch (type) {
    case 'interest': case 'overdueInterest': case 'penalty': case 'guaranteeFee': return type
    case 'fee': case 'charge': case 'collectionFee': case 'collectionFeeInNameOfCollection': case 'collectionCost': return 'fees'
    case 'latePaymentFixedSum': return 'penalty'
    case 'interestOnInterest': case 'principal': case 'rolledOverTotal': case 'heirLiability': return null
  }
}

/** How difficult a collection was, as far as its cost depends on it. */
export const feeCases = ['uncontestedSimple', 'uncontestedNormal', 'hard'] as const

/** What is claimed of a charge: each true, or left out. */
export const chargeFlagMeanings = {
  heirRenounced: 'the heir renounced the estate',
  higherContractOrDamage: 'a higher rate was agreed, or a higher damage is proven',
  moratoriumActive: flagMeanings.moratoriumActive,
} as const

const Percent = (description: string) => Type.Unsafe<string>({ ...Ratio, description: `${description} Exact, in percent a year: \`8\`, \`12.4\`.`, examples: ['12.4'] })
/** An exact ratio, zero or more. */
const unsigned = { type: 'string', pattern: '^[0-9]{1,12}(\\.[0-9]{1,12}|/[1-9][0-9]{0,11})?$' }
const Share = (description: string) => Type.Unsafe<string>({ ...unsigned, description: `${description} Exact, in percent a year: \`8\`, \`12.4\`.`, examples: ['12.4'] })
const Sum = (description: string) => Type.Optional(SumOf(description))
const OnDay = (description: string) => Type.Optional(DayOf(description))

/** What a decision on a charge may rest on beside the charge itself. What is left out is not known, and a rule that needs it refuses. */
export const ChargeFacts = Type.Object({
  ...caseFields,
  flags: Type.Optional(Claims(chargeFlagMeanings)),
  rates: Type.Optional(Type.Object(Object.fromEntries(Object.entries(rateNames).map(([name, meaning]) => [name, Type.Optional(Percent(`${meaning[0]!.toUpperCase()}${meaning.slice(1)}.`))])), { ...closed, description: 'Rates that limits are made of.' })),
  isTermRateAgreed: Type.Optional(Type.Boolean({ description: 'Whether a rate for the term was agreed.' })),
  isOverdueRateAgreed: Type.Optional(Type.Boolean({ description: 'Whether a rate for the time after the term was agreed.' })),
  contractOn: OnDay('The day of the contract. Left out: not known, and limits for later contracts apply.'),
  mandateOn: OnDay('The day the agency was mandated.'),
  feeCase: Type.Optional(OneOf(feeCases, 'How difficult the collection was: paid on the first demand, normal, or particularly difficult.')),
  debtAmount: Sum('The debt that is collected.'),
  disbursedAmount: Sum('What was paid out to the borrower.'),
  originalPrincipal: Sum('The principal of the first loan of a chain.'),
  totalYears: Type.Optional(Type.Unsafe<string>({ ...unsigned, description: 'The years that all loans of a chain ran together, exactly.', examples: ['3', '5/2'] })),
  estateValue: Sum('The value of the estate.'),
}, { title: 'ChargeFacts', ...closed, description: 'What a decision on a charge rests on.' })
export type ChargeFacts = Omit<Static<typeof ChargeFacts>, 'rates'> & { rates?: Partial<Record<RateName, string>> }

const ground = {
  authorizedByAgreement: Type.Optional(Type.Boolean({ description: 'The agreement expressly authorises it. Left out: it does not.' })),
  permittedByLaw: Type.Optional(Type.Boolean({ description: 'A law expressly permits it. Left out: none does.' })),
  debtInMoratorium: Type.Optional(Type.Boolean({ description: 'The debt is part of the running moratorium. Left out: it is.' })),
}
const on = DayOf('The day it is charged or agreed: the law of that day is asked.')

/** A sum that is charged. */
export const SumCharge = Type.Object({ act: Type.Literal('chargeSum', { description: 'A sum is charged.' }), on, chargeType: OneOf(chargeTypes, 'What it is charged as.'), amount: Amount, currency: Currency, ...ground }, { title: 'SumCharge', ...closed })
/** A yearly rate that is charged, by its components. */
export const RateCharge = Type.Object({
  act: Type.Literal('chargeRate', { description: 'A yearly rate is charged.' }), on,
  rates: Type.Unsafe<Partial<Record<Component, string>>>(Type.Object(Object.fromEntries(components.map(name => [name, Type.Optional(Share('This component of the yearly cost.'))])), { ...closed, minProperties: 1, description: 'Every component of the yearly cost.' })),
  ...ground,
}, { title: 'RateCharge', ...closed })
/** A plan of instalments that is agreed. */
export const PlanAgreed = Type.Object({ act: Type.Literal('agreePlan', { description: 'A plan of instalments is agreed.' }), on, months: Type.Integer({ minimum: 1, maximum: 1_200, description: 'How many months it runs.' }) }, { title: 'PlanAgreed', ...closed })

/** The charge that is asked about. */
export const Charge = Type.Union([SumCharge, RateCharge, PlanAgreed], { title: 'PolicyCharge', description: 'The charge that is asked about.' })
export type Charge = Static<typeof Charge>
