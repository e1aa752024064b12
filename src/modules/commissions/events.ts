import { Type } from 'typebox'
import { Currency, Day, IdOf, OneOf, SignedAmount } from '#kernel'
import { event } from '#platform'
import { recoveries } from './core.ts'

const facts = Type.Object({
  commissionEntryId: IdOf('commissionEntry'), paymentId: IdOf('payment'), accountId: IdOf('account'), currency: Currency,
  base: Type.Unsafe<number>({ ...SignedAmount, description: 'What commission is a share of, in minor units.' }),
  commission: Type.Unsafe<number>({ ...SignedAmount, description: 'The commission, in minor units.' }),
  vat: Type.Unsafe<number>({ ...SignedAmount, description: 'VAT on the commission, in minor units.' }),
  recoverFrom: OneOf(recoveries, 'Whether it is withheld from trust money or invoiced.'),
})

export const CommissionAccrued = event('commission.accrued', 1, 'The agency earned commission on a payment.', facts)
export const CommissionClawedBack = event('commission.clawedBack', 1, 'Commission was given back, because its payment was reversed. Amounts are negative.', facts)
export const CommissionPlanCreated = event('commissionPlan.created', 1, 'A new version of what the agency earns of a lender\'s debts.', Type.Object({
  commissionPlanId: IdOf('commissionPlan'), lenderId: IdOf('lender'), currency: Currency, version: Type.Integer({ description: 'Version within the lender and currency.' }),
  validFrom: Type.Unsafe<string>({ ...Day, description: 'The first day of placement it holds for.' }),
}))
