import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Currency, OneOf, Ratio, buckets, closed } from '#kernel'
import { DayOf, SumOf, caseFields } from './case.facts.core.ts'
import { Ref } from './facts.core.ts'

/** The parts of a debt that laws put in order. Penalties, which they do not name, go with interest and before it. */
export const lawParts = ['costs', 'interest', 'principal'] as const

/** What decides among several debts, each where those before it say nothing. `proRata`, in proportion, always does. */
export const debtCriteria = ['borrowerDesignation', 'due', 'lessSecured', 'heavierBurden', 'earlierDue', 'older', 'proRata'] as const
export type DebtCriterion = (typeof debtCriteria)[number]

/** One of several debts to one lender. */
export const OwedDebt = Type.Object({
  debt: Ref('The debt, by a name of your own.'), amount: SumOf('What is owed of it.'), isDue: Type.Boolean({ description: 'Whether it is due.' }),
  dueOn: Type.Optional(DayOf('The day it was or will be due.')), arisenOn: Type.Optional(DayOf('The day it arose. Left out: the day it is due.')),
  security: Type.Optional(SumOf('What its security is worth, or a rank of it: the more, the better secured. Left out: none.')),
  burden: Type.Optional(Type.Unsafe<string>({ ...Ratio, description: 'How it weighs on the borrower, such as its rate in percent a year: the more, the heavier. Exact. Left out: none.' })),
}, { title: 'OwedDebt', ...closed })
export type OwedDebt = Static<typeof OwedDebt>

/** What the order of a payment may rest on. */
export const AllocationFacts = Type.Object({
  ...caseFields,
  balance: Type.Optional(Type.Object(
    { principal: Type.Optional(SumOf('Principal.')), interest: Type.Optional(SumOf('Interest.')), penalty: Type.Optional(SumOf('Penalties.')), costs: Type.Optional(SumOf('Costs.')) },
    { ...closed, description: 'What is owed of one debt, by its parts. Left out of it: nothing.' })),
  agreedOrder: Type.Optional(Type.Array(OneOf(buckets, 'A part.'), { minItems: 1, maxItems: 4, uniqueItems: true, description: 'The order of parts that was agreed; it holds where the law lets it. What it leaves out comes after, as the law has it.' })),
  debts: Type.Optional(Type.Array(OwedDebt, { minItems: 1, maxItems: 200, description: 'What is owed of several debts.' })),
  agreedDebts: Type.Optional(Type.Array(Ref('A debt.'), { minItems: 1, maxItems: 200, uniqueItems: true, description: 'The order of debts that was agreed; it holds where the law lets it. What it leaves out comes after, as the law has it.' })),
  agreedCriteria: Type.Optional(Type.Array(OneOf(debtCriteria, 'What decides.'), { minItems: 1, maxItems: debtCriteria.length, uniqueItems: true, description: 'What was agreed to decide among several debts, in turn; it holds where the law lets it.' })),
}, { title: 'AllocationFacts', ...closed, description: 'What the order of a payment rests on: `balance` for one debt, or `debts` for several.', oneOf: [{ required: ['balance'] }, { required: ['debts'] }] })
export type AllocationFacts = Static<typeof AllocationFacts>

/** The payment that is asked about. */
export const PaymentAsked = Type.Object({
  on: DayOf('The day of the payment: the law of that day is asked.'), payment: Amount, currency: Currency,
  designates: Type.Optional(Ref('The debt that the borrower said it is for.')),
}, { title: 'PolicyPayment', ...closed, description: 'The payment that is asked about.' })
export type PaymentAsked = Static<typeof PaymentAsked>
