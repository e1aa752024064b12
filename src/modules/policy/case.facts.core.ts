import { Type } from 'typebox'
import { Balance, Day, OneOf } from '#kernel'
import { borrowerTypes } from './facts.core.ts'

/** A day that a law is asked about, of the years 1900 to 2199. */
export const DayOf = (description: string) => Type.Unsafe<string>({ ...Day, pattern: '^(19|2[01])', description })

/** A sum that a law is asked about, zero or more. */
export const SumOf = (description: string) => Type.Unsafe<number>({ ...Balance, description: `${description} Minor units of the currency asked in.` })

const Word = (description: string) => Type.Optional(Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,79}$', description }))

/** What a question may say of its case, to tell which rules concern it. */
export const caseFields = {
  borrowerType: Type.Optional(OneOf(borrowerTypes, 'Who owes.')),
  lenderType: Word('The kind of lender, such as `bank` or `privateLender`. Left out: that of `selection`.'),
  product: Word('The product, such as `consumerLoan`. Left out: that of `selection`.'),
}
