import { Type } from 'typebox'
import { Currency, Day, IdOf, Nullable, OneOf, SignedAmount } from '#kernel'
import type { Id } from '#kernel'
import { event } from '#platform'
import { commissionKinds, recoveries } from './core.ts'

const facts = Type.Object({
  commissionEntryId: IdOf('commissionEntry'), kind: OneOf(commissionKinds, 'What it is earned by, or given back for.'), paymentId: Nullable(IdOf('payment')),
  placementId: Nullable(Type.Unsafe<Id<'placement'>>({ ...IdOf('placement'), description: 'The placement whose recall earned it.' })), accountId: IdOf('account'), currency: Currency,
  base: Type.Unsafe<number>({ ...SignedAmount, description: 'What commission is a share of, in minor units.' }),
  commission: Type.Unsafe<number>({ ...SignedAmount, description: 'The commission, in minor units.' }),
  vat: Type.Unsafe<number>({ ...SignedAmount, description: 'VAT on the commission, in minor units.' }),
  costsRecovered: Type.Unsafe<number>({ ...SignedAmount, description: 'Costs that the agency had advanced and has back by the payment, in minor units.' }),
  recoverFrom: OneOf(recoveries, 'Whether it is withheld from trust money or invoiced.'),
})

export const CommissionAccrued = event('commission.accrued', 1, 'The agency earned commission on a payment, or because the lender took a debt back.', facts)
export const CommissionClawedBack = event('commission.clawedBack', 1, 'Commission was given back, because its payment was reversed. Amounts are negative.', facts)
export const CommissionPlanCreated = event('commissionPlan.created', 1, 'A new version of what the agency earns of a lender\'s debts.', Type.Object({
  commissionPlanId: IdOf('commissionPlan'), lenderId: IdOf('lender'), currency: Currency, version: Type.Integer({ description: 'Version within the lender and currency.' }),
  validFrom: Type.Unsafe<string>({ ...Day, description: 'The first day of placement it holds for.' }),
}))
