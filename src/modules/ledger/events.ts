import { Type } from 'typebox'
import { Amount, Currency, IdOf, OneOf } from '#kernel'
import { event } from '#platform'

export const TrustFellShort = event('trust.fellShort', 1, 'Money was returned to a debtor\'s bank, or turned out to be overpaid, after it had been passed on: the lender owes it to trust, and the agency takes nothing out of trust until it is made good.', Type.Object({
  lenderId: IdOf('lender'), currency: Currency, amount: Amount, because: OneOf(['reversal', 'correction', 'remittance'], 'What found it: a payment undone, a fact that arrived late, or the remittance itself.'),
}))
