import { Type } from 'typebox'
import { Amount, Currency, Day, IdOf, OneOf } from '#kernel'
import { event } from '#platform'
import { curers } from './cures.core.ts'

export const TrustFellShort = event('trust.fellShort', 1, 'Money was returned to a debtor\'s bank, or turned out to be overpaid, after it had been passed on: the lender owes it to trust, and the agency takes nothing out of trust until it is made good.', Type.Object({
  lenderId: IdOf('lender'), currency: Currency, amount: Amount, because: OneOf(['reversal', 'correction', 'remittance'], 'What found it: a payment undone, a fact that arrived late, or the remittance itself.'),
}))

export const OffsetUnwound = event('trust.offsetUnwound', 1, 'What had been kept from a lender\'s trust money for its invoices has no money to stand on any more, because a payment was returned: it was put back, and the invoices are open again.', Type.Object({
  lenderId: IdOf('lender'), currency: Currency, amount: Amount,
}))

export const TrustCured = event('trust.cured', 1, 'What trust was short of because of a lender\'s returned money, or part of it, was paid back into it.', Type.Object({
  trustCureId: IdOf('trustCure'), lenderId: IdOf('lender'), currency: Currency, by: OneOf(curers, 'Who paid.'), amount: Amount, curedOn: Day,
}))
